"""The preview: what is new, what is known, what changes; and the same import twice changes nothing."""

from dataclasses import replace
from datetime import date, timedelta

from exchange_reading import NOW, RULES, RUNBOOK, Known, actions, planned

from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.exchange.document import to_markdown
from knowledge_base.exchange.folder import read_files
from knowledge_base.exchange.plan import ImportPlan, plan_import


def plan(known: Known, *files: tuple[str, str], keep_review: bool = False, later: int = 0) -> ImportPlan:
    rules = replace(RULES, now=NOW + timedelta(days=later))
    given = [(name, text.encode()) for name, text in files]
    return plan_import(read_files(given, rules), known, keep_review=keep_review)


def test_the_same_import_again_changes_nothing() -> None:
    known = Known()
    files = [("a.md", RUNBOOK), ("b.jsonl", '{"title": "a", "symptoms": "b"}\n')]
    first = plan(known, *files)
    assert actions(first) == ["new", "new"]
    known.carry_out(first)
    assert actions(plan(known, *files, later=3)) == ["unchanged", "unchanged"]
    assert list(plan(known, *files, later=3).written()) == []


def test_a_plan_writes_nothing() -> None:
    known = Known()
    plan(known, ("a.md", RUNBOOK))
    assert known.entries == {}


def test_a_changed_file_changes_its_entry_and_keeps_its_id_and_review() -> None:
    known = Known()
    known.carry_out(plan(known, ("a.md", RUNBOOK)))
    (entry_id,) = known.entries
    known.edit(entry_id, status=ReviewStatus.APPROVED, review_by=date(2027, 1, 1), team="night")
    again = plan(known, ("a.md", RUNBOOK.replace("# PaymentsDown", "# PaymentsGone").replace("again", "anew")), later=2)
    (one,) = planned(again)
    assert one.action.value == "changed"
    assert set(one.fields) == {"title", "fix", "signals", "provenance"}
    assert one.entry.id == entry_id
    assert one.entry.status is ReviewStatus.APPROVED
    assert one.entry.team == "night"
    assert one.entry.created_at == NOW
    assert "its title was 'PaymentsDown'" in one.warning
    assert "edited here" in one.warning


def test_what_only_stood_in_for_a_lacking_field_does_not_replace_it() -> None:
    known = Known()
    known.carry_out(plan(known, ("disk.md", "# Disk full\n\n## Symptoms\n\nwrites fail\n\n## Fix\n\nfree some\n")))
    (entry,) = plan(known, ("disk.md", "# Disk full\n\n## Fix\n\nfree space\n")).written()
    assert (entry.symptoms, entry.fix) == ("writes fail", "free space")


def test_an_edit_here_is_not_undone_by_the_same_file() -> None:
    known = Known()
    known.carry_out(plan(known, ("a.md", RUNBOOK)))
    (entry_id,) = known.entries
    known.edit(entry_id, fix="Better.")
    assert actions(plan(known, ("a.md", RUNBOOK))) == ["unchanged"]


def test_the_same_file_twice_gives_one_entry() -> None:
    known = Known()
    twice = plan(known, ("a.md", RUNBOOK), ("copy/a.md", RUNBOOK))
    assert actions(twice) == ["new", "duplicate"]
    assert "says the same as paymentsdown-" in planned(twice)[1].reason
    known.carry_out(twice)
    assert actions(plan(known, ("a.md", RUNBOOK), ("copy/a.md", RUNBOOK))) == ["unchanged", "duplicate"]


def test_a_file_that_moved_is_known_by_its_bytes() -> None:
    known = Known()
    known.carry_out(plan(known, ("old/a.md", RUNBOOK)))
    (one,) = planned(plan(known, ("new/a.md", RUNBOOK)))
    assert one.action.value == "unchanged"
    assert "imported before" in one.reason


def test_a_thousand_identical_lines_give_one_entry() -> None:
    line = '{"alerts": [{"signal": "metric", "where": "a-0", "what": "cpu", "direction": "up"}]}\n'
    counts = plan(Known(), ("a.jsonl", line * 1000)).counts()
    assert (counts.new, counts.duplicate) == (1, 999)


def test_lines_put_before_do_not_change_who_has_an_id() -> None:
    known = Known()
    known.carry_out(plan(known, ("a.jsonl", '{"id": 1, "title": "a", "symptoms": "b"}\n')))
    later = plan(
        known, ("a.jsonl", '{"id": 2, "title": "c", "symptoms": "d"}\n{"id": 1, "title": "a", "symptoms": "b"}\n')
    )
    assert actions(later) == ["new", "unchanged"]


def test_two_texts_of_one_id_are_told() -> None:
    line = '{"id": 1, "title": "a", "symptoms": "b"}\n'
    _first, second = planned(plan(Known(), ("a.jsonl", line + line.replace('"b"', '"c"'))))
    assert second.action.value == "duplicate"
    assert "another text" in second.warning


def exported(**changes: object) -> Entry:
    values = {"id": "inc-1", "kind": "incident", "title": "a", "symptoms": "b", "created_at": NOW, "updated_at": NOW}
    return Entry.model_validate(values | changes)


def test_nothing_is_approved_by_importing_it() -> None:
    (one,) = planned(plan(Known(), ("a.md", to_markdown(exported(status="approved", review_by="2027-01-01")))))
    assert one.entry.id == "inc-1"
    assert one.entry.status is ReviewStatus.DRAFT
    assert one.entry.review_by is None


def test_a_backup_is_restored_with_its_review() -> None:
    entry = exported(status="approved", review_by="2027-01-01")
    known = Known()
    backup = plan(known, ("a.md", to_markdown(entry)), keep_review=True)
    known.carry_out(backup)
    assert known.entries == {"inc-1": entry}
    assert actions(plan(known, ("a.md", to_markdown(entry)), keep_review=True)) == ["unchanged"]


def test_two_entries_that_say_the_same_are_both_restored() -> None:
    text = exported().model_dump_json() + "\n" + exported(id="inc-2").model_dump_json()
    assert actions(plan(Known(), ("a.jsonl", text))) == ["new", "new"]


def test_an_exported_entry_may_take_something_away() -> None:
    known = Known({"inc-1": exported(cause="rumour")})
    (one,) = planned(plan(known, ("a.md", to_markdown(exported()))))
    assert one.fields == ("cause",)
    assert one.entry.cause is None


def test_counts_and_refusals_are_told_for_every_file() -> None:
    found = plan(Known(), ("a.md", RUNBOOK), ("empty.md", ""), ("c.md", "# A\n\nSee [b](b.md)\n"))
    counts = found.counts()
    assert (counts.files, counts.new, counts.refused_files, counts.errors, counts.warnings) == (3, 2, 1, 1, 1)
    assert [file.is_refused for file in found.files] == [False, True, False]


def test_a_plan_travels_as_json() -> None:
    found = plan(Known(), ("a.md", RUNBOOK), ("empty.md", ""))
    assert ImportPlan.model_validate_json(found.model_dump_json()) == found
