import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.search.vector_table import VectorTable

DIMENSION = 6
Made = tuple[VectorTable, dict[int, npt.NDArray[np.float32]]]


def unit(random: np.random.Generator, count: int) -> npt.NDArray[np.float32]:
    vectors = random.standard_normal((count, DIMENSION), dtype=np.float32)
    made: npt.NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return made


def filled(random: np.random.Generator, rows: int) -> Made:
    """Give every third row no vectors, the others one to three, in no order."""
    table, held = VectorTable(), {}
    for row in random.permutation(rows).tolist():
        if row % 3 != 2:
            held[row] = unit(random, int(random.integers(1, 4)))
            table.add(row, held[row])
    return table, held


@given(st.integers(0, 40), st.integers(1, 12), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_nearest_are_those_of_comparing_with_each(rows: int, limit: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    table, held = filled(random, rows)
    allowed = random.random(rows) < 0.7
    asked = unit(random, 1)[0]
    alike = {row: float((vectors @ asked).max()) for row, vectors in held.items() if allowed[row]}
    expected = sorted(alike, key=lambda row: -alike[row])[:limit]
    found = table.nearest(asked, limit, allowed)
    assert list(found) == expected
    assert list(found.values()) == pytest.approx([alike[row] for row in expected], abs=1e-5)
    some = table.similarities(asked, range(rows + 2))
    assert some == pytest.approx({row: float((vectors @ asked).max()) for row, vectors in held.items()}, abs=1e-5)


@given(st.integers(0, 120), st.integers(1, 8), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_neighbours_are_those_whose_first_passages_are_most_alike(rows: int, limit: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    table, held = filled(random, rows)
    allowed = random.random(rows) < 0.7
    found = table.neighbours(range(rows), limit, allowed, least=0.2)
    assert set(found) == set(held)
    for row, near in found.items():
        alike = {
            other: float(vectors[0] @ held[row][0])
            for other, vectors in held.items()
            if other != row and allowed[other]
        }
        expected = sorted((it for it in alike if alike[it] >= 0.2), key=lambda it: -alike[it])[:limit]
        assert list(near) == expected
        assert list(near.values()) == pytest.approx([alike[other] for other in expected], abs=1e-5)


def test_an_empty_table_finds_nothing() -> None:
    table, asked = VectorTable(), np.ones(DIMENSION, dtype=np.float32)
    nothing = np.ones(0, dtype=np.bool_)
    assert table.nearest(asked, 5, nothing) == {}
    assert table.neighbours([0], 5, nothing, least=0.0) == {}
    assert table.similarities(asked, [0, 7]) == {}


def test_a_row_is_found_once_however_many_of_its_passages_are_alike() -> None:
    table = VectorTable()
    vector = unit(np.random.default_rng(1), 1)
    table.add(0, np.repeat(vector, 5, axis=0))
    table.add(1, -vector)
    assert list(table.nearest(vector[0], 2, np.array([True, True]))) == [0, 1]
