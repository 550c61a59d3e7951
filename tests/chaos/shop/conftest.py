from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from otlp_receiver import Receiver
from shop_processes import PreparedDatabase, Shop, start_database

from chaos.shop.database import prepare


@pytest.fixture(scope="session")
def database() -> Iterator[PreparedDatabase]:
    # Not pytest's own folder: the server runs as another user, who must be able to pass through all above its data.
    folder = Path(tempfile.mkdtemp(prefix="firedrill-shop-"))
    process, admin_url = start_database(folder / "data")
    try:
        yield PreparedDatabase(admin_url, prepare(admin_url))
    finally:
        process.terminate()
        assert process.stdout is not None
        process.stdout.close()
        process.wait(30)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def shop(database: PreparedDatabase, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(database.urls, receiver.url, tmp_path_factory.mktemp("shop"))
    try:
        for name in database.urls.keys() | {"payments", "gateway"}:
            shop.start(name)
        for name in list(shop.processes):
            shop.wait_ready(name)
        yield shop
    finally:
        shop.close()
