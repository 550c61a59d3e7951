"""JSON and JSON Lines: our own export, objects with an entry's fields, lists of alerts, texts in Markdown."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from pydantic import ValidationError

from knowledge_base.entry import Entry
from knowledge_base.errors import Unreadable
from knowledge_base.exchange.alert_entries import entry_of_alerts
from knowledge_base.exchange.document import in_words
from knowledge_base.exchange.encodings import decoded
from knowledge_base.exchange.front_matter import FrontMatter, split_front_matter
from knowledge_base.exchange.identity import sha256
from knowledge_base.exchange.labels import labels_of
from knowledge_base.exchange.limits import size_in_words
from knowledge_base.exchange.markdown import ReadEntry, draft_of, read_markdown
from knowledge_base.exchange.marks import marks_of
from knowledge_base.exchange.values import EntryDraft, Problem, ReadingRules, Source

_WHOLE: Final = frozenset(name for name, field in Entry.model_fields.items() if field.is_required())
_MARKDOWN: Final = ("text", "markdown", "body", "content")


def read_lines(lines: Iterable[bytes], source: Source, rules: ReadingRules) -> tuple[list[EntryDraft], list[Problem]]:
    """Read JSON Lines; a line that is none does not spoil the others.

    Args:
        lines: The file's lines; blank ones are passed over.
        source: Where they come from.
        rules: The time, limits and kinds.
    """
    return _gathered(_each_line(lines, source, rules))


def read_document(text: str, source: Source, rules: ReadingRules) -> tuple[list[EntryDraft], list[Problem]]:
    """Read one JSON document: an object, or a list of them.

    Raises:
        Unreadable: It is no JSON.
    """
    read = _parsed(text, source.name)
    values = read if isinstance(read, list) else [read]

    def each() -> Iterator[tuple[int, ReadEntry | Unreadable]]:
        for number, value in enumerate(values, start=1):
            one = source if not isinstance(read, list) else source.part(str(number))
            yield number, _attempt(value, one, sha256(json.dumps(value, sort_keys=True).encode()), rules)

    return _gathered(each(), unit="item")


def _each_line(
    lines: Iterable[bytes], source: Source, rules: ReadingRules
) -> Iterator[tuple[int, ReadEntry | Unreadable]]:
    for number, raw in enumerate(lines, start=1):
        line = (raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw).strip()
        if not line:
            continue
        where = source.part(str(number))
        try:
            if len(line) > rules.limits.file_bytes:
                most = size_in_words(rules.limits.file_bytes)
                raise Unreadable(where.name, f"is longer than {most}, which is the most for one entry")
            value = _parsed(decoded(line, name=where.name).text, where.name)
        except Unreadable as error:
            yield number, error
            continue
        yield number, _attempt(value, _named(value, source, number), sha256(line), rules)


def _named(value: object, source: Source, number: int) -> Source:
    # Its own id stays when lines are put before it; the number of its line does not.
    own = value.get("id") if isinstance(value, Mapping) else None
    return source.part(str(own) if isinstance(own, str | int) and str(own).strip() else str(number))


def _attempt(value: object, source: Source, digest: str, rules: ReadingRules) -> ReadEntry | Unreadable:
    try:
        return _entry(value, source, digest, rules)
    except Unreadable as error:
        return error


def _entry(value: object, source: Source, digest: str, rules: ReadingRules) -> ReadEntry:
    if not isinstance(value, Mapping):
        raise Unreadable(source.name, "is no JSON object; an entry is written as {...}")
    _refuse_nul(value, source.name)
    if value.keys() >= _WHOLE:
        try:
            entry = Entry.model_validate_json(json.dumps(value))
        except ValidationError as error:
            raise Unreadable(source.name, f"has the fields of an entry, and is none: {in_words(error)}") from error
        return ReadEntry(EntryDraft(entry=entry, own_id=True, whole=True, marks=marks_of(entry)), ())
    if isinstance(value.get("alerts"), list):
        return entry_of_alerts(value, source, digest, rules)
    for name in _MARKDOWN:
        text = value.get(name)
        if isinstance(text, str) and text.strip():
            others = {key: said for key, said in value.items() if key != name}
            document = split_front_matter(text, name=source.name, longest=rules.limits.front_matter_characters)
            whole = FrontMatter(labels={**others, **document.labels}, body=document.body)
            return read_markdown(whole, source, sha256=digest, rules=rules)
    return _of_fields(value, source, digest, rules)


def _of_fields(value: Mapping[str, Any], source: Source, digest: str, rules: ReadingRules) -> ReadEntry:
    labels = labels_of(value, kinds=rules.kinds)
    if not labels.fields.get("title") or not labels.fields.get("symptoms"):
        raise Unreadable(
            source.name, "is no entry: it needs `title` and `symptoms`, or `alerts`, or Markdown in `text`"
        )
    unknown = labels.fields.pop("unknown_fault_kind", None)
    if unknown is not None:
        notes = labels.fields.get("notes", "")
        labels.fields["notes"] = f"{notes}\n\nKind of fault in its source: {unknown}".strip()
    kind = labels.fields.pop("kind", None) or "incident"
    draft = draft_of({"kind": kind, **labels.fields}, labels.provenance, source, digest, rules)
    return ReadEntry(draft, tuple(labels.problems))


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(name, f"is no JSON: {error.msg.lower()} at character {error.pos + 1}") from error
    except (RecursionError, ValueError) as error:
        raise Unreadable(name, "is JSON that nests too deeply, or has a number too large to be read") from error


def _refuse_nul(value: object, name: str) -> None:
    """Refuse characters that a database or a file of text cannot hold."""
    text = json.dumps(value, ensure_ascii=True)
    if "\\u0000" in text or ("\\ud" in text and not _encodes(value)):
        raise Unreadable(name, "has characters that no text may have (NUL, or half of a surrogate pair)")


def _encodes(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _gathered(
    read: Iterator[tuple[int, ReadEntry | Unreadable]], unit: str = "line"
) -> tuple[list[EntryDraft], list[Problem]]:
    """Put together what lines gave; what is wrong with many in the same way is said once."""
    drafts: list[EntryDraft] = []
    found: list[tuple[str, str, int]] = []
    for number, one in read:
        if isinstance(one, Unreadable):
            found.append(("error", one.problem, number))
        else:
            drafts.append(one.draft)
            found += [(problem.severity, problem.text, number) for problem in one.problems]
    by_text: dict[tuple[str, str], list[int]] = {}
    for severity, text, number in found:
        by_text.setdefault((severity, text), []).append(number)
    problems = [
        Problem.model_validate({"severity": severity, "text": text, "lines": _ranges(numbers)})
        for (severity, text), numbers in by_text.items()
    ]
    if unit != "line":
        problems = [problem.model_copy(update={"lines": f"{unit} {problem.lines}"}) for problem in problems]
    return drafts, problems


def _ranges(numbers: list[int]) -> str:
    """Write numbers as people do: `1-3, 7`; many ranges are cut."""
    ranges = []
    for _key, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _index, number in group]
        ranges.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ", ".join(ranges[:8]) + (f" and {len(ranges) - 8} more" if len(ranges) > 8 else "")
