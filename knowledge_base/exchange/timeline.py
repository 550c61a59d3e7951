"""What the timeline of a report on an incident tells: which steps ended it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from knowledge_base.exchange.wording import is_blank, plain

# No incident has more steps that matter; a file of ten megabytes may.
_STEPS_READ: Final = 2000
_ROW: Final = re.compile(r"^\|(.*)\|[ \t]*$")
_RULE: Final = re.compile(r"^[\s:|-]+$")
_ITEM: Final = re.compile(r"^[ \t]*[-*+][ \t]+(.*\S)")
_TIME: Final = re.compile(r"\d\d?[:h]\d\d|\d{4}-\d\d-\d\d|\d ?[ap]m\b", re.IGNORECASE)
_ENDED: Final = re.compile(
    r"\b(?:resolved|restored|mitigated|fixed|fix (?:was )?(?:applied|deployed|committed|released)|reverted|rolled back|"
    r"rollback (?:completed|deployed|done|successful)|recovered|solved|back (?:up|online|to normal)|healthy again|"
    r"operational|resolvido|restaurado|mitigado|corrigido|revertido|normalizado|recuperado|resuelto|corregido|"
    r"solucionado)\b"
)
# Words for what somebody did; a step that ends it without one only says that it was over.
_DID: Final = re.compile(
    r"\b(?:re(?:attach|vert|start|deploy|creat|plac|mov|boot|stor)\w*|fix\w*|roll\w*|appl\w+|deploy\w*|disabl\w*|"
    r"delet\w*|terminat\w*|kill\w*|manual\w*|scal\w+|upgrad\w*|downgrad\w*|increas\w*|updat\w*|patch\w*|chang\w*|"
    r"reinici\w*|reverti\w*|corrig\w*|correg\w*|aplic\w*|desactiv\w*|desativ\w*)"
)
_NOT_ENDED: Final = re.compile(r"\b(?:not|never|un(?:resolved|fixed)|no longer|failed|fails|ineffective|nao|no se)\b")


def steps(text: str) -> Iterator[str]:
    """Give the steps of a timeline, each as one line: rows of a table, or items that have a time."""
    rows = 0
    for line in text.split("\n"):
        row = _ROW.match(line.strip())
        if row is not None and not _RULE.match(line):
            rows += 1
            cells = [re.sub(r"\s+", " ", cell).strip() for cell in row[1].split("|")]
            # The first row of a table names its columns.
            if rows > 1 and not all(is_blank(cell) for cell in cells):
                yield ": ".join(cell for cell in cells if cell)
        elif row is None:
            rows = 0
            item = _ITEM.match(line)
            if item is not None and _TIME.search(item[1][:80]):
                yield item[1]


def ending_steps(text: str) -> tuple[str, ...]:
    """Give the steps that say, in their own words, that it was mended.

    One that only says that it was over brings the step before it, which tends to say how.
    """
    told = list(islice(steps(text), _STEPS_READ))
    kept: list[str] = []
    for before, step in zip(["", *told], told, strict=False):
        words = plain(step)
        if _ENDED.search(words) and not _NOT_ENDED.search(words):
            if before and before not in kept and not _DID.search(words):
                kept.append(before)
            kept.append(step)
    return tuple(kept)
