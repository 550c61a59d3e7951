"""Signatures compared with all of them at once, plainly and through what kinds of faults differ in."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.search.kind_lens import KindLens
from knowledge_base.search.signature_index import SignatureIndex, cosine

SIGNATURES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1).map(lambda it: round(it, 4)), max_size=6)


def filled(signatures: list[Mapping[str, float]]) -> SignatureIndex:
    index = SignatureIndex()
    for signature in signatures:
        index.add(signature)
    return index


@given(st.lists(SIGNATURES, max_size=12), SIGNATURES)
@settings(max_examples=100, deadline=None)
def test_all_at_once_is_the_cosine_of_each(known: list[dict[str, float]], asked: dict[str, float]) -> None:
    features = "abcdefgh"
    question = np.array([asked.get(name, 0.0) for name in features])
    expected = []
    for signature in known:
        row = np.array([signature.get(name, 0.0) for name in features])
        lengths = np.linalg.norm(row) * np.linalg.norm(question)
        expected.append(row @ question / lengths if lengths else 0.0)
    index = filled(list(known))
    assert index.similarities(asked).tolist() == pytest.approx(expected, abs=1e-5)
    assert [cosine(asked, each) or 0.0 for each in known] == pytest.approx(expected, abs=1e-6)


def test_what_says_nothing_is_like_nothing() -> None:
    assert filled([{}, {"errors": 0.0}, {"errors": 1.0}]).similarities({"latency": 1.0}).tolist() == [0.0, 0.0, 0.0]
    assert filled([{"errors": 1.0}]).similarities({}).tolist() == [0.0]
    assert cosine({}, {"errors": 1.0}) is None
    assert cosine({"errors": 0.0}, {"errors": 1.0}) is None


def test_strength_alone_does_not_matter() -> None:
    index = filled([{"errors": 0.2, "logs": 0.1}])
    assert index.similarities({"errors": 1.0, "logs": 0.5}).tolist() == pytest.approx([1.0])


def test_a_matrix_of_chosen_features_may_begin_at_any_row() -> None:
    index = filled([{"a": 0.1}, {"b": 0.2}, {}, {"a": 0.4, "c": 0.5}])
    assert index.commonest_features(2) == ["a", "b"]
    expected = np.array([[0.1, 0], [0, 0.2], [0, 0], [0.4, 0]], dtype=np.float32)
    for start in range(5):
        assert np.array_equal(index.matrix(["a", "b"], start=start), expected[start:])


def of_kinds(random: np.random.Generator, each: int, scatter: float) -> tuple[SignatureIndex, dict[int, str]]:
    """Make signatures of three kinds that share what moves most, and differ in little."""
    index, kinds = SignatureIndex(), {}
    for kind in ("link", "disk", "flood"):
        for _ in range(each):
            kinds[len(index)] = kind
            loud = {f"loud-{number}": float(random.uniform(0.5, 1)) for number in range(5)}
            quiet = {
                name: float(np.clip(random.normal(0.3 * (name == kind), scatter), 0, 1))
                for name in ("link", "disk", "flood")
            }
            index.add(loud | quiet)
    return index, kinds


def test_the_lens_sees_what_kinds_differ_in_and_not_what_is_loud() -> None:
    random = np.random.default_rng(3)
    index, kinds = of_kinds(random, each=20, scatter=0.05)
    lens = KindLens.learn(index, kinds)
    assert lens is not None
    asked = {"disk": 0.3} | {f"loud-{number}": float(random.uniform(0.5, 1)) for number in range(5)}
    seen, plain = lens.similarities(asked), index.similarities(asked)
    is_disk = np.array([kinds[row] == "disk" for row in range(len(index))])
    assert seen[is_disk].min() > seen[~is_disk].max()
    assert plain[is_disk].min() < plain[~is_disk].max()


def test_rows_that_come_later_are_seen_through_the_same_lens() -> None:
    index, kinds = of_kinds(np.random.default_rng(3), each=20, scatter=0.05)
    lens = KindLens.learn(index, kinds)
    assert lens is not None
    index.add({"flood": 0.3, "loud-1": 0.9})
    index.add({"never seen": 1.0})
    lens.look_at_new(index)
    seen = lens.similarities({"flood": 0.3, "loud-1": 0.9})
    assert len(seen) == len(index)
    assert seen[-2] == pytest.approx(1.0, abs=1e-5)
    assert seen[-1] == 0.0


@pytest.mark.parametrize(("each", "count"), [(4, 3), (20, 2)], ids=["too few of a kind", "too few kinds"])
def test_too_little_to_learn_from_gives_no_lens(each: int, count: int) -> None:
    index, kinds = of_kinds(np.random.default_rng(3), each=each, scatter=0.05)
    some = {row: kind for row, kind in kinds.items() if kind in ("link", "disk", "flood")[:count]}
    assert KindLens.learn(index, some) is None


def test_drills_that_all_left_the_same_signature_give_no_lens_instead_of_an_error() -> None:
    index, kinds = of_kinds(np.random.default_rng(3), each=0, scatter=0.0)
    for number in range(30):
        kinds[number] = f"kind {number % 3}"
        index.add({"errors": 0.5, f"kind {number % 3}": 1.0, f"other {number % 3}": 0.3})
    assert KindLens.learn(index, kinds) is None


@given(st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), SIGNATURES), max_size=40))
@settings(max_examples=40, deadline=None)
def test_a_lens_is_learned_from_anything_or_not_at_all(known: list[tuple[str, dict[str, float]]]) -> None:
    index = filled([signature for _, signature in known])
    lens = KindLens.learn(index, {row: kind for row, (kind, _) in enumerate(known)})
    if lens is not None:
        seen = lens.similarities({"a": 0.5, "h": 1.0})
        assert np.isfinite(seen).all()
        assert np.abs(seen).max() <= 1 + 1e-5


def test_a_lens_is_outgrown_when_a_tenth_more_or_less_is_known() -> None:
    index, kinds = of_kinds(np.random.default_rng(3), each=20, scatter=0.05)
    lens = KindLens.learn(index, kinds)
    assert lens is not None
    assert [lens.is_outgrown(known) for known in (50, 60, 66, 70)] == [True, False, False, True]
