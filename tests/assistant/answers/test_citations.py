from __future__ import annotations

import pytest

from assistant.answers import citable, citations_in, cited_ids
from assistant.answers.citations import unknown_citation


@pytest.mark.parametrize(
    ("markdown", "ids"),
    [
        ("It fails [E1].", ("E1",)),
        ("It fails [E1, E3], as before [K2; E1].", ("E1", "E3", "K2")),
        ("[E1][K1] [e2]", ("E1", "K1", "E2")),
        ("see [E1-E4] and 【E5】 and [see E6]", ("E1", "E4", "E5", "E6")),
        ("no E1, no K8s, no [link], no E2E", ()),
        ("quoted `[E1]`\n```\n[E2]\n```\n[E3]", ("E3",)),
    ],
)
def test_citations_are_found_in_prose_and_not_in_code(markdown: str, ids: tuple[str, ...]) -> None:
    assert cited_ids(markdown) == ids


def test_citations_are_listed_with_what_they_point_at(make_request) -> None:
    evidence, entry = citations_in("a [E2] b [K1] c [E2] d [E9]", make_request())
    assert (evidence.kind, evidence.label, evidence.entry_id) == ("evidence", "A new error line appears 41 times", None)
    assert (entry.kind, entry.label, entry.entry_id) == ("entry", "Database refuses orders", "inc-7")


def test_a_citation_of_something_that_does_not_exist_is_found(make_request) -> None:
    assert unknown_citation("a [E1] b [E1, K2] c [E9]", make_request()) == "K2"
    assert unknown_citation("a [E1] b [K1]", make_request()) is None


def test_without_diagnosis_and_entries_there_is_nothing_to_cite(make_request) -> None:
    assert citable(make_request(diagnosis=None, similar=())) == {}
