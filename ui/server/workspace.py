"""Everything a server owns: the folder, the incidents, the knowledge, and the way to the telemetry."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final

from assistant.answers import AnswerWriter, EvidenceWriter, ModelSettings, ModelWriter
from assistant.incidents import Incident
from assistant.investigation import Investigator
from assistant.journal import Journal
from knowledge_base import (
    ALL_MINILM,
    CrossEncoder,
    Embedder,
    IndexServer,
    KnowledgeBase,
    ReviewRules,
    SentenceTransformerEmbedder,
)
from telemetry import Detector, DetectorSettings, Slo, StoredTelemetry, TelemetrySource, utc_now
from ui.settings import KnowledgeSettings, Settings

TELEMETRY_FILE: Final = "telemetry.db"
SANDBOX_FOLDER: Final = "sandbox"
DRILLS_FOLDER: Final = "drills"
JOURNAL_FILE: Final = "firedrill.db"
KNOWLEDGE_FOLDER: Final = "knowledge"
_EMBEDDING_THREADS: Final = 1  # The machine is the shop's, too; one text at a time is quick enough.


@dataclass(frozen=True)
class Workspace:
    """What the parts of the server share. One process at a time has it open; the knowledge base's lock sees to it.

    Attributes:
        settings: What was set.
        journal: Incidents, questions and drills.
        knowledge: The knowledge base.
        source: The telemetry.
        detector: What notices trouble.
        investigator: What finds out about it.
        writer: What words the answers.
        model_writer: The language model's writer; None where no model is set.
        clock: Gives the present moment.
        embedder: What turns text into vectors.
        remembering: Held while the knowledge base is told of an incident, so that the latest state is told last.
    """

    settings: Settings
    journal: Journal
    knowledge: KnowledgeBase
    source: TelemetrySource
    detector: Detector
    investigator: Investigator
    writer: AnswerWriter
    model_writer: AnswerWriter | None
    clock: Callable[[], datetime]
    embedder: Embedder
    remembering: threading.Lock

    @property
    def system(self) -> str:
        """Name of the system observed."""
        return self.settings.server.system

    def remember(self, incident_id: str) -> Incident:
        """Bring the knowledge base up to date with an incident as it is now, and give it with its entry's id.

        Raises:
            NotFound: There is no such incident.
            KnowledgeBaseError: It cannot be remembered.
        """
        with self.remembering:
            incident = self.journal.incident(incident_id)
            entry = self.investigator.remember(incident)
            if incident.entry_id == entry.id:
                return incident
            # Only now there is something to link to.
            return self.journal.change_incident(incident_id, lambda now: now.model_copy(update={"entry_id": entry.id}))

    def earlier_incidents(self, *, besides: str | None = None) -> list[Incident]:
        """List the incidents that may have spoilt a part of what is recorded now."""
        return [one for one in self.journal.incidents() if one.id != besides]

    def close(self) -> None:
        """Give everything back; safe to call twice."""
        self.knowledge.close()
        self.journal.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_workspace(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    source: TelemetrySource | None = None,
    clock: Callable[[], datetime] = utc_now,
    progress: Callable[[int, int], None] | None = None,
) -> Workspace:
    """Open the workspace folder, making it where it does not exist.

    Args:
        settings: Where it is, and what it is told.
        embedder: What turns text into vectors, where it is not the one of the settings.
        source: The telemetry, where it is not what the collector stored.
        clock: Gives the present moment.
        progress: Told how many entries of how many are indexed, where the index has to be repaired.

    Raises:
        KnowledgeBaseError: Another process has it open, or its index or its database cannot be used.
        JournalError: Its database cannot be opened.
    """
    folder = settings.workspace.path
    embedder = embedder or _embedder(settings)
    # First of all, for it holds the lock: whoever comes second must find nothing touched.
    knowledge = _open_knowledge(settings, embedder, clock=clock, progress=progress)
    try:
        journal = Journal(folder / JOURNAL_FILE)
    except BaseException:
        knowledge.close()
        raise
    source = source or StoredTelemetry(folder / TELEMETRY_FILE, clock)
    looks = DetectorSettings(tick_seconds=settings.detector.interval_seconds)
    detector = Detector(source, settings=looks, slos=_slos(settings))
    return Workspace(
        settings=settings,
        journal=journal,
        knowledge=knowledge,
        source=source,
        detector=detector,
        investigator=Investigator(
            source=source,
            knowledge=knowledge,
            recordings=folder / "recordings",
            system=settings.server.system,
            clock=clock,
        ),
        writer=EvidenceWriter(),
        model_writer=_model_writer(settings),
        clock=clock,
        embedder=embedder,
        remembering=threading.Lock(),
    )


def rebuild_knowledge(settings: Settings, progress: Callable[[int, int], None]) -> int:
    """Make the index of the knowledge base anew from its records, with the embedding model that is set now.

    Returns:
        How many entries it holds.

    Raises:
        KnowledgeBaseError: Another process has the workspace open, or the model cannot be loaded.
    """
    with _open_knowledge(settings, _embedder(settings), clock=utc_now, anew=True, progress=progress) as knowledge:
        return knowledge.opening.findable


def _open_knowledge(
    settings: Settings,
    embedder: Embedder,
    *,
    clock: Callable[[], datetime],
    anew: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> KnowledgeBase:
    told = settings.knowledge
    server = _index_server(told) if told.index_url else None
    return KnowledgeBase.open(
        settings.workspace.path / KNOWLEDGE_FOLDER,
        embedder=embedder,
        database_url=told.database_url.get_secret_value() or None,
        index_server=server,
        rules=ReviewRules(two_person=told.two_person_rule, review_days=told.review_days),
        reranker=CrossEncoder(told.cross_encoder, threads=_EMBEDDING_THREADS) if told.cross_encoder else None,
        clock=clock,
        anew=anew,
        progress=progress,
    )


def _embedder(settings: Settings) -> Embedder:
    told = settings.embedding
    return SentenceTransformerEmbedder(told.model or ALL_MINILM, threads=_EMBEDDING_THREADS, precision=told.precision)


def _index_server(told: KnowledgeSettings) -> IndexServer:
    return IndexServer(url=told.index_url, token=told.index_token.get_secret_value(), collection=told.index_collection)


def _slos(settings: Settings) -> tuple[Slo, ...]:
    return tuple(
        Slo(
            name=one.name,
            service=one.service,
            sli="latency" if one.threshold_ms is not None else "availability",
            objective=one.objective,
            threshold_ms=one.threshold_ms,
        )
        for one in settings.slo
    )


def _model_writer(settings: Settings) -> AnswerWriter | None:
    if not settings.model.name:
        return None
    model = settings.model
    return ModelWriter(
        ModelSettings(
            model=model.name,
            api_base=model.api_base or None,
            timeout_seconds=model.timeout_seconds,
            max_tokens=model.max_tokens,
        )
    )
