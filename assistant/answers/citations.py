"""Citations in an answer: `[E1]` is evidence of the diagnosis, `[K2]` an entry of the knowledge base."""

from __future__ import annotations

import re
from typing import Final

from assistant.answers.markup import shortened, without_code
from assistant.answers.values import AnswerRequest
from assistant.questions import Citation
from knowledge_base import Match

# Models also write `[E1-E3]`, `[see E2]` and full-width brackets: whatever stands in brackets is held to exist.
_BRACKETS: Final = re.compile(r"[\[【]([^\[\]【】]{1,200})[\]】]")
_ID: Final = re.compile(r"\b([EK]\d+)\b", re.IGNORECASE)
_LONGEST_LABEL: Final = 160


def cited_ids(markdown: str) -> tuple[str, ...]:
    """List the ids that an answer cites, each once, in order; what stands in code is quoted and cites nothing."""
    groups = _BRACKETS.findall(without_code(markdown))
    return tuple(dict.fromkeys(found.upper() for group in groups for found in _ID.findall(group)))


def citable(request: AnswerRequest) -> dict[str, Citation]:
    """Give everything that an answer to the request may cite, by id."""
    evidence = request.diagnosis.evidence if request.diagnosis else ()
    found = {
        one.id: Citation(id=one.id, kind="evidence", label=shortened(one.summary, _LONGEST_LABEL)) for one in evidence
    }
    for id_, match in entries_by_id(request).items():
        label = shortened(match.entry.title, _LONGEST_LABEL)
        found[id_] = Citation(id=id_, kind="entry", label=label, entry_id=match.entry.id)
    return found


def entries_by_id(request: AnswerRequest) -> dict[str, Match]:
    """Give the entries by the ids they are cited under: `K1` is the most alike."""
    return {f"K{number}": match for number, match in enumerate(request.similar, start=1)}


def citations_in(markdown: str, request: AnswerRequest) -> tuple[Citation, ...]:
    """List what an answer cites, in order; ids of nothing are left out."""
    known = citable(request)
    return tuple(known[id_] for id_ in cited_ids(markdown) if id_ in known)


def unknown_citation(markdown: str, request: AnswerRequest) -> str | None:
    """Give the first id that an answer cites and that does not exist, None where all exist."""
    known = citable(request)
    return next((id_ for id_ in cited_ids(markdown) if id_ not in known), None)
