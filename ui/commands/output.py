"""How commands speak: human text or one JSON document on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - called while it is handled; the command line knows what it means


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(_plain(value), ensure_ascii=False, indent=1))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None) -> None:
    """Print a table; cells are text, whatever they hold."""
    table = Table(*columns, title=title, title_justify="left", header_style="bold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    # Piped output has no width of its own; cutting cells at 80 columns would lose what was asked for.
    width = None if sys.stdout.isatty() else 200
    _Console(width=width).print(table)


def say(text: str) -> None:
    """Tell about progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Keep text that nobody vouches for from moving the cursor, colouring the terminal or running backwards."""
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)


def seconds(value: float | None) -> str:
    """Give seconds for a cell."""
    return "-" if value is None else f"{value:.1f} s"


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
