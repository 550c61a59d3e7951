# What the package gives; read by people, by type checkers, and by `lazy_loader` at run time.

from .embedding import Embedder
from .entry import Entry, Match, ReviewStatus, Revision
from .errors import (
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
from .hashing_embedder import HashingEmbedder
from .index_check import IndexCheck
from .knowledge_base import KnowledgeBase
from .sentence_embedder import ALL_MINILM, SentenceTransformerEmbedder

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
