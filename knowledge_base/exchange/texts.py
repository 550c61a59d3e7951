"""The sections of a Markdown text, sorted out into the texts of an entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from knowledge_base.exchange.headings import TextField, field_of, is_of_post_mortem
from knowledge_base.exchange.outline import Section
from knowledge_base.exchange.wording import is_blank, plain

SPLIT: Final[tuple[TextField, ...]] = ("symptoms", "cause", "fix")
"""The fields that headings tell apart; everything else is notes."""

_LABELLED: Final = frozenset(
    ("stats", "metadata", "details", "overview", "summary", "info", "information", "resumo", "resumen")
)
_IMPACT: Final = frozenset(("impact", "incident impact", "impact on users", "impacto", "user impact"))


@dataclass(slots=True)
class Texts:
    """An entry's texts while they are put together.

    Attributes:
        parts: What each field got, in the order of the source.
        of_report: How many headings belong to reports on incidents.
        timelines: The texts of its timelines.
        labelled: Texts that may have labels, line by line.
        emptied: Headings of symptoms, cause and fix that have nothing under them.
        impact: The part of the notes that tells what users saw of it, empty for none.
    """

    parts: dict[TextField, list[str]] = field(
        default_factory=lambda: {"symptoms": [], "cause": [], "fix": [], "notes": []}
    )
    of_report: int = 0
    timelines: list[str] = field(default_factory=list)
    labelled: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    impact: str = ""

    def text(self, which: TextField) -> str:
        """Give a field's text, its parts with a blank line between."""
        return "\n\n".join(self.parts[which])


def sorted_out(found: list[Section]) -> Texts:
    """Give every section to a field, by its own heading or by the heading it stands under."""
    texts = Texts()
    preamble = found[0].text
    under: list[tuple[int, TextField]] = []
    for section in found[1:]:
        while under and under[-1][0] >= section.level:
            under.pop()
        which = _field(section, under[-1][1] if under else None)
        # Only what is directly a field's loses its heading: the field says the same.
        says_the_same = field_of(section.heading) == which and which != "notes" and not texts.parts[which]
        under.append((section.level, which))
        text = section.text if says_the_same else f"{section.written}\n\n{section.text}".rstrip()
        if is_blank(section.text) and field_of(section.heading) in SPLIT:
            texts.emptied.append(section.heading)
        if not is_blank(section.text) or not says_the_same:
            texts.parts[which].append(text)
        if plain(section.heading) in _IMPACT and which == "notes" and not is_blank(section.text):
            texts.impact = texts.impact or text
        _notice(section, texts)
    texts.labelled.insert(0, preamble)
    if not is_blank(preamble):
        texts.parts["notes" if texts.parts["symptoms"] else "symptoms"].insert(0, preamble)
    return texts


def _field(section: Section, parent: TextField | None) -> TextField:
    own = field_of(section.heading)
    if parent in {"cause", "fix"}:
        return parent  # A step of a fix may well be called `Cause`.
    if own is not None:
        return own
    return parent or "notes"


def _notice(section: Section, texts: Texts) -> None:
    words = plain(section.heading)
    texts.of_report += is_of_post_mortem(section.heading)
    if "timeline" in words or words in {"linha do tempo", "linea de tiempo", "linea temporal", "cronologia"}:
        texts.timelines.append(f"{section.heading}\n{section.text}")
    if words in _LABELLED:
        texts.labelled.append(section.text)
