"""Whatever a file is, it gives entries or a clear problem, and never anything in between."""

import time
import zlib
from dataclasses import replace

import pytest
from exchange_reading import RULES, RUNBOOK, errors, read, read_entry, told

from knowledge_base.errors import Unreadable
from knowledge_base.exchange.encodings import decoded
from knowledge_base.exchange.limits import MEBIBYTE, ImportLimits

PORTUGUESE = "# Pagamentos\n\n## Sintomas\n\nA conexão não é aceita; é só a “ação” de corrigir — às vezes.\n"
RUSSIAN = "# Отказ\n\n## Symptoms\n\nНет ответа на запросы, пользователи видят ошибки соединения.\n"  # noqa: RUF001 - it is Russian


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.json", "a.jsonl", "a.txt", "a"])
@pytest.mark.parametrize("data", [b"", b" \n\t\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told_to_be_empty(name: str, data: bytes) -> None:
    report = read(name, data)
    assert report.entries == ()
    assert "is empty" in errors(report)[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG image"),
        (b"%PDF-1.7\n" + bytes(range(256)), "a PDF document"),
        (bytes(range(256)) * 40, "is binary"),
        (b"text and then \x00 a NUL", "is binary"),
        (zlib.compress(b"x" * 1000) * 20, "is binary"),
        (b"\xff\xfeodd", "cannot be read"),
    ],
)
def test_a_binary_file_is_refused_and_told_as_what(data: bytes, said: str) -> None:
    report = read("a.md", data)
    assert report.entries == ()
    assert said in errors(report)[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "windows-1252"])
def test_every_common_encoding_is_read_without_harm(encoding: str) -> None:
    entry = read_entry("a.md", PORTUGUESE.encode(encoding))
    assert entry.symptoms == "A conexão não é aceita; é só a “ação” de corrigir — às vezes."


def test_latin_1_is_read_and_told_to_be_a_guess() -> None:
    text = "# A\n\n## Síntomas\n\nLa conexión se cayó en la región, ñandú; ¿por qué?\n"
    report = read("a.md", text.encode("latin-1"))
    assert report.entries[0].entry.symptoms == "La conexión se cayó en la región, ñandú; ¿por qué?"
    assert "not UTF-8" in told(report)
    assert report.entries[0].entry.provenance["source_encoding"] == "windows-1252"


def test_another_alphabet_is_not_taken_for_a_western_one() -> None:
    assert decoded(RUSSIAN.encode("windows-1251"), name="a").text == RUSSIAN


def test_lines_of_utf_16_are_read() -> None:
    assert read_entry("a.jsonl", '{"title": "ação", "symptoms": "é"}\n'.encode("utf-16")).title == "ação"


def test_a_file_of_ten_megabytes_is_read_and_one_byte_more_is_refused() -> None:
    prose = b"# Large\n\n## Symptoms\n\n" + b"Payments are slow today.\n" * 500_000
    most = prose[: 10 * MEBIBYTE]
    began = time.monotonic()
    assert len(read_entry("a.md", most).symptoms) > 9 * MEBIBYTE
    assert time.monotonic() - began < 90
    report = read("a.md", prose[: 10 * MEBIBYTE + 1])
    assert "10.0 MiB is the most" in errors(report)[0]


@pytest.mark.parametrize(
    "data",
    [
        "## a\n\n" * 40_000,
        "- a\n" * 60_000,
        ">" * 200_000,
        "[" * 200_000,
        "<!-- " * 50_000,
        " " * 200_000 + "x",
        "\n" * 200_000 + "x",
        "# Incident\n\n## Timeline\n" + "|a 10:00 resolved|b|\n" * 10_000,
        "# a\n\n" + "a: b\n" * 40_000,
        "ignore all " * 20_000,
        "---\n" * 50_000,
        "**" * 100_000,
        "# " + "a " * 100_000,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_a_text_made_to_be_slow_is_not(data: str) -> None:
    began = time.monotonic()
    read("a.md", data)
    # Where time grew with the square of the length, minutes would not be enough.
    assert time.monotonic() - began < 20


def test_an_unknown_ending_is_read_when_it_was_asked_for() -> None:
    assert read_entry("README", RUNBOOK).fix == "Start it again."
    assert read_entry("page", "<html><body><h2>Symptoms</h2><p>x y</p></body></html>").symptoms == "x y"


def test_a_name_that_leads_elsewhere_is_only_a_name() -> None:
    assert read("../../etc/passwd.md", RUNBOOK).name == "etc/passwd.md"
    assert read("C:\\Users\\a\\b.md", RUNBOOK).name == "C:/Users/a/b.md"


@pytest.mark.parametrize(
    ("front", "label"),
    [
        ('---\nfoo: "a\\ud800b"\n---\n', r"'foo'"),
        ('---\ntitle: "x\\0y"\n---\n', r"'title'"),
        ('---\n"k\\0": a\n---\n', r"'k\x00'"),
        ('---\n"k\\udfff": a\n---\n', r"'k\udfff'"),
        ('---\nfoo: [a, {b: [{"c\\udc00": d}]}]\n---\n', r"'foo'"),
        ('---\nfoo: [a, {b: [{c: "\\x00"}]}]\n---\n', r"'foo'"),
        ('+++\ntitle = "x\\u0000y"\n+++\n', r"'title'"),
        ('+++\n"k\\u0000" = 1\n+++\n', r"'k\x00'"),
        ('+++\n[foo]\na = [{"\\u0000" = 1}]\n+++\n', r"'foo'"),
    ],
)
def test_labels_that_no_text_may_have_refuse_their_file(front: str, label: str) -> None:
    report = read("a.md", front + RUNBOOK)
    assert report.entries == ()
    (said,) = errors(report)
    assert f"(NUL, or half of a surrogate pair) in the label {label}" in said
    assert said.isprintable()


@pytest.mark.parametrize(
    "front",
    [
        '+++\na = "\\ud800"\n+++\n',
        '---\na: "\\U00110000"\n---\n',
        '---\na: "\\UFFFFFFFF"\n---\n',
        f"+++\na = 0x{'f' * 5000}\n+++\n",
        f"+++\na = {'9' * 5000}\n+++\n",
    ],
    ids=lambda front: front[:20],
)
def test_labels_out_of_every_range_refuse_their_file(front: str) -> None:
    report = read("a.md", front + RUNBOOK)
    assert report.entries == ()
    assert "front matter is broken" in errors(report)[0]


def test_labels_in_any_letters_are_read_however_they_are_escaped() -> None:
    entry = read_entry("a.md", f'---\nteam: "\\U0001F525 plant\\xE3o"\nenv: 🔥 produção\n---\n{RUNBOOK}')
    assert (entry.team, entry.environment) == ("🔥 plantão", "🔥 produção")


def test_limits_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        replace(RULES, limits=ImportLimits(files=0))


def test_errors_can_be_told() -> None:
    assert str(Unreadable("a.md", "is empty")) == "a.md: is empty"
