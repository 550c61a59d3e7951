"""What was recalled, as it is known now: a stored match holds its entry as it was then, and people go on reviewing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TypeVar

from assistant.incidents import Incident
from assistant.questions import Question
from knowledge_base import KnowledgeBase, KnowledgeBaseError, ReviewStatus

_log = logging.getLogger(__name__)

_Told = TypeVar("_Told", Incident, Question)


def as_known_now(told: _Told, knowledge: KnowledgeBase) -> _Told:
    """Give an incident or a question with the entries that it recalled as they are now; see `all_known_now`."""
    return all_known_now([told], knowledge)[0]


def all_known_now(told: Sequence[_Told], knowledge: KnowledgeBase) -> list[_Told]:
    """Give incidents or questions with the entries that they recalled as they are now, read in one go.

    What is gone or deprecated since is left out. Where the knowledge base cannot be read, all of it is: nobody can say
    then what still holds, and the rest has to be readable all the same.
    """
    ids = {match.entry.id for one in told for match in one.similar}
    if not ids:
        return list(told)
    try:
        entries = knowledge.many(ids)
    except KnowledgeBaseError as error:
        _log.warning("similar entries are left out, for they cannot be read as they are now: %s", error)
        entries = {}
    holding = {id_: entry for id_, entry in entries.items() if entry.status is not ReviewStatus.DEPRECATED}
    return [
        one.model_copy(
            update={
                "similar": tuple(
                    match.model_copy(update={"entry": holding[match.entry.id]})
                    for match in one.similar
                    if match.entry.id in holding
                )
            }
        )
        for one in told
    ]
