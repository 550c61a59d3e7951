from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from otlp_receiver import Receiver
from shop_processes import ROOT, Shop, base_environment, wait_until

GATEWAY_ENDPOINTS = {
    "GET /",
    "GET /products",
    "GET /products/{id}",
    "GET /search",
    "POST /carts/{cart_id}/items",
    "POST /checkout",
    "GET /orders",
    "GET /orders/{id}",
}


def run_load(environ: dict[str, str]) -> subprocess.Popen[str]:
    # In a process of its own: importing Locust replaces Python's sockets and threads by gevent's.
    return subprocess.Popen(
        [sys.executable, "-m", "chaos.shop.load"],
        cwd=ROOT,
        env=base_environment() | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_customers_use_every_endpoint_without_a_failure_and_without_a_word(shop: Shop, receiver: Receiver) -> None:
    started_at = time.time_ns()  # the receiver still gets spans of what other tests did
    load = run_load({"GATEWAY_URL": shop.url("gateway"), "SHOP_LOAD_USERS": "24", "SHOP_LOAD_SEED": "1"})

    def asked() -> set[tuple[str, int]]:
        return {
            (span.item.name, span.attributes["http.response.status_code"])
            for span in receiver.spans()
            if span.service == "gateway" and span.item.kind == 2 and span.item.start_time_unix_nano > started_at
        }

    try:
        wait_until(lambda: {name for name, _ in asked()} >= GATEWAY_ENDPOINTS, 20, "every endpoint asked")
    finally:
        load.terminate()
        said = load.communicate(timeout=10)
    assert load.returncode == 0
    assert said == ("", "")
    assert {status for _, status in asked()} <= {200, 201, 402}


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "GATEWAY_URL must look like"),
        ({"GATEWAY_URL": "http://127.0.0.1:1", "SHOP_LOAD_SHAPE": "weekly"}, "must be one of steady, daily"),
        ({"GATEWAY_URL": "http://127.0.0.1:1", "SHOP_LOAD_USERS": "0"}, "SHOP_LOAD_USERS must be a whole number"),
    ],
)
def test_a_wrong_wish_is_named_with_exit_code_2(environ: dict[str, str], said: str) -> None:
    load = run_load(environ)
    _, error = load.communicate(timeout=20)
    assert load.returncode == 2
    assert said in error


def test_a_day_is_quiet_at_night_and_busiest_in_the_evening() -> None:
    ask = (
        "import json; from chaos.shop.load import share_of_average;"
        " print(json.dumps([share_of_average(quarter / 4) for quarter in range(96)]))"
    )
    ended = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    shares = json.loads(ended.stdout)
    assert min(shares) == shares[12] == 0.35
    assert 17 <= shares.index(max(shares)) / 4 <= 20
    assert sum(shares) / len(shares) == pytest.approx(1, abs=0.06)
    assert max(abs(later - sooner) for later, sooner in zip(shares[1:], shares, strict=False)) < 0.15
