"""Which commit of which repository a folder is; read from Git's files, because running Git runs what they configure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REMOTE: Final = re.compile(r'^\[remote "(?P<name>[^"]+)"\]\s*$')
_URL: Final = re.compile(r"^\s*url\s*=\s*(?P<url>\S.*?)\s*$")
_LARGEST_READ: Final = 16 * 2**20
_REFERENCES_DEEP: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A working copy.

    Attributes:
        root: Its uppermost folder.
        commit: The commit it is at, empty where that cannot be told.
        repository: Address of where it came from, without user and password; empty for none.
    """

    root: Path
    commit: str
    repository: str


def checkout_of(path: Path) -> Checkout | None:
    """Find the checkout that a file or folder lies in, None where it lies in none."""
    for folder in (path, *path.parents):
        git = _git_folder(folder / ".git")
        if git is not None:
            common = _common_folder(git)
            return Checkout(root=folder, commit=_commit(git, common), repository=_repository(common))
    return None


def _git_folder(git: Path) -> Path | None:
    if git.is_dir():
        return git if (git / "HEAD").is_file() else None
    # A worktree and a submodule have a file that says where the folder is.
    where = _read(git).removeprefix("gitdir:").strip()
    folder = (git.parent / where) if where else None
    return folder if folder is not None and (folder / "HEAD").is_file() else None


def _common_folder(git: Path) -> Path:
    common = _read(git / "commondir").strip()
    return git / common if common else git


def _commit(git: Path, common: Path) -> str:
    value = _read(git / "HEAD").strip()
    for _step in range(_REFERENCES_DEEP):
        if not value.startswith("ref:"):
            break
        name = value.removeprefix("ref:").strip()
        if not re.fullmatch(r"refs/[\w./@{}+-]+", name) or ".." in name:
            return ""
        value = _read(git / name).strip() or _read(common / name).strip() or _packed(common, name)
    return value if _COMMIT.fullmatch(value) else ""


def _packed(common: Path, name: str) -> str:
    for line in _read(common / "packed-refs").splitlines():
        commit, _blank, reference = line.partition(" ")
        if reference == name:
            return commit
    return ""


def _repository(common: Path) -> str:
    urls: dict[str, str] = {}
    remote = ""
    for line in _read(common / "config").splitlines():
        if line.lstrip().startswith("["):
            section = _REMOTE.match(line.strip())
            remote = section["name"] if section is not None else ""
        elif remote:
            url = _URL.match(line)
            if url is not None:
                urls.setdefault(remote, url["url"])
    return without_secrets(urls.get("origin") or next(iter(urls.values()), ""))


def without_secrets(url: str) -> str:
    """Take user, password and query off an address; a token may be in any of them."""
    cleaned = re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/]*@", r"\1", url.strip().strip('"'))
    return re.sub(r"[?#].*$", "", cleaned)


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_READ:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
