"""Zip archives: read in memory, no bomb unfolded, no path followed."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from exchange_reading import RULES, RUNBOOK, errors

from knowledge_base.exchange.folder import read_files, read_path
from knowledge_base.exchange.limits import MEBIBYTE, ImportLimits
from knowledge_base.exchange.values import FileReport, ReadingRules


def packed(*files: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def reports(data: bytes, rules: ReadingRules = RULES) -> dict[str, FileReport]:
    return {report.name: report for report in read_files([("a.zip", data)], rules)}


def test_every_file_of_an_archive_gets_a_report() -> None:
    found = reports(packed(("rb/PaymentsDown.md", RUNBOOK.encode()), ("empty.md", b""), ("a.png", b"\x89PNG")))
    assert len(found["a.zip/rb/PaymentsDown.md"].entries) == 1
    assert "is empty" in errors(found["a.zip/empty.md"])[0]
    assert found["a.zip/a.png"].problems[0].severity == "note"


@pytest.mark.parametrize("name", ["../evil.md", "/etc/evil.md", "a/../../evil.md", "..\\evil.md", "C:\\evil.md"])
def test_a_path_out_of_the_archive_is_refused_and_the_rest_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.zip").write_bytes(packed((name, RUNBOOK.encode()), ("good.md", RUNBOOK.encode())))
    found = list(read_path(tmp_path / "in", RULES))
    assert [bool(report.entries) for report in found].count(True) == 1
    assert any("leads out of the archive" in text for report in found for text in errors(report))
    assert [path.name for path in tmp_path.rglob("*.md")] == []


def test_a_bomb_is_refused_whole_before_it_is_unfolded() -> None:
    data = packed(("good.md", RUNBOOK.encode()), ("bomb.md", b"0" * (9 * MEBIBYTE)))
    (report,) = reports(data).values()
    assert report.entries == ()
    assert "zip bomb" in errors(report)[0]


def test_an_archive_of_too_much_or_too_many_is_refused() -> None:
    data = packed(*((f"{number}.md", RUNBOOK.encode()) for number in range(5)))
    few = replace(RULES, limits=ImportLimits(files=4))
    small = replace(RULES, limits=ImportLimits(archive_bytes=len(RUNBOOK) * 5 - 1))
    assert "holds 5 files" in errors(reports(data, few)["a.zip"])[0]
    assert "unpacks to" in errors(reports(data, small)["a.zip"])[0]
    assert len(reports(data, replace(RULES, limits=ImportLimits(files=5, archive_bytes=len(RUNBOOK) * 5)))) == 5


def test_an_archive_in_an_archive_is_refused() -> None:
    found = reports(packed(("inner.zip", packed(("a.md", RUNBOOK.encode()))), ("b.tar.gz", b"x")))
    assert "archive in an archive" in errors(found["a.zip/inner.zip"])[0]
    assert "archive in an archive" in errors(found["a.zip/b.tar.gz"])[0]


def test_links_in_an_archive_are_not_followed() -> None:
    link = zipfile.ZipInfo("link.md")
    link.external_attr = 0o120777 << 16
    assert "is a link" in errors(reports(packed((link, b"/etc/passwd")))["a.zip/link.md"])[0]


def test_a_file_that_is_larger_than_its_header_says_is_told_to_be_broken() -> None:
    data = bytearray(packed(("a.md", RUNBOOK.encode())))
    size = len(RUNBOOK).to_bytes(4, "little")
    while size in data:
        at = data.index(size)
        data[at : at + 4] = (10).to_bytes(4, "little")
    report = reports(bytes(data))["a.zip/a.md"]
    assert report.entries == ()
    assert "broken in the archive" in errors(report)[0]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and nothing", b"no archive", packed()[:10]])
def test_what_is_no_archive_is_told(data: bytes) -> None:
    assert "no zip archive" in errors(reports(data)["a.zip"])[0]


def test_an_archive_cut_off_is_refused_whole() -> None:
    assert "no zip archive" in errors(reports(packed(("a.md", RUNBOOK.encode() * 40))[:-30])["a.zip"])[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("from_end", [False, True])
def test_a_file_whose_bytes_are_spoilt_is_told_and_the_rest_is_read(method: int, from_end: bool) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("bad.md", RUNBOOK * 40, method)
        size = archive.getinfo("bad.md").compress_size
        archive.writestr("good.md", RUNBOOK)
    data = bytearray(out.getvalue())
    begin = zipfile.sizeFileHeader + len("bad.md")
    spoilt = slice(begin + size // 2, begin + size) if from_end else slice(begin, begin + size // 2)
    data[spoilt] = b"\xff" * (spoilt.stop - spoilt.start)
    found = reports(bytes(data))
    why = "broken in the archive" if method == zipfile.ZIP_DEFLATED else "packed in a way"
    assert why in errors(found["a.zip/bad.md"])[0]
    assert found["a.zip/bad.md"].entries == ()
    assert len(found["a.zip/good.md"].entries) == 1


def test_a_file_that_has_a_broken_name_at_its_bytes_is_told_and_the_rest_is_read() -> None:
    data = packed(("ação.md", RUNBOOK.encode()), ("good.md", RUNBOOK.encode()))
    found = reports(data.replace("ação".encode(), b"\xff" * len("ação".encode()), 1))
    assert "broken in the archive" in errors(found["a.zip/ação.md"])[0]
    assert len(found["a.zip/good.md"].entries) == 1


def test_a_file_that_has_lost_its_name_is_told_and_the_rest_is_read() -> None:
    data = packed(("bad.md", RUNBOOK.encode()), ("good.md", RUNBOOK.encode()))
    listed = data.index(zipfile.stringCentralDir) + zipfile.sizeCentralDir
    # `zipfile` ends a name at its first NUL.
    found = reports(data[:listed] + b"\x00" + data[listed + 1 :])
    assert "has no name" in errors(found["a.zip/"])[0]
    assert len(found["a.zip/good.md"].entries) == 1


def test_hidden_files_are_left_out_and_accents_in_names_stay() -> None:
    found = reports(packed((".git/config.md", b"x"), ("__MACOSX/a.md", b"x"), ("ação.md", RUNBOOK.encode())))
    assert list(found) == ["a.zip/ação.md"]
