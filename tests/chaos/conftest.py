from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.sandbox import SANDBOX_VARIABLE, Sandbox
from chaos.sandbox_settings import free_ports


@pytest.fixture
def sandbox_folder() -> Iterator[Path]:
    # Not pytest's own folder: as root, PostgreSQL runs as another user, who has to pass through all above its data.
    folder = Path(tempfile.mkdtemp(prefix="firedrill-sandbox-"))
    yield folder
    Sandbox(folder).stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The real shop on free ports, without load and telemetry, where faults find it."""
    folder = Path(tempfile.mkdtemp(prefix="firedrill-sandbox-"))
    sandbox = Sandbox(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SANDBOX_VARIABLE, str(sandbox.state_path))
        try:
            sandbox.start(free_ports(), load=False)
            yield sandbox
        finally:
            sandbox.stop()
            shutil.rmtree(folder)
