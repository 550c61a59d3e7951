"""How commands speak: human text or one JSON document on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH: Final = 200
# A column that is narrower than this cannot be read.
_LEAST_WIDTH: Final = 8
# What a table draws around each cell.
_FRAME_WIDTH: Final = 3


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - called while it is handled; the command line knows what it means


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(_plain(value), ensure_ascii=False, indent=1))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None, whole: Collection[str] = ()
) -> None:
    """Print a table; cells are text, whatever they hold.

    Args:
        columns: What stands above them.
        rows: Their cells; one that is too long goes on in the next line.
        title: What stands above it all.
        whole: The columns that people copy from, such as ids: their cells always stay in one piece. Where a terminal
            is too narrow for that, rows become paragraphs.
    """
    # Piped output has no width of its own; cutting cells at 80 columns would lose what was asked for.
    console = _Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    cells = [[printable(cell) for cell in row] for row in rows]
    longest = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    least = [width if name in whole else min(width, _LEAST_WIDTH) for name, width in zip(columns, longest, strict=True)]
    if whole and sum(least) + _FRAME_WIDTH * len(columns) + 1 > console.width:
        _print_paragraphs(columns, cells)
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for name, width in zip(columns, least, strict=True):
        table.add_column(name, overflow="fold", min_width=width if whole else None, no_wrap=name in whole)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_paragraphs(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each row over several lines, which the terminal itself wraps."""
    for row in rows:
        print("\n".join(f"{name}: {cell}" for name, cell in zip(columns, row, strict=True) if cell), end="\n\n")


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
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
