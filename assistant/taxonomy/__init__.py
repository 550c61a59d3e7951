"""What can be wrong with a service, in words that people, entries, scores and public failure data share."""

from assistant.taxonomy.classes import CLASSES, Component, Failure, FaultClass, Mechanism
from assistant.taxonomy.credit import kind_credit
from assistant.taxonomy.kinds import DESCRIPTIONS, FaultKind, KindDescription
from assistant.taxonomy.words import classify

__all__ = [
    "CLASSES",
    "DESCRIPTIONS",
    "Component",
    "Failure",
    "FaultClass",
    "FaultKind",
    "KindDescription",
    "Mechanism",
    "classify",
    "kind_credit",
]
