"""Having a person edit a text in an editor of their own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ui.bad_use import BadUse

_VARIABLES: Final = ("VISUAL", "EDITOR")


@contextmanager
def edited_text(text: str, name: str) -> Iterator[str]:
    """Open a text in the editor, and give it as it was saved; when it cannot be used, it is left in a file and said.

    Args:
        text: What to edit.
        name: Name of the file that the editor shows.

    Raises:
        BadUse: There is no editor, it failed, or nothing was changed.
    """
    command = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "")
    if not command:
        raise BadUse("no editor is set; set EDITOR, or give a FILE (`kb show ID --markdown` makes one)")
    folder = Path(tempfile.mkdtemp(prefix="firedrill-"))
    file = folder / name
    file.write_text(text, encoding="utf-8")
    try:
        _edit(command, file)
        changed = file.read_text(encoding="utf-8")
        if changed == text:
            raise BadUse("nothing was changed")
        yield changed
    except BaseException as error:
        if not file.exists() or file.read_bytes() == text.encode():
            shutil.rmtree(folder)
        elif isinstance(error, Exception):
            raise BadUse(f"{error}; your text is in {file}") from error
        raise
    shutil.rmtree(folder)


def _edit(command: str, file: Path) -> None:
    try:
        done = subprocess.run([*shlex.split(command), str(file)], check=False)
    except (OSError, ValueError) as error:
        raise BadUse(f"the editor {command!r} cannot be started: {error}") from error
    if done.returncode:
        raise BadUse(f"the editor {command!r} ended with {done.returncode}")
