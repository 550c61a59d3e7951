# What the package gives; read by people, by type checkers, and by `lazy_loader` at run time.

from .embedding.embedder import Embedder
from .embedding.hashing_embedder import HashingEmbedder
from .embedding.sentence_embedder import ALL_MINILM, SentenceTransformerEmbedder
from .entry import Entry, EntryKind, Origin, ReviewStatus, Revision, Severity
from .errors import (
    AlreadyOpen,
    BadSearch,
    Conflict,
    EntryNotFound,
    IndexServerUnavailable,
    IndexUnavailable,
    KnowledgeBaseError,
    MergeRefused,
    ModelAltered,
    ModelUnavailable,
    NotOpen,
    OtherModel,
    RecallNotFound,
    RecordsUnavailable,
    ReviewRefused,
    RevisionNotFound,
    Unreadable,
)
from .exchange.alerts import symptoms_of_alerts
from .exchange.document import from_markdown, to_markdown
from .exchange.export import ExportFormat, exported
from .exchange.folder import files_in, read_files, read_path
from .exchange.identity import slug
from .exchange.limits import ImportLimits
from .exchange.marks import Mark, marks_of
from .exchange.plan import FilePlan, ImportPlan, PlannedEntry
from .exchange.values import EntryDraft, FileReport, ReadingRules
from .index.check import IndexCheck
from .index.server import IndexServer
from .knowledge_base import KnowledgeBase
from .review.differences import differences
from .review.feedback import feedback_factor
from .review.merging import Choice, left_behind
from .review.transitions import ReviewRules, possible
from .review.values import (
    DuplicatePair,
    FeedbackCounts,
    FieldChange,
    LedgerLine,
    OutcomeRecord,
    RankChange,
    Recall,
    Recalled,
    ReviewAction,
)
from .search.alert_signature import names_of_alerts, signature_of_alerts, standing_out
from .search.cross_encoder import CrossEncoder
from .search.question import Comparison, Filters, Found, Match, Question, Ranked

__all__ = [
    "ALL_MINILM",
    "AlreadyOpen",
    "BadSearch",
    "Choice",
    "Comparison",
    "Conflict",
    "CrossEncoder",
    "DuplicatePair",
    "Embedder",
    "Entry",
    "EntryDraft",
    "EntryKind",
    "EntryNotFound",
    "ExportFormat",
    "FeedbackCounts",
    "FieldChange",
    "FilePlan",
    "FileReport",
    "Filters",
    "Found",
    "HashingEmbedder",
    "ImportLimits",
    "ImportPlan",
    "IndexCheck",
    "IndexServer",
    "IndexServerUnavailable",
    "IndexUnavailable",
    "KnowledgeBase",
    "KnowledgeBaseError",
    "LedgerLine",
    "Mark",
    "Match",
    "MergeRefused",
    "ModelAltered",
    "ModelUnavailable",
    "NotOpen",
    "Origin",
    "OtherModel",
    "OutcomeRecord",
    "PlannedEntry",
    "Question",
    "RankChange",
    "Ranked",
    "ReadingRules",
    "Recall",
    "RecallNotFound",
    "Recalled",
    "RecordsUnavailable",
    "ReviewAction",
    "ReviewRefused",
    "ReviewRules",
    "ReviewStatus",
    "Revision",
    "RevisionNotFound",
    "SentenceTransformerEmbedder",
    "Severity",
    "Unreadable",
    "differences",
    "exported",
    "feedback_factor",
    "files_in",
    "from_markdown",
    "left_behind",
    "marks_of",
    "names_of_alerts",
    "possible",
    "read_files",
    "read_path",
    "signature_of_alerts",
    "slug",
    "standing_out",
    "symptoms_of_alerts",
    "to_markdown",
]
