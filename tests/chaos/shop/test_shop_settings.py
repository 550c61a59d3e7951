from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest
from shop_processes import ROOT, STOP_SECONDS, base_environment, free_port, wait_until

from chaos.shop import SERVICES, service
from chaos.shop.errors import BadSettings
from chaos.shop.settings import read_settings

ORDERS = {
    "PORT": "8001",
    "DATABASE_URL": "postgresql://shop_orders:secret@/shop?host=/tmp",
    "PAYMENTS_URL": "http://127.0.0.1:8002/",
    "INVENTORY_URL": "http://127.0.0.1:8003",
}


def test_settings_come_from_the_environment_and_the_rest_has_defaults() -> None:
    settings = read_settings(service("orders"), ORDERS)
    assert settings.version == service("orders").stable_version
    assert settings.environment == "demo"
    assert settings.host == "127.0.0.1"
    assert settings.upstream_urls["payments"] == "http://127.0.0.1:8002"
    assert settings.otlp_endpoint is None
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("PORT", None, "PORT is not set"),
        ("PORT", "0", "PORT must be a whole number from 1 to 65535, not '0'"),
        ("PORT", "eighty", "PORT must be"),
        ("DATABASE_URL", None, "DATABASE_URL is not set"),
        ("DATABASE_URL", "mysql://a:secret@b/c", "DATABASE_URL must start with postgresql://"),
        ("PAYMENTS_URL", None, "PAYMENTS_URL is not set"),
        ("PAYMENTS_URL", "payments:80", "PAYMENTS_URL must look like"),
        ("INVENTORY_URL", "http://a:port", "INVENTORY_URL must look like"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT must look like"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "2s", "OTEL_METRIC_EXPORT_INTERVAL must be a whole number"),
        ("SERVICE_VERSION", "9.9.9", "the known versions are 2.3.0, 2.4.0"),
    ],
)
def test_a_wrong_value_is_named(key: str, value: str | None, said: str) -> None:
    environ = {**ORDERS, key: value or ""}
    with pytest.raises(BadSettings, match="orders cannot start") as caught:
        read_settings(service("orders"), environ)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def start(name: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", service(name).module],
        cwd=ROOT,
        env=base_environment() | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("name", [spec.name for spec in SERVICES])
def test_an_unknown_version_is_refused_with_exit_code_2_and_the_known_ones(name: str) -> None:
    ended = start(name, {"SERVICE_VERSION": "0.0.1", "PORT": str(free_port())})
    assert ended.returncode == 2
    assert all(version in ended.stderr for version in service(name).versions)
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_refused_with_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start("payments", {"PORT": str(port)})
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_service_stops_in_three_seconds_though_nobody_takes_its_telemetry() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, never answers
        environ = {"PORT": str(port), "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        process = subprocess.Popen(
            [sys.executable, "-m", "chaos.shop.payments"],
            cwd=ROOT,
            env=base_environment() | environ,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: accepts(port), 20, "payments up")
            time.sleep(0.5)  # into its life, so that the exporters have something under way
            asked_at = time.monotonic()
            process.terminate()
            assert process.wait(STOP_SECONDS) == 0
            assert time.monotonic() - asked_at < 3
        finally:
            process.kill()
            process.wait()


def accepts(port: int) -> bool:
    import httpx

    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
