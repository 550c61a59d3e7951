"""What is known: incidents and runbooks as entries, and finding the ones that look like what is happening now."""

from knowledge_base.embedding import Embedder
from knowledge_base.entry import Entry, Match, ReviewStatus, Revision
from knowledge_base.errors import (
    AlreadyOpen,
    BadSearch,
    EntryNotFound,
    IndexUnavailable,
    KnowledgeBaseError,
    ModelAltered,
    ModelUnavailable,
    NotOpen,
    OtherModel,
    RecordsUnavailable,
)
from knowledge_base.hashing_embedder import HashingEmbedder
from knowledge_base.index_check import IndexCheck
from knowledge_base.knowledge_base import KnowledgeBase
from knowledge_base.sentence_embedder import ALL_MINILM, SentenceTransformerEmbedder

__all__ = [
    "ALL_MINILM",
    "AlreadyOpen",
    "BadSearch",
    "Embedder",
    "Entry",
    "EntryNotFound",
    "HashingEmbedder",
    "IndexCheck",
    "IndexUnavailable",
    "KnowledgeBase",
    "KnowledgeBaseError",
    "Match",
    "ModelAltered",
    "ModelUnavailable",
    "NotOpen",
    "OtherModel",
    "RecordsUnavailable",
    "ReviewStatus",
    "Revision",
    "SentenceTransformerEmbedder",
]
