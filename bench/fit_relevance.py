"""Repeat how the numbers in `knowledge_base/search/relevance.py` were chosen; nothing is written.

    python -m bench.fit_relevance --runbooks FOLDER --incidents FILE... --drills SET... [--jobs N]

Weights and bars are chosen on a part of the questions and tried on the rest: halves of the runbooks, folds of the known
incidents (those to be asked in an evaluation are never read here), and one set of drills for the other. Printed beside
are the round numbers that the product has.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track
from rich.table import Table

from assistant.evaluation import cpus_available, find_sets
from assistant.evaluation.retrieval import Query, Trial
from assistant.evaluation.retrieval.drill_set import read_drill_set
from assistant.evaluation.retrieval.incident_set import KNOWN, trial_of
from assistant.evaluation.retrieval.json_lines import read_objects
from assistant.evaluation.retrieval.remembering import Remembering
from assistant.evaluation.retrieval.runbook_set import read_runbook_set
from assistant.evaluation.retrieval.scoring import MEASURES
from bench.relevance_features import Features, features_of
from knowledge_base import Embedder, SentenceTransformerEmbedder

Numbers = npt.NDArray[np.float64]
_FOLDS: Final = 5
_HALVES: Final = 2
_PRODUCT_OF_TEXT: Final = (2.0, 1.0, 1.5)
_PRODUCT_OF_SIGNATURE: Final = (0.5, 4.0)
_WEIGHTS_OF_TEXT: Final = tuple(product((2.0,), (0.0, 0.5, 1.0, 1.5, 2.0), (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)))
_WEIGHTS_OF_SIGNATURE: Final = tuple(product((0.0, 0.5, 1.0, 2.0, 4.0), (0.0, 2.0, 4.0, 8.0, 16.0)))
# Shares of the questions with an answer that may be told that nothing is similar.
_MISSED_BY_TEXT: Final = 1 / 20
_MISSED_BY_SIGNATURE: Final = 1 / 30

Weights = tuple[float, ...]
Weigh = Callable[[Features, Weights], Numbers]


@dataclass(frozen=True)
class Asked:
    """A question, how everything compares with it, and the part of the questions it belongs to."""

    query: Query
    features: Features
    part: int


def main(argv: Sequence[str] | None = None) -> int:
    """Choose, try on the rest, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--runbooks", type=Path, help="folder with corpus.jsonl and queries.jsonl")
    parser.add_argument("--incidents", type=Path, nargs="+", default=[], help="files of incidents")
    parser.add_argument("--drills", type=Path, nargs="+", default=[], help="sets of recordings")
    parser.add_argument("--jobs", type=int, default=cpus_available(), help="recordings diagnosed at once")
    arguments = parser.parse_args(argv)
    console = Console(width=None if sys.stdout.isatty() else 160)
    embedder = Remembering(SentenceTransformerEmbedder())
    if arguments.runbooks:
        trial = read_runbook_set(arguments.runbooks)
        asked = ask(trial, embedder, lambda query: half_of(query, trial))
        console.print(table_of("text", asked, of_text, _WEIGHTS_OF_TEXT, _PRODUCT_OF_TEXT, "MRR@10", _MISSED_BY_TEXT))
    for path in arguments.incidents:
        asked = folds_of(path, embedder)
        console.print(
            table_of(
                f"signature, {path.stem}",
                asked,
                of_signature,
                _WEIGHTS_OF_SIGNATURE,
                _PRODUCT_OF_SIGNATURE,
                "nDCG@5",
                _MISSED_BY_SIGNATURE,
            )
        )
    if arguments.drills:
        sets = find_sets(arguments.drills)
        trial = read_drill_set(sets, jobs=arguments.jobs)
        asked = ask(trial, embedder, lambda query: set_of(query, [one.name for one in sets]))
        only = (_PRODUCT_OF_SIGNATURE,)
        console.print(
            table_of("drills", asked, of_signature, only, _PRODUCT_OF_SIGNATURE, "recall@1", _MISSED_BY_SIGNATURE)
        )
    return 0


def ask(trial: Trial, embedder: Embedder, part_of: Callable[[Query], int]) -> list[Asked]:
    """Compare everything that is known with each question of a trial."""
    found = features_of(trial, embedder)
    total = len(trial.queries)
    return [Asked(query, one, part_of(query)) for query, one in track(found, description=trial.name, total=total)]


def half_of(query: Query, trial: Trial) -> int:
    """Put both forms of a question about a runbook, with and without it, in the same half."""
    return part_of_name(min({*query.grades, *query.exclude}, default=trial.name), _HALVES)


def set_of(query: Query, names: Sequence[str]) -> int:
    """Say from which set of recordings a question is; of two names that fit, the longer one is meant."""
    return max((n for n, name in enumerate(names) if query.id.startswith(name)), key=lambda n: len(names[n]))


def part_of_name(name: str, parts: int) -> int:
    """Give a name its part, the same each time."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % parts


def folds_of(path: Path, embedder: Embedder) -> list[Asked]:
    """Ask each known incident of a file while those of its fold are unknown."""
    known = [one for one in read_objects(path) if one["split"] == KNOWN]
    asked = []
    for fold in range(_FOLDS):
        mine = [one for one in known if part_of_name(str(one["id"]), _FOLDS) == fold]
        others = [one for one in known if part_of_name(str(one["id"]), _FOLDS) != fold]
        trial = trial_of(f"{path.stem}, fold {fold + 1} of {_FOLDS}", known=others, asked=mine)
        asked += ask(trial, embedder, partial(_always, fold))
    return asked


def _always(part: int, _query: Query) -> int:
    return part


def of_text(features: Features, weights: Weights) -> Numbers:
    """Add up how alike texts are, see `text_score`."""
    body, head, meaning = weights
    return body * features.body + head * features.head + meaning * features.meaning


def of_signature(features: Features, weights: Weights) -> Numbers:
    """Add up how alike signatures are and what stands beside them, see `relevance`."""
    kind, signals = weights
    return features.signature + kind * features.kind + signals * features.signals


def table_of(
    name: str,
    asked: Sequence[Asked],
    weigh: Weigh,
    choices: Iterable[Weights],
    product_has: Weights,
    measure: str,
    missed: float,
) -> Table:
    """Choose weights and bar on all parts but one, and try them on that one, each in turn."""
    choices = list(choices)
    scored = {weights: [weigh(one.features, weights) for one in asked] for weights in {*choices, product_has}}
    columns = ("part held out", "weights chosen", measure, "product's weights", measure, "bar")
    table = Table(*columns, "falsely refused", "rightly refused", title=f"{name}: chosen on the other parts")
    for part in [*sorted({one.part for one in asked}), None]:
        fitted = [n for n, one in enumerate(asked) if one.part != part]
        tried = [n for n, one in enumerate(asked) if part is None or one.part == part]
        best = max(choices, key=lambda weights: mean_of(measure, asked, scored[weights], fitted))
        bar = bar_for(asked, scored[product_has], fitted, missed)
        table.add_row(
            "none" if part is None else str(part + 1),
            in_words(best),
            f"{mean_of(measure, asked, scored[best], tried):.3f}",
            in_words(product_has),
            f"{mean_of(measure, asked, scored[product_has], tried):.3f}",
            f"{bar:.2f}",
            f"{refused(asked, scored[product_has], tried, bar, seen=True):.3f}",
            f"{refused(asked, scored[product_has], tried, bar, seen=False):.3f}",
        )
    return table


def mean_of(measure: str, asked: Sequence[Asked], scores: Sequence[Numbers], which: Sequence[int]) -> float:
    """Give the mean of a measure over some questions with an answer."""
    values = []
    for n in which:
        if asked[n].query.seen:
            order = np.argsort(-scores[n], kind="stable")[:10]
            values.append(MEASURES[measure]([asked[n].features.ids[at] for at in order], asked[n].query.grades))
    return float(np.mean(values)) if values else float("nan")


def bar_for(asked: Sequence[Asked], scores: Sequence[Numbers], which: Sequence[int], missed: float) -> float:
    """Give the score that the best matches of all but a share of the questions with an answer reach."""
    best = [best_of(scores[n]) for n in which if asked[n].query.seen]
    return float(np.quantile(best, missed)) if best else float("nan")


def refused(
    asked: Sequence[Asked], scores: Sequence[Numbers], which: Sequence[int], bar: float, *, seen: bool
) -> float:
    """Give the share of questions whose best match stays under the bar."""
    under = [best_of(scores[n]) < bar for n in which if asked[n].query.seen is seen]
    return float(np.mean(under)) if under else float("nan")


def best_of(scores: Numbers) -> float:
    """Give the best score; of nothing, one that is under every bar."""
    return float(scores.max()) if scores.size else float("-inf")


def in_words(weights: Weights) -> str:
    """Give weights for a cell."""
    return " : ".join(f"{one:g}" for one in weights)


if __name__ == "__main__":
    sys.exit(main())
