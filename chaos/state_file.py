from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos.errors import StateBroken


class StateFile:
    """A small JSON file that several processes read and change.

    Readers need no lock: a file is replaced whole. Whoever changes it holds `locked()` from reading to writing. The
    file is readable by its owner only, as it may name what others should not know.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process and thread from changing the file; freed even when the holder is killed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # The lock lies beside the file, because the file itself is replaced by every write.
        handle = os.open(self.path.with_name(f".{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def read(self) -> Any:
        """Give what was written last, None when nothing ever was.

        Raises:
            StateBroken: The file cannot be read, or is not JSON.
        """
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StateBroken(self.path, f"cannot be read ({error})") from error

    def write(self, content: Any) -> None:
        """Replace the content, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(prefix=f".{self.path.name}-", dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False, indent=1)
            Path(unfinished).replace(self.path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise

    def delete(self) -> None:
        """Forget everything; no harm where there is nothing."""
        self.path.unlink(missing_ok=True)
