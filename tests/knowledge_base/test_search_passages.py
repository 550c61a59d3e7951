import pytest
from incidents import DATABASE_ON_ORDERS, WRITTEN_AT, entry

from knowledge_base import ReviewStatus
from knowledge_base.search.passages import as_identifier, asked, fingerprint, head, passages, rest


def test_a_short_entry_is_one_passage_with_everything_it_says() -> None:
    (text,) = passages(DATABASE_ON_ORDERS)
    for said in (DATABASE_ON_ORDERS.title, DATABASE_ON_ORDERS.symptoms, DATABASE_ON_ORDERS.fix):
        assert str(said) in text


def test_a_long_entry_has_a_few_passages_none_of_which_is_long() -> None:
    notes = "\n\n".join(f"## Part {number}\n\n" + f"word{number} " * 300 for number in range(10))
    found = passages(entry("inc-1", symptoms="Nothing answers. " * 100, notes=notes))
    assert 2 <= len(found) <= 5
    assert len(found[0]) <= 1000
    assert all(len(text) <= 400 for text in found[1:])


def test_code_is_not_read_as_prose_even_where_it_is_never_closed() -> None:
    text = "Look at this first.\n\n```sh\nkubectl get pods\n```\n\nThen at that.\n\n```\nnever closed"
    (found,) = passages(entry("inc-1", fix=text))
    assert "kubectl" not in found
    assert "never closed" not in found
    assert "Then at that." in found


def test_an_entry_of_code_alone_still_has_a_passage() -> None:
    (found,) = passages(entry("inc-1", title="x", symptoms="```\na\n```"))
    assert found.strip()


def test_words_asked_for_hold_the_signals_as_identifiers() -> None:
    assert as_identifier("orders-1 mem_usage up") == "orders_1_mem_usage_up"
    assert asked("disk full", ["a b"]) == "disk full a_b"
    assert "orders_1_mem_usage_up" in rest(entry("inc-1", signals=("orders-1 mem_usage up",)))
    assert head(entry("inc-1", title="T", symptoms="S")) == "T\nS"


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "another"},
        {"fix": "another"},
        {"notes": "another"},
        {"services": ("another",)},
        {"team": "another"},
        {"environment": "another"},
        {"status": ReviewStatus.APPROVED},
        {"fault_kind": "another"},
        {"signature": {"errors": 0.5}},
        {"kind": "runbook"},
    ],
)
def test_whatever_a_search_depends_on_changes_the_fingerprint(changes: dict[str, object]) -> None:
    assert fingerprint(entry("inc-1")) != fingerprint(entry("inc-1").model_copy(update=changes))


def test_what_no_search_depends_on_leaves_the_fingerprint() -> None:
    changes = {"provenance": {"author": "ana"}, "updated_at": WRITTEN_AT.replace(year=2027), "review_by": None}
    signature = {"b": 0.2, "a": 0.1}
    one = entry("inc-1", signature=signature)
    assert fingerprint(one) == fingerprint(one.model_copy(update=changes))
    assert fingerprint(one) == fingerprint(one.model_copy(update={"signature": {"a": 0.1, "b": 0.2}}))
