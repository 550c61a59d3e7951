"""One entry as one Markdown document, and back, with nothing lost.

Labels are front matter. Each text stands under a heading that carries a comment, which is how its end is known whatever
headings the text has itself:

    ## Symptoms <!-- firedrill: symptoms -->

    Error ratio of POST /orders rose from 0% to 97%.

A line of a text that looks like such a heading gets a backslash before it. A text that Markdown files cannot be trusted
with, because it has control characters, stands in the front matter, where YAML can spell them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any, Final

from pydantic import ValidationError

from knowledge_base.entry import Entry
from knowledge_base.errors import Unreadable
from knowledge_base.exchange.front_matter import FORMAT_LABEL, FrontMatter, front_matter, split_front_matter

FORMAT_VERSION: Final = "1"
BETWEEN_DOCUMENTS: Final = "<!-- firedrill: next entry -->"

_TEXTS: Final = {"symptoms": "Symptoms", "cause": "Cause", "fix": "Fix", "notes": "Notes"}
_HEADING: Final = re.compile(r"^## .*<!-- firedrill: (symptoms|cause|fix|notes) -->[ \t]*$", re.MULTILINE)
_OURS: Final = re.compile(r"^(\\*)(?=.*<!-- firedrill: [a-z ]+ -->[ \t]*$)", re.MULTILINE)
_OURS_ESCAPED: Final = re.compile(r"^\\(?=.*<!-- firedrill: [a-z ]+ -->[ \t]*$)", re.MULTILINE)
# `re` takes only a line feed for the end of a line, and so do we; a carriage return is for editors to change.
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")


def to_markdown(entry: Entry) -> str:
    """Write an entry as a Markdown document that `from_markdown` reads back as the same entry."""
    fields = entry.model_dump(mode="json")
    labels: dict[str, Any] = {FORMAT_LABEL: FORMAT_VERSION}
    # For readers only: the title is a label too, and that is what is read back.
    body = [f"\n# {_in_one_line(_escaped(entry.title))}\n"]
    for name, value in fields.items():
        if name != "status" and getattr(entry, name) == Entry.model_fields[name].get_default(call_default_factory=True):
            continue  # What an entry does not say needs no label.
        if name in _TEXTS and not _UNSAFE.search(value):
            body.append(f"\n## {_TEXTS[name]} <!-- firedrill: {name} -->\n\n{_escaped(value)}\n")
        else:
            labels[name] = value
    return front_matter(labels) + "".join(body)


def from_markdown(text: str, *, name: str = "the text") -> Entry:
    """Read the entry that `to_markdown` wrote, also after somebody edited it.

    Args:
        text: The document.
        name: What it is called, for messages.

    Raises:
        Unreadable: It is no such document, or an edit broke it.
    """
    document = split_front_matter(_in_unix_lines(text), name=name)
    if not is_document(document):
        raise Unreadable(name, f"is not an exported entry: its front matter has no {FORMAT_LABEL}")
    return entry_of(document, name=name)


def is_document(document: FrontMatter) -> bool:
    """Say whether a text is one that `to_markdown` wrote."""
    return FORMAT_LABEL in document.labels


def entry_of(document: FrontMatter, *, name: str) -> Entry:
    """Read the entry of a document whose front matter was read already.

    Raises:
        Unreadable: An edit broke it, or a later version of this program wrote it.
    """
    labels = dict(document.labels)
    version = labels.pop(FORMAT_LABEL)
    if version != FORMAT_VERSION:
        raise Unreadable(name, f"is an exported entry of format {version}, and {FORMAT_VERSION} is read here")
    headings = list(_HEADING.finditer(document.body))
    for heading, following in zip_longest(headings, headings[1:]):
        end = len(document.body) if following is None else following.start()
        text = document.body[heading.end() : end]
        # A blank line before; the text's own line end, and a blank line where another text follows.
        text = text.removeprefix("\n").removeprefix("\n").removesuffix("\n")
        text = text if following is None else text.removesuffix("\n")
        labels[heading[1]] = _OURS_ESCAPED.sub("", text)
    try:
        return Entry.model_validate(labels)
    except ValidationError as error:
        raise Unreadable(name, f"is an exported entry that was broken: {in_words(error)}") from error


def documents(text: str) -> Iterator[tuple[int, str]]:
    """Part a file at the lines between documents; give each one's first line, from 1, and its text."""
    if BETWEEN_DOCUMENTS not in text:
        yield 1, text
        return
    line = 1
    for part in re.split(rf"^{re.escape(BETWEEN_DOCUMENTS)}\n", text, flags=re.MULTILINE):
        yield line, part
        line += part.count("\n") + 1


def joined(entries: Iterable[Entry]) -> Iterator[str]:
    """Write entries as one file, document after document."""
    for number, entry in enumerate(entries):
        yield (f"{BETWEEN_DOCUMENTS}\n" if number else "") + to_markdown(entry)


def in_words(error: ValidationError) -> str:
    """Say what pydantic found wrong, in one line."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(str(part) for part in one['loc']) or 'it'}: {one['msg'].lower()}" for one in problems[:3]]
    return "; ".join(told) + (f"; and {len(problems) - 3} more" if len(problems) > 3 else "")


def _escaped(text: str) -> str:
    return _OURS.sub(r"\\\1", text)


def _in_one_line(text: str) -> str:
    return re.sub(r"\s+", " ", _UNSAFE.sub(" ", text)).strip()


def _in_unix_lines(text: str) -> str:
    # We write no carriage returns, so those that are there came from an editor, with every line.
    return text.replace("\r\n", "\n") if text.startswith("---\r\n") else text
