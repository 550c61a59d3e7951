"""Folders and checkouts on disk."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from exchange_reading import RULES, RUNBOOK, errors, told

from knowledge_base.errors import Unreadable
from knowledge_base.exchange.folder import read_path
from knowledge_base.exchange.git_checkout import checkout_of, without_secrets
from knowledge_base.exchange.limits import ImportLimits
from knowledge_base.exchange.values import FileReport


def reports(path: Path) -> dict[str, FileReport]:
    return {report.name: report for report in read_path(path, RULES)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "a/PaymentsDown.md": RUNBOOK,
        "README.md": "# Runbooks\n\nAll of ours.\n",
        "a/README.md": RUNBOOK,
        "LICENSE": "MIT",
        ".hidden.md": RUNBOOK,
        ".git/HEAD.md": RUNBOOK,
        "b.jsonl": '{"title": "a", "symptoms": "b"}\n',
    }.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "docs"


def test_a_folder_gives_a_report_for_each_file_that_is_not_hidden(folder: Path) -> None:
    found = reports(folder)
    assert list(found) == ["LICENSE", "README.md", "a/PaymentsDown.md", "a/README.md", "b.jsonl"]
    assert [len(report.entries) for report in found.values()] == [0, 0, 1, 1, 1]
    assert "tells of its folder" in told(found["README.md"])
    assert not any(errors(report) for report in found.values())


def test_links_are_told_and_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text(RUNBOOK)
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "file.md").symlink_to(tmp_path / "outside" / "secret.md")
    (folder / "loop").symlink_to(folder)
    found = reports(folder)
    for name in ("link", "file.md", "loop"):
        assert "links are not followed" in told(found[name])
    assert sum(len(report.entries) for report in found.values()) == 3


def test_what_is_no_file_is_left_out(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    assert "no plain file" in told(reports(folder)["pipe.md"])


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="is not there"):
        list(read_path(tmp_path / "none", RULES))


def test_too_many_files_are_refused_before_any_is_read(folder: Path) -> None:
    with pytest.raises(Unreadable, match="more than 4 files"):
        list(read_path(folder, replace(RULES, limits=ImportLimits(files=4))))


def test_lines_that_are_not_held_in_memory_are_read_alike(tmp_path: Path) -> None:
    lines = ['{"title": "a", "symptoms": "' + "b" * 300 + '"}', '{"title": "c", "symptoms": "d"}', "", "{broken"]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    held = replace(RULES, limits=ImportLimits(file_bytes=200))
    (in_memory,) = read_path(tmp_path, held)
    (from_disk,) = read_path(tmp_path, replace(RULES, limits=ImportLimits(file_bytes=200, held_bytes=1)))
    assert in_memory == from_disk
    assert [draft.entry.title for draft in in_memory.entries] == ["c"]
    assert [problem.lines for problem in in_memory.problems] == ["1", "4"]


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    assert list(read_path(tmp_path, RULES)) == []


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_checkout_keeps_repository_and_commit_and_no_password(folder: Path, tmp_path: Path, is_packed: bool) -> None:
    shutil.rmtree(folder / ".git")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "https://me:s3cret@example.org/ops/runbooks.git")
    git(folder, "add", "README.md", "a")
    git(folder, "commit", "-q", "-m", "first")
    if is_packed:
        git(folder, "pack-refs", "--all")
    (found,) = reports(folder / "a" / "PaymentsDown.md").values()
    entry = found.entries[0].entry
    assert entry.provenance["source"] == "https://example.org/ops/runbooks.git/a/PaymentsDown.md"
    assert entry.provenance["source_commit"] == git(folder, "rev-parse", "HEAD")
    assert "s3cret" not in entry.model_dump_json()
    moved = tmp_path / "elsewhere"
    folder.rename(moved)
    assert reports(moved)["a/PaymentsDown.md"].entries[0].entry.id == entry.id


def test_a_link_that_is_named_and_leads_into_a_checkout_gives_the_entry_of_the_file_there(
    folder: Path, tmp_path: Path
) -> None:
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "config").write_text('[remote "origin"]\n\turl = https://example.org/runbooks.git\n')
    (tmp_path / "named.md").symlink_to(folder / "a" / "PaymentsDown.md")
    (tmp_path / "tree").symlink_to(folder / "a")
    direct = reports(folder / "a" / "PaymentsDown.md")["PaymentsDown.md"].entries[0].entry
    for report in (reports(tmp_path / "named.md")["named.md"], reports(tmp_path / "tree")["PaymentsDown.md"]):
        entry = report.entries[0].entry
        assert entry.id == direct.id
        assert entry.provenance["source"] == "https://example.org/runbooks.git/a/PaymentsDown.md"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_worktree_is_a_checkout_too(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / ".git")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "a")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "worktree", "add", "-q", str(tmp_path / "tree"))
    checkout = checkout_of(tmp_path / "tree" / "a")
    assert checkout is not None
    assert checkout.commit == git(folder, "rev-parse", "HEAD")


def test_a_checkout_that_configures_programs_starts_none(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / ".git")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/../../../outside\n")
    (folder / ".git" / "config").write_text(f"[core]\n\tfsmonitor = touch {tmp_path}/ran\n")
    assert len(reports(folder)["a/PaymentsDown.md"].entries) == 1
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://user:token@host/a.git", "https://host/a.git"),
        ("https://host/a.git?token=1", "https://host/a.git"),
        ("git@host:a/b.git", "git@host:a/b.git"),
    ],
)
def test_addresses_are_kept_without_secrets(url: str, plain: str) -> None:
    assert without_secrets(url) == plain
