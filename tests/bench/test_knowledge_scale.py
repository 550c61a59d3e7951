"""What the benchmark of the index makes up, and how it counts."""

from pathlib import Path

import numpy as np
import pytest

from bench.knowledge_scale import DIMENSION, made_up, measure, questions, recall
from knowledge_base.index.embedded import EmbeddedIndex
from knowledge_base.index.vector_index import ModelId


def test_the_same_seed_makes_the_same_vectors_of_length_one_with_near_copies() -> None:
    vectors = made_up(1000, np.random.default_rng(7))
    assert vectors.shape == (1000, DIMENSION)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (vectors == made_up(1000, np.random.default_rng(7))).all()
    alike = vectors @ vectors.T - 2 * np.eye(1000)
    assert 0.4 < (alike.max(axis=1) > 0.99).mean() < 0.6


def test_recall_counts_what_is_as_near_as_the_tenth() -> None:
    vectors = np.eye(12, 20, dtype=np.float32)
    question = np.linspace(1, 0, 20, dtype=np.float32)
    nearest = {f"inc-{number:07d}": 0.0 for number in range(10)}
    assert recall(nearest, vectors, question) == 1.0
    assert recall({"inc-0000000": 0.0, "inc-0000011": 0.0}, vectors, question) == 0.1
    assert recall({}, vectors, question) == 0.0


def test_an_index_is_measured_from_beginning_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(7)
    vectors = made_up(400, random)
    index = EmbeddedIndex(tmp_path / "index", ModelId(name="made-up", revision="1"))
    measure(index, vectors, questions(vectors, 20, random))
    told = capsys.readouterr().out
    assert "made: 400 rows" in told
    assert "recall@10 1.0000" in told
