from knowledge_base.index.row_id import RowId, states
from knowledge_base.index.vector_index import TORN


def of(entry_id: str, passage: int, passages: int, fingerprint: str = "f") -> RowId:
    return RowId(entry_id, passage, passages, fingerprint)


def test_a_name_can_be_read_back() -> None:
    for fingerprint in ("", "0123abc", "a/b-c/d"):
        named = of("inc-2026-11-20-checkout", 1, 3, fingerprint)
        assert RowId.parsed(str(named)) == named


def test_an_entry_of_which_all_passages_are_there_has_its_state() -> None:
    assert states([of("a", 1, 2), of("b", 0, 1, "g"), of("a", 0, 2)]) == {"a": "f", "b": "g"}


def test_an_entry_is_torn_that_lacks_a_passage_or_has_two_states() -> None:
    assert states([of("a", 1, 2)]) == {"a": TORN}
    assert states([of("a", 0, 1, "f"), of("a", 0, 1, "g")]) == {"a": TORN}
    assert states([of("a", 0, 2, "f"), of("a", 1, 2, "g")]) == {"a": TORN}
