"""A reranker that reads question and entry together: slower than everything else here, and asked for by name only."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from knowledge_base.embedding.local_models import folder_of_model, loading, weights_in
from knowledge_base.search.passages import passages
from knowledge_base.search.question import Match, Question

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder as Model

_READ_AGAIN: Final = 20


class CrossEncoder:
    """A cross-encoder of sentence-transformers as reranker; loaded at first use, and never from the network.

    It decides the order of the matches; whether one is alike enough stays with its score, whose threshold was fitted.
    Questions without words keep their order, and so do matches beyond the first twenty. Safe to share between threads.

    Args:
        model: A local folder, or a name found in the local Hugging Face cache.
        threads: Most processor threads that torch may use; this holds for the whole process.
    """

    def __init__(self, model: Path | str, *, threads: int = 1) -> None:
        self._asked, self._threads = model, threads
        self._model: Model | None = None
        self._lock = threading.Lock()

    def rerank(self, question: Question, matches: Sequence[Match]) -> list[Match]:
        """Give the same matches, the best first; their scores stay what they are.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        read = list(matches[:_READ_AGAIN])
        if not question.text.strip() or len(read) < 2:
            return list(matches)
        pairs = [(question.text, passages(match.entry)[0]) for match in read]
        with self._lock:
            if self._model is None:
                self._model = self._load()
            scores = self._model.predict(pairs, show_progress_bar=False)
        # As a likelihood, so that an entry that misled sinks here as well.
        liked = [match.feedback / (1 + math.exp(-float(score))) for match, score in zip(read, scores, strict=True)]
        order = sorted(range(len(read)), key=lambda at: (-liked[at], at))
        return [*(read[at] for at in order), *matches[_READ_AGAIN:]]

    def _load(self) -> Model:
        folder = folder_of_model(self._asked)
        weights_in(folder, str(self._asked))
        with loading(str(self._asked), folder, threads=self._threads, instead="install them, or set no cross-encoder"):
            from sentence_transformers import CrossEncoder as Loaded  # noqa: PLC0415 - seconds to import

            # Other weight formats can carry code.
            loaded: Model = Loaded(
                str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
            )
        return loaded
