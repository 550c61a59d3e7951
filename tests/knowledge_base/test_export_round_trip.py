"""What is exported comes back as it was, whatever its texts say."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from exchange_reading import NOW, RULES
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.entry import Entry, Origin, ReviewStatus, Severity
from knowledge_base.errors import Unreadable
from knowledge_base.exchange.document import from_markdown, to_markdown
from knowledge_base.exchange.export import ExportFormat, export, export_folder, exported
from knowledge_base.exchange.folder import read_files, read_path

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
# What a text must not be taken for.
MARKS = st.sampled_from(
    [
        "## Cause <!-- firedrill: cause -->",
        "\\## Cause <!-- firedrill: cause -->",
        "<!-- firedrill: next entry -->",
        "---",
        "# Title",
        "```",
        "<!--",
        " ",
        "\t",
        "\r",
        "\n\n",
        "\ufeff",
        "\x85",
        "\u2028",
        "...",
        "a: b",
    ]
)
BODY = st.lists(st.one_of(MARKS, ANY_TEXT), max_size=6).map("\n".join)
WORDS = st.lists(ANY_TEXT, max_size=3).map(tuple)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).flatmap(
    lambda naive: st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    )
)
TEXTS = st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3)
ENTRIES = st.builds(
    Entry,
    id=st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,40}\Z"),
    kind=st.sampled_from(["incident", "runbook"]),
    title=ANY_TEXT.filter(bool),
    symptoms=BODY.filter(bool),
    cause=st.none() | BODY,
    fix=st.none() | BODY,
    notes=BODY,
    services=WORDS,
    operations=WORDS,
    fault_kind=st.none() | ANY_TEXT,
    severity=st.none() | st.sampled_from(list(Severity)),
    signals=WORDS,
    signature=st.dictionaries(ANY_TEXT, st.floats(0, 1), max_size=3),
    environment=ANY_TEXT,
    team=ANY_TEXT,
    provenance=TEXTS,
    merged_from=st.lists(
        st.builds(Origin, id=ANY_TEXT, title=ANY_TEXT, provenance=TEXTS, created_at=TIMES), max_size=2
    ).map(tuple),
    status=st.sampled_from(list(ReviewStatus)),
    review_by=st.none() | st.dates(),
    created_at=TIMES,
    updated_at=TIMES,
)
FULL = Entry(
    id="inc-1",
    kind="incident",
    title="Falha de conexão: ações, ñandú 支払い",
    symptoms="  indented\n\n## Cause <!-- firedrill: cause -->\n\nno end",
    cause="",
    fix="line\r\nother\x00",
    notes="# A heading\n\n```\n## not one\n",
    services=("payments", "orders"),
    fault_kind="database_connection",
    severity=Severity.HIGH,
    signature={"errors": 0.1 + 0.2, "latency": 1e-7},
    provenance={"author": "Zoë"},
    merged_from=(Origin(id="x", title="y", created_at=NOW),),
    status=ReviewStatus.APPROVED,
    review_by=date(2026, 12, 1),
    created_at=NOW,
    updated_at=NOW,
)


@settings(max_examples=150, deadline=None)
@given(ENTRIES)
def test_an_entry_comes_back_from_markdown_as_it_was(entry: Entry) -> None:
    assert from_markdown(to_markdown(entry)) == entry


@settings(max_examples=25, deadline=None)
@given(st.lists(ENTRIES, max_size=4, unique_by=lambda entry: entry.id), st.sampled_from(list(ExportFormat)))
def test_every_format_can_be_imported_with_nothing_lost(entries: list[Entry], export_format: ExportFormat) -> None:
    # A file of Markdown or JSON is text, and one with a NUL in it is none; both are refused, and told.
    clean = [Entry.model_validate_json(entry.model_dump_json().replace("\\u0000", " ")) for entry in entries]
    data = b"".join(exported(clean, export_format))
    name = {"markdown": "a.md", "jsonl": "a.jsonl", "zip": "a.zip"}[export_format]
    reports = list(read_files([(name, data)], RULES))
    back = {draft.entry.id: draft.entry for report in reports for draft in report.entries}
    assert back == {entry.id: entry for entry in clean}


def test_a_document_reads_like_one() -> None:
    text = to_markdown(
        FULL.model_copy(update={"symptoms": "Pagamentos falham.", "cause": "Senha trocada.", "fix": None})
    )
    assert "# Falha de conexão: ações, ñandú 支払い" in text
    assert "## Symptoms <!-- firedrill: symptoms -->\n\nPagamentos falham.\n\n## Cause" in text
    assert "status: approved\n" in text


def test_an_edit_by_hand_is_read_back() -> None:
    text = to_markdown(FULL).replace("status: approved", "status: deprecated").replace("no end", "an end")
    entry = from_markdown(text)
    assert entry.status is ReviewStatus.DEPRECATED
    assert entry.symptoms.endswith("an end")


def test_an_editor_that_changed_every_line_end_changed_nothing() -> None:
    plain = FULL.model_copy(update={"fix": "line\nother"})
    assert from_markdown(to_markdown(plain).replace("\n", "\r\n")) == plain


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("# only a text", "is not an exported entry"),
        (to_markdown(FULL).replace("kind: incident", "kind: rumour"), "kind: input should be"),
        (to_markdown(FULL).replace("firedrill_entry: '1'", "firedrill_entry: '2'"), "of format 2"),
        (to_markdown(FULL).replace("firedrill_entry", "  x"), "front matter is broken"),
    ],
)
def test_a_broken_document_says_what_broke_it(broken: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        from_markdown(broken)


def test_a_folder_of_documents_is_written_whole_and_read_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    plain = FULL.model_copy(update={"fix": "Restart."})
    assert export_folder([plain, plain.model_copy(update={"id": "inc-2"})], tmp_path / "out") == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["inc-1.md", "inc-2.md"]
    back = [draft.entry for report in read_path(tmp_path / "out", RULES) for draft in report.entries]
    assert back[0] == plain


def test_the_same_entries_make_the_same_archive() -> None:
    once, again = io.BytesIO(), io.BytesIO()
    for out in (once, again):
        export([FULL], ExportFormat.ZIP, out)
    assert once.getvalue() == again.getvalue()
    with zipfile.ZipFile(once) as archive:
        assert archive.namelist() == ["inc-1.md"]
        assert archive.testzip() is None


def test_an_entry_of_before_zip_was_invented_can_be_packed() -> None:
    old = FULL.model_copy(update={"updated_at": datetime(1970, 1, 1, tzinfo=UTC)})
    assert b"".join(exported([old], ExportFormat.ZIP)).startswith(b"PK")


def test_an_export_is_given_piece_by_piece() -> None:
    taken: list[str] = []

    def entries():  # type: ignore[no-untyped-def]
        for number in range(50):
            taken.append(f"e-{number}")
            yield FULL.model_copy(update={"id": f"e-{number}"})

    pieces = exported(entries(), ExportFormat.JSON_LINES)
    next(pieces)
    assert len(taken) == 1
    assert len(list(pieces)) == 49
