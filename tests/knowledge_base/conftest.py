from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from chaos.shop.errors import DatabaseError
from chaos.shop.postgres import start_postgres


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a real PostgreSQL server of this run's own, as its owner; skips where none can be started."""
    # Not pytest's own folder: as root, PostgreSQL runs as another user, who has to pass through all above its data.
    folder = Path(tempfile.mkdtemp(prefix="firedrill-knowledge-"))
    try:
        server = start_postgres(folder / "data")
    except DatabaseError as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"needs PostgreSQL: {error}")
    try:
        yield make_url(server.admin_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """URL of an empty PostgreSQL schema of this test's own, which is made a lot faster than a database."""
    name = f"test_{uuid4().hex}"
    admin = create_engine(postgresql)
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(postgresql).update_query_dict({"options": f"-csearch_path={name}"})
    yield url.render_as_string(hide_password=False)
    with admin.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where records may be kept: everything that is kept has to be kept alike in either."""
    if request.param == "sqlite":
        return tmp_path / "entries.sqlite"
    url: str = request.getfixturevalue("postgresql_url")
    return url
