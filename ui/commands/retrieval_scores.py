"""How the scores of a retrieval run are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from assistant.evaluation.retrieval import FUSED, PRODUCT, Figure, TrialScores
from ui.commands.output import print_table

_WAYS: Final = ("dense", "words", "signature", FUSED, PRODUCT)


def print_retrieval_scores(scores: Sequence[TrialScores], pooled: Sequence[TrialScores]) -> None:
    """Print what was found, what was refused, and how long it took; the last rows are sets taken together."""
    rows = [*scores, *pooled]
    found = [(name, one.form, one.measure, _count(one), *_of_ways(one.found)) for name, one in _named(rows)]
    print_table(
        ("set", "questions", "measure", "n", *_WAYS), found, title="Known: what each way finds, with 95 % intervals"
    )
    print()
    refused = [
        (name, one.form, *_figure_and_count(one.refused_seen), *_figure_and_count(one.refused_unseen))
        for name, one in _named(rows)
    ]
    columns = ("set", "questions", "known: falsely refused", "n", "unknown: rightly refused", "n")
    print_table(columns, refused, title='"Nothing similar", with 95 % intervals')
    print()
    times = [(one.trial, _milliseconds(one.median_seconds), _milliseconds(one.p95_seconds)) for one in _overall(rows)]
    print_table(("set", "p50", "p95"), times, title="Time to results, embedding of the question included")


def _named(rows: Sequence[TrialScores]) -> Iterator[tuple[str, TrialScores]]:
    """Name each set once, in the first of its rows."""
    before = None
    for one in rows:
        yield ("" if one.trial == before else one.trial), one
        before = one.trial


def _overall(rows: Sequence[TrialScores]) -> Iterator[TrialScores]:
    """Give the first row of each set, which is over all its questions."""
    seen: set[str] = set()
    for one in rows:
        if one.trial not in seen:
            yield one
        seen.add(one.trial)


def _of_ways(found: Mapping[str, Figure]) -> tuple[str, ...]:
    return tuple(_figure(found.get(way)) for way in _WAYS)


def _count(one: TrialScores) -> str:
    return str(max((figure.queries for figure in one.found.values()), default=0))


def _figure_and_count(one: Figure | None) -> tuple[str, str]:
    return _figure(one), "-" if one is None else str(one.queries)


def _figure(one: Figure | None) -> str:
    return "-" if one is None else f"{one.mean:.3f} [{one.low:.3f} {one.high:.3f}]"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"
