import numpy as np
import pytest

from knowledge_base.exact_vectors import ExactVectors


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, dtype=np.float32)
    return vector / np.linalg.norm(vector)


def test_the_most_alike_come_first() -> None:
    vectors = ExactVectors({"east": unit(1, 0), "north": unit(0, 1), "north-east": unit(1, 1), "west": unit(-1, 0)})
    assert list(vectors.nearest(unit(1, 0.1), 3)) == ["east", "north-east", "north"]
    assert vectors.nearest(unit(-1, 0), 1) == {"west": pytest.approx(1.0)}


def test_fewer_are_found_where_there_are_fewer() -> None:
    assert ExactVectors({}).nearest(unit(1, 0), 5) == {}
    assert len(ExactVectors({"east": unit(1, 0)}).nearest(unit(1, 0), 5)) == 1


def test_what_was_replaced_or_dropped_is_found_no_more() -> None:
    vectors = ExactVectors({"a": unit(1, 0), "b": unit(0, 1)})
    vectors.nearest(unit(1, 0), 1)
    vectors.put("a", unit(0, -1))
    vectors.drop("b")
    vectors.drop("never there")
    assert vectors.nearest(unit(0, -1), 5) == {"a": pytest.approx(1.0)}
    assert vectors.similarities(unit(0, -1), ["a", "b"]) == {"a": pytest.approx(1.0)}
