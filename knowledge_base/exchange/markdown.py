"""From Markdown as people write it to an entry: headings say what is symptom, cause and fix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import ValidationError

from knowledge_base.entry import Entry, EntryKind
from knowledge_base.errors import Unreadable
from knowledge_base.exchange.dates import first_day
from knowledge_base.exchange.document import in_words
from knowledge_base.exchange.front_matter import FrontMatter
from knowledge_base.exchange.headings import field_of, names_an_incident
from knowledge_base.exchange.identity import content_sha256, entry_id
from knowledge_base.exchange.labels import Labels, labelled_lines, labels_of
from knowledge_base.exchange.marks import marks_of
from knowledge_base.exchange.outline import Section, sections
from knowledge_base.exchange.texts import SPLIT, Texts, sorted_out
from knowledge_base.exchange.timeline import ending_steps
from knowledge_base.exchange.values import (
    HAPPENED_ON,
    IMPORTED_SHA256,
    SOURCE,
    SOURCE_SHA256,
    EntryDraft,
    Problem,
    ReadingRules,
    Source,
)
from knowledge_base.exchange.wording import is_blank, plain

_TITLE_LENGTH: Final = 300
_SAYS_LITTLE: Final = 120
_LINK: Final = re.compile(r"\]\(|https?://|\{\{<? *(?:rel)?ref")
# A name such as KubePodNotReady or etcdNoLeader: what an alert is called, in one word.
_ALERT_NAME: Final = re.compile(r"[A-Za-z0-9]+(?:[A-Z][a-z0-9]+)+[A-Z0-9]*")


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry that a text gave, and what was not as it should be about it."""

    draft: EntryDraft
    problems: tuple[Problem, ...]


def read_markdown(document: FrontMatter, source: Source, *, sha256: str, rules: ReadingRules) -> ReadEntry:
    """Read one Markdown text as one entry.

    Args:
        document: The text, parted from its front matter.
        source: Where it comes from.
        sha256: Hash of what it was read from.
        rules: The time, the fault kinds there are.

    Raises:
        Unreadable: It says nothing that an entry could hold.
    """
    found = sections(document.body)
    if len(found) > rules.limits.headings:
        raise Unreadable(source.name, f"has {len(found)} headings, which is no text for one entry; part it")
    labels = labels_of(document.labels, kinds=rules.kinds)
    heading, rest = _title(found)
    texts = sorted_out(rest)
    _take_lines(labels, texts)
    said = labels.fields.pop("title", "") or heading
    title = said or _title_of_file(source.name)
    problems = [*labels.problems]
    stands_in = [*([] if said else ["title"]), *_stand_in(texts, title, source, problems)]
    _keep_heading(heading, title, texts)
    _name_alert(heading or title, labels)
    _keep_unknown_kind(labels, texts)
    kind = labels.fields.pop("kind", None) or _kind(title, heading, texts)
    _date(labels, title, texts, source, kind)
    draft = _draft(kind, title, texts, labels, source, sha256=sha256, rules=rules)
    return ReadEntry(draft.model_copy(update={"stands_in": tuple(stands_in)}), tuple(problems))


def _title(found: tuple[Section, ...]) -> tuple[str, list[Section]]:
    """Take the title off the sections: the first heading, where it is the highest and names no field."""
    top, rest = found[0], list(found[1:])
    if not rest:
        return "", [top]
    first = rest[0]
    highest = min(section.level for section in rest)
    if not first.heading or first.level > highest or (field_of(first.heading) is not None and first.level > 1):
        return "", [top, *rest]
    if field_of(first.heading) is not None and sum(section.level == first.level for section in rest) > 1:
        return "", [top, *rest]
    preamble = "\n\n".join(text for text in (top.text, first.text) if text)
    return first.heading[:_TITLE_LENGTH], [Section(level=0, heading="", written="", text=preamble), *rest[1:]]


def _title_of_file(name: str) -> str:
    stem = PurePosixPath(name.rpartition("#")[0] or name).stem
    words = re.sub(r"^\d{4}-\d\d-\d\d[-_ ]*", "", stem) or stem
    return re.sub(r"[-_]+", " ", words).strip() or name


def _take_lines(labels: Labels, texts: Texts) -> None:
    """Take what lines of the text say of severity, services and the like, where the front matter did not."""
    said = labelled_lines("\n".join(texts.labelled))
    for which in SPLIT:
        line = said.pop(which, None)
        if line is not None and not texts.parts[which]:
            texts.parts[which].append(line)
    # The kinds are for what a writer labels; no line of prose names a fault of the taxonomy.
    lines = labels_of(said, kinds=None)
    labels.fields = lines.fields | labels.fields
    labels.provenance = lines.provenance | labels.provenance
    for which in texts.parts:
        text = labels.fields.pop(which, None)
        if text is not None:
            texts.parts[which].insert(0, text)


def _stand_in(texts: Texts, title: str, source: Source, problems: list[Problem]) -> list[str]:
    """Fill in what the headings did not give, say so, and name the fields that the text itself says nothing of."""
    stands_in = []
    if not any(not is_blank(part) for parts in texts.parts.values() for part in parts):
        raise Unreadable(source.name, "says nothing beside its title; an entry needs at least what it looks like")
    if texts.emptied and not any(texts.text(which) for which in SPLIT):
        raise Unreadable(
            source.name, f"is a form that nobody has filled in: nothing stands under {', '.join(texts.emptied)}"
        )
    if not texts.parts["symptoms"] and texts.impact:
        texts.parts["notes"].remove(texts.impact)
        texts.parts["symptoms"].append(texts.impact)
    elif not texts.parts["symptoms"]:
        texts.parts["symptoms"].append(title)
        stands_in.append("symptoms")
        problems.append(
            Problem(severity="warning", text="no heading says what it looks like; its title stands for that")
        )
    if not texts.parts["fix"]:
        ending = [step for timeline in texts.timelines for step in ending_steps(timeline)]
        if ending:
            texts.parts["fix"].append("\n".join(f"- {step}" for step in ending))
            problems.append(
                Problem(severity="note", text="no heading says what helped; steps of its timeline stand for that")
            )
    said = re.sub(
        r"\s+", " ", "".join(texts.text(which) for which in texts.parts if which != "notes" or texts.parts["notes"])
    )
    if len(said) < _SAYS_LITTLE and _LINK.search(said):
        problems.append(
            Problem(severity="warning", text="says little beside pointing elsewhere; links are not followed")
        )
    if re.search(r"\b(?:deprecated|obsolet[aeo]|descontinuad[ao])\b", plain(title)):
        problems.append(Problem(severity="warning", text="calls itself deprecated in its title"))
    return stands_in


def _keep_heading(heading: str, title: str, texts: Texts) -> None:
    """Keep a heading that says something else than the title that the front matter gave."""
    if heading and plain(heading).replace(" ", "") != plain(title).replace(" ", ""):
        texts.parts["notes"].insert(0, f"# {heading}")


def _name_alert(heading: str, labels: Labels) -> None:
    # A word more may be `[Deprecated]`.
    first, _blank, more = heading.partition(" ")
    if "signals" not in labels.fields and _ALERT_NAME.fullmatch(first) and " " not in more:
        labels.fields["signals"] = (first,)


def _keep_unknown_kind(labels: Labels, texts: Texts) -> None:
    unknown = labels.fields.pop("unknown_fault_kind", None)
    if unknown is not None:
        texts.parts["notes"].append(f"Kind of fault in its source: {unknown}")


def _kind(title: str, heading: str, texts: Texts) -> EntryKind:
    named = names_an_incident(title) or names_an_incident(heading)
    return (
        "incident" if texts.of_report >= 2 or (texts.of_report and named) or (named and texts.timelines) else "runbook"
    )


def _date(labels: Labels, title: str, texts: Texts, source: Source, kind: EntryKind) -> None:
    if kind != "incident" or HAPPENED_ON in labels.provenance:
        return
    # A file's name has the day it was written at times, and the beginning of a report has the day it was.
    for text in (title, *texts.timelines, texts.text("symptoms")[:500], source.name):
        day = first_day(text)
        if day is not None:
            labels.provenance[HAPPENED_ON] = day.isoformat()
            return


def _draft(
    kind: EntryKind, title: str, texts: Texts, labels: Labels, source: Source, *, sha256: str, rules: ReadingRules
) -> EntryDraft:
    fields: dict[str, Any] = {
        "kind": kind,
        "title": title[:_TITLE_LENGTH],
        "symptoms": texts.text("symptoms"),
        "cause": texts.text("cause") or None,
        "fix": texts.text("fix") or None,
        "notes": texts.text("notes"),
    }
    return draft_of(
        fields | {"id": labels.fields.pop("id", "")} | labels.fields, labels.provenance, source, sha256, rules
    )


def draft_of(
    fields: Mapping[str, Any], provenance: Mapping[str, str], source: Source, sha256: str, rules: ReadingRules
) -> EntryDraft:
    """Make the draft of an entry from fields that a source gave; its id is made of title and source.

    Raises:
        Unreadable: They make no entry.
    """
    said = {name: value for name, value in fields.items() if name != "id"}
    origin = {SOURCE: source.key, SOURCE_SHA256: sha256, **source.provenance}
    theirs = {"source_id": str(fields["id"])} if fields.get("id") else {}
    try:
        entry = Entry.model_validate(
            {
                "id": entry_id(said["title"], source.key, kind=said["kind"]),
                "created_at": rules.now,
                **said,
                "updated_at": rules.now,
                "provenance": {**provenance, **theirs, **origin},
            }
        )
    except ValidationError as error:
        raise Unreadable(source.name, f"makes no entry: {in_words(error)}") from error
    kept = {**entry.provenance, IMPORTED_SHA256: content_sha256(entry)}
    return EntryDraft(entry=entry.model_copy(update={"provenance": kept}), marks=marks_of(entry))
