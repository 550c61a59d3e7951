from __future__ import annotations

from datetime import timedelta

from incidents import WRITTEN_AT, entry

from knowledge_base.entry import Origin, ReviewStatus
from knowledge_base.review.differences import differences


def test_two_equal_entries_differ_in_nothing_whenever_they_were_written() -> None:
    assert differences(entry("a"), entry("a", updated_at=WRITTEN_AT + timedelta(days=1))) == ()


def test_a_short_field_is_told_by_before_and_after() -> None:
    (change,) = differences(entry("a", title="Ação"), entry("a", title="Reação"))
    assert (change.field, change.before, change.after, change.lines) == ("title", "Ação", "Reação", ())


def test_a_long_text_is_told_by_the_lines_that_differ() -> None:
    before = "\n".join(f"step {number}" for number in range(20))
    (change,) = differences(entry("a", notes=before), entry("a", notes=before.replace("step 7", "passo 7")))
    assert change.lines[0].startswith("@@ ")
    assert [line for line in change.lines if line[0] in "+-"] == ["-step 7", "+passo 7"]
    assert len(change.lines) == 9


def test_changes_come_in_the_order_of_the_fields() -> None:
    after = entry("a", title="New", fix="Restart", status=ReviewStatus.IN_REVIEW)
    assert [change.field for change in differences(entry("a"), after)] == ["title", "fix", "status"]


def test_a_field_of_several_parts_has_a_line_each() -> None:
    origin = Origin(id="b", title="B", provenance={"source": "b.md"}, created_at=WRITTEN_AT)
    after = entry("a", services=("orders", "payments"), signature={"z": 0.5, "a": 1.0}, merged_from=(origin,))
    changes = {change.field: change.after for change in differences(entry("a"), after)}
    assert changes == {
        "services": "orders\npayments",
        "signature": "a: 1.0\nz: 0.5",
        "merged_from": "b: B (source: b.md)",
    }


def test_nothing_and_empty_text_read_the_same() -> None:
    assert differences(entry("a", cause=None), entry("a", cause="")) == ()
