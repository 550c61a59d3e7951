"""From the words people have for how bad something is to the four that entries have."""

from __future__ import annotations

import re
from typing import Final

from knowledge_base.entry import Severity
from knowledge_base.exchange.wording import plain

_WORDS: Final = {
    Severity.CRITICAL: "critical blocker catastrophic emergency disaster page critica critico catastrofica emergencia",
    Severity.HIGH: "high major severe error alta alto grave mayor maior severa",
    Severity.MEDIUM: "medium moderate warning warn media medio moderada moderado moyenne",
    Severity.LOW: "low minor info informational trivial none baixa baixo baja bajo leve menor",
}
_OF_WORD: Final = {word: severity for severity, words in _WORDS.items() for word in words.split()}
_NUMBERED: Final = re.compile(r"\b(?:sev|severity|severidade|severidad|s|p|prio|priority)[ -]?([0-5])\b")
_OF_NUMBER: Final = (Severity.CRITICAL, Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.LOW)


def severity_of(text: str) -> Severity | None:
    """Read how bad something is: `Critical`, `SEV-2`, `P1`, `Alta`; None where the words do not tell.

    Of numbers, 0 and 1 are the worst, as on-call rotations count.
    """
    words = plain(text)
    numbered = _NUMBERED.search(words) or re.fullmatch(r"()([0-5])", text.strip())
    if numbered is not None:
        return _OF_NUMBER[int(numbered[numbered.lastindex or 1])]
    for word in words.split():
        if word in _OF_WORD:
            return _OF_WORD[word]
    return None
