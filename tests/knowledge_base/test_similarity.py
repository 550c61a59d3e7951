import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import BAD_VERSION_OF_CATALOG, DATABASE_ON_ORDERS, entry

from knowledge_base.similarity import (
    Question,
    combined,
    is_alike,
    match,
    searchable_text,
    signature_similarity,
)

SIGNATURES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 1), min_size=1)


@given(SIGNATURES, SIGNATURES)
def test_signature_similarity_agrees_with_the_dense_cosine(one: dict[str, float], other: dict[str, float]) -> None:
    names = sorted(one | other)
    left, right = [one.get(name, 0.0) for name in names], [other.get(name, 0.0) for name in names]
    obvious = sum(a * b for a, b in zip(left, right, strict=True)) / (math.hypot(*left) * math.hypot(*right))
    assert signature_similarity(one, other) == pytest.approx(obvious)


@pytest.mark.parametrize("empty", [{}, {"errors": 0.0}])
def test_a_signature_that_says_nothing_is_not_compared(empty: dict[str, float]) -> None:
    assert signature_similarity(empty, {"errors": 1.0}) is None
    assert signature_similarity({"errors": 1.0}, empty) is None


def test_signatures_with_nothing_in_common_are_compared_and_unlike() -> None:
    assert signature_similarity({"errors": 1.0}, {"traffic_surge": 1.0}) == 0.0


def test_text_counts_alone_where_a_signature_is_missing() -> None:
    assert combined(0.4, None) == 0.4
    assert combined(None, 0.9) == 0.9
    assert combined(-0.2, None) == 0.0


def test_the_signature_weighs_more_than_the_text() -> None:
    same_fault_elsewhere = combined(0.2, 0.95)
    other_fault_on_the_same_service = combined(0.9, 0.3)
    assert same_fault_elsewhere > other_fault_on_the_same_service


def test_reasons_name_the_strongest_shared_signals_and_labels() -> None:
    question = Question(
        text="catalog fails",
        signature={"errors": 0.5, "deploy": 1.0, "logs": 0.05, "latency": 0.4, "version_errors": 0.8},
        fault_kind="bad_version",
        services=("catalog", "gateway"),
        operations=("GET /products/{id}",),
    )
    assert match(question, BAD_VERSION_OF_CATALOG, 0.41).why == (
        "the same signals moved: deploy, version_errors, errors",
        "the same fault kind is suspected: bad_version",
        "the same services are concerned: catalog",
        "the same operations are concerned: GET /products/{id}",
        "the descriptions are alike (0.41 of 1)",
    )


def test_nothing_shared_gives_no_reasons() -> None:
    question = Question(text="cake", signature={"traffic_surge": 1.0}, fault_kind="request_flood")
    assert match(question, DATABASE_ON_ORDERS, 0.01).why == ()


def test_an_unknown_fault_kind_is_not_a_shared_one() -> None:
    assert match(Question(text="cake"), entry("inc-1"), 0.0).why == ()


def test_the_bar_is_higher_where_signatures_were_compared() -> None:
    by_text = match(Question(text="x"), entry("inc-1"), 0.3)
    by_both = match(Question(text="x", signature={"errors": 0.5}), DATABASE_ON_ORDERS, 0.0)
    assert is_alike(by_text)
    assert not is_alike(by_both)
    assert by_both.score > by_text.score
    assert is_alike(by_both, 0.1)


def test_unknown_cause_and_fix_leave_no_trace_in_the_text() -> None:
    assert searchable_text(entry("inc-1", title="Título", symptoms="Falhou.")) == "Título\nFalhou."
    assert searchable_text(entry("inc-1", title="T", symptoms="S", cause="C", fix="F")) == "T\nS\nC\nF"
