"""From a recording to a diagnosis."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.diagnosis.case import Case, open_case
from assistant.diagnosis.finding import Finding, Part
from assistant.diagnosis.parts import PARTS
from assistant.diagnosis.propagation import known_calls, propagation_of, timeline_of
from assistant.diagnosis.ranking import Ranking, rank
from assistant.diagnosis.values import Diagnosis, Evidence, Hypothesis
from telemetry import Recording, read_recording

_log = logging.getLogger(__name__)

# A deployment comes before the trouble that it makes, and so does the last sign of a service that went silent.
_BEFORE_THE_TROUBLE = frozenset({"deploy", "silence"})

_WOULD_HAVE_TOLD = {
    "metrics": "Metrics were not collected: whether a resource ran out, and whether a silent service still lives.",
    "spans": "Traces were not collected: where along the calls the failures begin.",
    "logs": "Logs were not collected: what the failing services say themselves.",
    "events": "Events were not collected: whether something was deployed or changed just before.",
}


def diagnose_folder(folder: Path, *, parts: Sequence[Part] = PARTS) -> Diagnosis:
    """Read a recording and diagnose it; the time taken includes the reading.

    Raises:
        RecordingError: The recording is missing or broken.
    """
    started = time.perf_counter()
    recording = read_recording(folder)
    found = diagnose(recording, parts=parts)
    return found.model_copy(update={"seconds": time.perf_counter() - started})


def diagnose(
    recording: Recording, *, parts: Sequence[Part] = PARTS, clock: Callable[[], float] = time.perf_counter
) -> Diagnosis:
    """Rank the causes that a recording speaks for, or abstain and say why.

    Reads the recording and nothing else. A part that breaks is named in the result, and the others still answer.
    """
    started = clock()
    case = open_case(recording)
    findings: list[Finding] = []
    failed: list[str] = []
    if case.comparable and case.after.stretches:
        for part in parts:
            if any(case.recording.table(table) is None for table in part.needs):
                continue
            try:
                findings += part.examine(case)
            except Exception:
                # A part meets data that nobody foresaw; the others must still answer, and the result names it.
                _log.exception("part %r failed on recording %s", part.name, recording.header.id)
                failed.append(part.name)
    ranking = rank(findings, case.recording.calls or (), watched=case.spans is not None and not case.spans.empty)
    reason = None if ranking.candidates else _why_nothing(case, failed)
    return _assemble(case, findings, ranking, reason, failed, clock() - started)


def _assemble(
    case: Case, findings: list[Finding], ranking: Ranking, reason: str | None, failed: list[str], seconds: float
) -> Diagnosis:
    ordered = _cited_first(findings, ranking)
    evidence: tuple[Evidence, ...] = tuple(finding.as_evidence(number) for number, finding in enumerate(ordered, 1))
    ids = {id(finding): item.id for finding, item in zip(ordered, evidence, strict=True)}
    hypotheses = tuple(
        Hypothesis(
            service=candidate.service,
            kind=candidate.kind,
            operation=candidate.operation,
            link=candidate.link,
            version=candidate.version,
            probability=probability,
            summary=candidate.summary,
            evidence=tuple(ids[id(finding)] for finding in candidate.findings),
        )
        for candidate, probability in ranking.candidates
    )
    header = case.recording.header
    missing = case.recording.missing
    named = {item for hypothesis in hypotheses[:1] for item in hypothesis.evidence}
    moved = [item for item in evidence if item.onset is not None and item.signal not in _BEFORE_THE_TROUBLE]
    onsets = [item.onset for item in moved if item.id in named and item.onset is not None]
    onset = None if reason else min(onsets, default=case.onset)
    calls = known_calls(case.recording.calls, case.spans)
    resolution = max(case.bucket_seconds, header.resolution_seconds)
    return Diagnosis(
        recording_id=header.id,
        system=header.system,
        alert=header.alert,
        window=header.window,
        baseline=case.before.stretches,
        onset=onset,
        hypotheses=hypotheses,
        evidence=evidence,
        timeline=timeline_of(evidence, onset),
        propagation=propagation_of(evidence, calls, onset, resolution_seconds=resolution),
        rejected=ranking.rejected,
        none_probability=ranking.none_probability,
        abstained=reason is not None,
        abstention_reason=reason,
        missing=missing,
        unknown=tuple(_WOULD_HAVE_TOLD[name] for name in missing),
        failed_parts=tuple(failed),
        seconds=seconds,
    )


def _cited_first(findings: list[Finding], ranking: Ranking) -> list[Finding]:
    """Number the evidence in the order in which a reader meets it: the likeliest cause's first."""
    ordered: list[Finding] = []
    for candidate, _ in ranking.candidates:
        ordered += [finding for finding in candidate.findings if not any(finding is other for other in ordered)]
    return ordered + [finding for finding in findings if not any(finding is other for other in ordered)]


def _why_nothing(case: Case, failed: list[str]) -> str:
    if len(case.recording.missing) == 4:
        return "The recording holds no telemetry at all."
    if not case.comparable:
        return (
            "There is no baseline to compare with: the recording has "
            f"{case.seconds_before:.0f} s of telemetry known to be normal."
        )
    if not case.after.stretches:
        return "The recording ends before the alert; there is nothing to look at."
    if failed:
        return f"Nothing stood out, but these parts could not look: {', '.join(failed)}."
    return "Nothing stands out against the baseline."
