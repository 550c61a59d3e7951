"""Every text of the public collection gives a sensible entry or a clear problem."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from exchange_reading import RULES, Known, errors
from markdown_it import MarkdownIt

from knowledge_base.exchange.folder import read_path
from knowledge_base.exchange.front_matter import split_front_matter
from knowledge_base.exchange.outline import sections
from knowledge_base.exchange.plan import plan_import
from knowledge_base.exchange.values import FileReport

TEXTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "text"

pytestmark = pytest.mark.skipif(not TEXTS.is_dir(), reason="the public texts do not lie beside the repository")


@pytest.fixture(scope="module")
def everything() -> dict[str, FileReport]:
    return {report.name: report for report in read_path(TEXTS, RULES)}


def below(everything: dict[str, FileReport], folder: str) -> Iterator[FileReport]:
    return (report for name, report in everything.items() if name.startswith(folder) and name.endswith(".md"))


def test_every_file_gives_an_entry_or_says_why_not(everything: dict[str, FileReport]) -> None:
    assert len(everything) > 430
    for report in everything.values():
        assert report.entries or report.problems, report.name


def test_every_runbook_says_what_it_looks_like(everything: dict[str, FileReport]) -> None:
    found = list(below(everything, "runbooks/markdown"))
    entries = [draft.entry for report in found for draft in report.entries]
    assert len(entries) >= len(found) - 1
    assert {entry.kind for entry in entries} == {"runbook"}
    assert sum(entry.symptoms == entry.title for entry in entries) <= 5
    assert sum(entry.fix is not None for entry in entries) >= 0.9 * len(entries)
    assert sum(bool(entry.signals) for entry in entries) >= 0.9 * len(entries)


def test_every_post_mortem_is_an_incident_with_its_day(everything: dict[str, FileReport]) -> None:
    found = list(below(everything, "postmortems"))
    refused = [report for report in found if errors(report)]
    assert len(refused) == 1
    assert "nobody has filled in" in errors(refused[0])[0]
    entries = [draft.entry for report in found for draft in report.entries]
    assert {entry.kind for entry in entries} == {"incident"}
    # One has a year of five digits in every row.
    assert sum("happened_on" in entry.provenance for entry in entries) == len(entries) - 1
    assert sum(entry.cause is not None for entry in entries) >= 0.75 * len(entries)
    assert sum(entry.fix is not None for entry in entries) >= 0.6 * len(entries)


def test_every_list_of_alerts_is_an_incident(everything: dict[str, FileReport]) -> None:
    drafts = [draft for name in ("hotel", "sockshop") for draft in everything[f"incidents/{name}.jsonl"].entries]
    assert len(drafts) == 689
    assert all(draft.entry.services and draft.entry.signals for draft in drafts)


def test_no_public_text_is_taken_for_orders_to_the_assistant(everything: dict[str, FileReport]) -> None:
    assert [name for name, report in everything.items() if any(draft.marks for draft in report.entries)] == []


def test_what_was_imported_is_known_the_next_time(everything: dict[str, FileReport]) -> None:
    known = Known()
    first = plan_import(everything.values(), known)
    known.carry_out(first)
    again = plan_import(everything.values(), known).counts()
    assert first.counts().new > 1400
    assert (again.new, again.changed) == (0, 0)


def test_headings_are_those_that_a_markdown_parser_sees() -> None:
    parser = MarkdownIt("commonmark")
    for path in TEXTS.rglob("*.md"):
        text = split_front_matter(path.read_text(), name=path.name).body
        lines = text.split("\n")
        seen = [
            (int(token.tag[1:]), "\n".join(lines[token.map[0] : token.map[1]]))
            for token in parser.parse(text)
            if token.type == "heading_open" and token.level == 0 and token.map
        ]
        assert [(one.level, one.written) for one in sections(text)[1:] if one.level < 7] == seen, path.name
