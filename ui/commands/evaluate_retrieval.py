from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from assistant.evaluation import cpus_available
from assistant.evaluation.retrieval import (
    Answer,
    AnswerFile,
    Told,
    Trial,
    TrialScores,
    answers,
    pool,
    read_trials,
    score,
)
from knowledge_base import ALL_MINILM, CrossEncoder, SentenceTransformerEmbedder
from ui.bad_use import BadUse
from ui.commands.output import print_json, printable, say
from ui.commands.retrieval_scores import print_retrieval_scores
from ui.exits import Exit
from ui.progress import progress_bar
from ui.settings import Settings
from ui.settings_reading import load_settings

_KEPT: Final = ("corpus.jsonl", "queries.jsonl", "truth.jsonl", "drills.jsonl", "recording.json", "scoring.json")
# As the server embeds, so that the times can be compared.
_THREADS: Final = 1


def run(arguments: argparse.Namespace) -> Exit:
    """Ask every question of every set, write each answer down, and print how many were right."""
    settings = load_settings(file=arguments.config).settings
    check_out(arguments.out, arguments.sets)
    with _progress() as tell:
        trials = read_trials(arguments.sets, jobs=arguments.jobs or cpus_available(), tell=tell)
        given = _ask_all(trials, settings, arguments.out, tell)
    scores = [found for trial in trials for found in score(trial, given)]
    pooled = pool(trials, given)
    if arguments.json:
        print_json(_document(arguments.out, trials, scores, pooled))
    else:
        print(f"{len(given)} questions; answers in {printable(str(arguments.out))}\n")
        print_retrieval_scores(scores, pooled)
    return Exit.DONE


def check_out(out: Path, places: Sequence[Path]) -> None:
    """Refuse to write over what is to be read.

    Raises:
        BadUse: It would.
    """
    if (out.name in _KEPT and out.exists()) or out.is_dir() or out.resolve() in {place.resolve() for place in places}:
        raise BadUse(f"--out {out} would overwrite what is kept there; name a file for the results")
    folders = {place.resolve() for place in places if place.is_dir()}
    if out.exists() and out.resolve().parent in folders:
        raise BadUse(f"--out {out} lies in a set and is there already; name another file for the results")


def _ask_all(trials: Sequence[Trial], settings: Settings, out: Path, tell: Callable[[Told], None]) -> list[Answer]:
    embedder = SentenceTransformerEmbedder(settings.embedding.model or ALL_MINILM, threads=_THREADS)
    named = settings.knowledge.cross_encoder
    reranker = CrossEncoder(named, threads=_THREADS) if named else None
    given = []
    with AnswerFile(out) as file:
        for trial in trials:
            for answer in answers(trial, embedder, tell, reranker=reranker):
                file.add(answer)
                given.append(answer)
    return given


def _document(
    out: Path, trials: Sequence[Trial], scores: Sequence[TrialScores], pooled: Sequence[TrialScores]
) -> dict[str, Any]:
    return {
        "out": str(out),
        "sets": [
            {"name": trial.name, "measure": trial.measure, "entries": len(trial.entries), "queries": len(trial.queries)}
            for trial in trials
        ],
        "scores": [one.model_dump(mode="json") for one in scores],
        "pooled": [one.model_dump(mode="json") for one in pooled],
    }


@contextmanager
def _progress() -> Iterator[Callable[[Told], None]]:
    """Show what is being done: bars on a terminal, and a line whenever something else begins where there is none."""
    begun: set[str] = set()
    with progress_bar() as told:

        def tell(one: Told) -> None:
            if one.what not in begun and not sys.stderr.isatty():
                say(f"{printable(one.what)}: {one.done} of {one.total}")
            begun.add(one.what)
            told(printable(one.what), one.done, one.total)

        yield tell
