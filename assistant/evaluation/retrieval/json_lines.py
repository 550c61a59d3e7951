"""Reading files of JSON objects, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from assistant.evaluation.errors import SetUnusable

_Value = TypeVar("_Value")


def read_objects(path: Path) -> Iterator[Mapping[str, Any]]:
    """Give the objects of a file in their order; blank lines are passed over.

    Raises:
        SetUnusable: It cannot be read, or a line is no object; the message names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetUnusable(path, f"cannot be read: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise SetUnusable(path, f"cannot be read: line {number} is no JSON ({error})") from error
        if not isinstance(found, dict):
            raise SetUnusable(path, f"cannot be read: line {number} is no JSON object")
        yield {**found, LINE: f"{path}, line {number}"}


LINE = "\0line"
"""Key under which an object says where it was read."""


def required(values: Mapping[str, Any], key: str, kind: type[_Value]) -> _Value:
    """Give what an object has to say.

    Raises:
        SetUnusable: It does not, or not in that form.
    """
    found = values.get(key)
    if not isinstance(found, kind):
        where = values.get(LINE, "an object")
        raise SetUnusable(where, f"should give {key!r} as {kind.__name__}, and gives {type(found).__name__}")
    return found
