from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from assistant.taxonomy import CLASSES, DESCRIPTIONS, Failure, FaultKind, classify, kind_credit
from assistant.taxonomy.words import known_words

PUBLISHED = (Path(__file__).parents[2] / "docs" / "taxonomy.md").read_text(encoding="utf-8")


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of the published taxonomy."""
    section = PUBLISHED.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def in_code(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def said(cell: str) -> set[str]:
    return set() if cell == "-" else set(cell.split(", "))


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_is_described_classified_and_published(kind: FaultKind) -> None:
    assert DESCRIPTIONS[kind].next_steps
    assert CLASSES[kind].kind is kind
    assert f"| `{kind}` |" in PUBLISHED.split("## ", 1)[0]


def test_kinds_that_entries_have_stored_keep_their_words() -> None:
    assert {
        "database_connection", "request_flood", "network_link", "bad_version", "code_error", "wrong_answer",
        "slow_code", "slow_database", "resource_exhaustion", "service_down",
    } <= {str(kind) for kind in FaultKind}  # fmt: skip


def test_what_is_published_of_kinds_is_what_is_scored() -> None:
    published = {in_code(row[0]).pop(): row[1:] for row in rows_of("Component, class, mechanism")}
    assert published.keys() == {str(kind) for kind in FaultKind}
    for kind, (components, failures, mechanisms) in published.items():
        found = CLASSES[FaultKind(kind)]
        assert (said(components), said(failures), said(mechanisms)) == (
            set(found.components), set(found.failures), set(found.mechanisms),
        ), kind  # fmt: skip


def test_what_is_published_of_words_is_what_is_scored() -> None:
    listed: set[str] = set()
    for words, kinds, components, failures, mechanisms in rows_of("Other people's words"):
        for word in in_code(words):
            found = classify(word)
            assert found is not None, word
            assert {str(found.kind)} == (in_code(kinds) or {"None"}), word
            assert (said(components), said(failures), said(mechanisms)) == (
                set(found.components), set(found.failures), set(found.mechanisms),
            ), word  # fmt: skip
        listed |= in_code(words)
    assert listed | set(FaultKind) == set(known_words())


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("cpu_contention", FaultKind.RESOURCE_EXHAUSTION),
        ("cpu_consumed", FaultKind.RESOURCE_EXHAUSTION),
        ("memory_leak", FaultKind.RESOURCE_EXHAUSTION),
        ("disk", FaultKind.RESOURCE_EXHAUSTION),
        ("network_delay", FaultKind.NETWORK_LINK),
        ("Network Packet-Loss", FaultKind.NETWORK_LINK),
        ("exception", FaultKind.CODE_ERROR),
        ("return", FaultKind.WRONG_ANSWER),
        ("pod-failure", FaultKind.SERVICE_DOWN),
        ("db close", FaultKind.DATABASE_CONNECTION),
        ("slow_code", FaultKind.SLOW_CODE),
    ],
)
def test_a_word_of_a_public_set_means_a_kind(word: str, kind: FaultKind) -> None:
    found = classify(word)
    assert found is not None
    assert found.kind is kind
    assert kind_credit(kind, word) == 1


@pytest.mark.parametrize("word", ["", " ", "é culpa do João", "gremlins", "latency!!!spike", "网络"])
def test_a_word_that_nobody_knows_is_neither_right_nor_wrong(word: str) -> None:
    assert classify(word) is None
    assert kind_credit(FaultKind.SLOW_CODE, word) is None


def test_no_word_is_no_fault() -> None:
    assert classify(None) is None


@pytest.mark.parametrize(("named", "true"), list(itertools.permutations(FaultKind, 2)))
def test_another_kind_earns_at_most_half(named: FaultKind, true: FaultKind) -> None:
    credit = kind_credit(named, true)
    assert credit is not None
    assert 0 <= credit <= 0.5


@pytest.mark.parametrize(
    ("named", "truth", "credit"),
    [
        (FaultKind.CODE_ERROR, "return", 0.25),  # the same component
        (FaultKind.SLOW_CODE, "network_delay", 0.125),  # as late, elsewhere
        (FaultKind.SERVICE_DOWN, "cpu_contention", 0.25),  # the same instance
        (FaultKind.DATABASE_CONNECTION, "cpu_contention", 0),
        (FaultKind.BAD_VERSION, "erroneous_change", 1),
    ],
)
def test_what_fits_of_another_kind_earns_its_part(named: FaultKind, truth: str, credit: float) -> None:
    assert kind_credit(named, truth) == credit


@pytest.mark.parametrize("kind", FaultKind)
def test_a_vague_word_is_matched_on_what_it_says_alone(kind: FaultKind) -> None:
    latency, availability = classify("latency"), classify("availability")
    assert latency is not None
    assert availability is not None
    assert (latency.kind, latency.components, latency.mechanisms) == (None, frozenset(), frozenset())
    assert kind_credit(kind, "latency") == float(Failure.LATE in CLASSES[kind].failures)
    assert kind_credit(kind, "availability") == float(bool({Failure.ERROR, Failure.HALT} & CLASSES[kind].failures))
