from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from replayed_shop import settings_in
from starlette.testclient import TestClient

from ui.server.protection import LARGEST_BODY_BYTES, protect

OWN = "http://127.0.0.1:8500"


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    app = FastAPI()

    @app.post("/things")
    def add(body: dict[str, str]) -> dict[str, int]:
        return {name: len(text) for name, text in body.items()}

    @app.get("/things")
    def things() -> list[str]:
        return []

    protect(app, "127.0.0.1")
    with TestClient(app, base_url=OWN) as opened:
        yield opened


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8500", "localhost:1", "LOCALHOST"])
def test_this_machine_is_served_under_its_own_names(http: httpx.Client, host: str) -> None:
    assert http.get("/things", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8500", "127.0.0.1.evil.example", "", "[::1", "a@127.0.0.1"]
)
def test_a_name_that_only_points_here_is_refused(http: httpx.Client, host: str) -> None:
    assert http.get("/things", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8501"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_may_change_nothing(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = http.post("/things", json={"a": "b"}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["detail"]


@pytest.mark.parametrize("headers", [{}, {"Origin": OWN, "Sec-Fetch-Site": "same-origin"}])
def test_a_program_and_our_own_pages_may(http: httpx.Client, headers: dict[str, str]) -> None:
    assert http.post("/things", json={"ação": "é"}, headers=headers).json() == {"ação": 1}


def test_no_page_of_another_site_is_told_that_it_may_read(http: httpx.Client) -> None:
    answer = http.get("/things", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_body_may_be_as_large_as_the_limit_and_no_larger(http: httpx.Client) -> None:
    frame = len(b'{"a":""}')
    assert http.post("/things", content=b'{"a":"%s"}' % (b"x" * (LARGEST_BODY_BYTES - frame)), headers=JSON).is_success
    answer = http.post("/things", content=b'{"a":"%s"}' % (b"x" * (LARGEST_BODY_BYTES - frame + 1)), headers=JSON)
    assert (answer.status_code, answer.json()["detail"][:22]) == (413, "the request is larger ")


def test_a_body_that_does_not_say_its_length_is_counted(http: httpx.Client) -> None:
    pieces = (b"x" * 100_000 for _ in range(50))
    assert http.post("/things", content=pieces, headers=JSON).status_code == 413


JSON = {"Content-Type": "application/json"}


def test_the_api_listens_on_this_machine_only(tmp_path: object) -> None:
    with pytest.raises(ValueError, match="serves this machine only"):
        settings_in(tmp_path, server={"host": "0.0.0.0"})  # type: ignore[arg-type]
