"""From a diagnosis to an answer that an engineer reads, with citations that exist."""

from assistant.answers.citations import citable, citations_in, cited_ids
from assistant.answers.evidence_writer import EvidenceWriter
from assistant.answers.markup import fenced, inline_code, plain, tamed
from assistant.answers.model_writer import ModelSettings, ModelWriter
from assistant.answers.scope import WHOLE_SYSTEM, Operation, Scope, names_in, scope_of
from assistant.answers.service import answer
from assistant.answers.values import AnswerPiece, AnswerRequest, AnswerWriter

__all__ = [
    "WHOLE_SYSTEM",
    "AnswerPiece",
    "AnswerRequest",
    "AnswerWriter",
    "EvidenceWriter",
    "ModelSettings",
    "ModelWriter",
    "Operation",
    "Scope",
    "answer",
    "citable",
    "citations_in",
    "cited_ids",
    "fenced",
    "inline_code",
    "names_in",
    "plain",
    "scope_of",
    "tamed",
]
