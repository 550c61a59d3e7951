"""An answer written by our own code, from the evidence and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from assistant.answers import wording
from assistant.answers.citations import entries_by_id
from assistant.answers.markup import fenced, inline_code, plain
from assistant.answers.values import AnswerRequest
from assistant.diagnosis.values import Diagnosis, Evidence, Hypothesis
from assistant.taxonomy import DESCRIPTIONS
from knowledge_base import Match, ReviewStatus

MOST_EVIDENCE: Final = 6
MOST_LINES: Final = 3
MOST_ENTRIES: Final = 3
MOST_RULED_OUT: Final = 3
_WEAK: Final = 0.3


class EvidenceWriter:
    """Writes for an on-call engineer at three in the morning: the verdict first, then why, then what to do."""

    @property
    def name(self) -> str:
        """The name that answers of our own code carry."""
        return "evidence"

    def write(self, request: AnswerRequest) -> Iterator[str]:
        """Yield the answer section by section; it never fails for lack of evidence, it says so."""
        diagnosis = request.diagnosis
        if diagnosis is None:
            sections = _without_diagnosis(request)
        elif diagnosis.top is None or diagnosis.abstained:
            sections = _abstention(request, diagnosis)
        else:
            sections = _finding(request, diagnosis, diagnosis.top)
        yield from (f"{section}\n\n" for section in sections if section)


def _finding(request: AnswerRequest, diagnosis: Diagnosis, top: Hypothesis) -> Iterator[str]:
    yield _verdict(request, diagnosis, top)
    yield _about_scope(request, diagnosis, top)
    yield _incident_line(request)
    yield _why(request, diagnosis, top)
    yield _other_causes(diagnosis)
    yield _seen_before(request)
    yield _what_next(request, top)
    yield _readings(request, request.scope.services_concerned)
    yield _not_known(diagnosis)


def _abstention(request: AnswerRequest, diagnosis: Diagnosis) -> Iterator[str]:
    reason = _sentence(diagnosis.abstention_reason or "no signal differs enough from its baseline to name a cause")
    yield f"**Nothing stands out** in {inline_code(diagnosis.system)}: {reason}"
    yield _looked_at(request, diagnosis)
    yield _incident_line(request)
    if diagnosis.evidence:
        yield _section("What was seen all the same", _evidence_lines(request, diagnosis.evidence))
    yield _readings(request, request.scope.services_concerned or tuple(request.signals))
    if request.similar:
        yield _seen_before(request)
    yield _section(
        "What to do next",
        (
            "- If something is wrong now, ask again in a minute: what has only begun may not show yet.",
            "- Name the service or the operation that worries you, and check that it sends telemetry.",
        ),
    )
    yield _not_known(diagnosis)


def _without_diagnosis(request: AnswerRequest) -> Iterator[str]:
    yield "**No diagnosis could be made**: there was no telemetry to make one from."
    yield _incident_line(request)
    yield _readings(request, request.scope.services_concerned or tuple(request.signals))
    yield _seen_before(request) if request.similar else ""
    yield _section(
        "What to do next",
        (
            "- Check that the collector runs and that the services send to it (`firedrill doctor`).",
            "- Ask again once telemetry arrives.",
        ),
    )


def _verdict(request: AnswerRequest, diagnosis: Diagnosis, top: Hypothesis) -> str:
    kind = DESCRIPTIONS[top.kind]
    unsure = top.probability < _WEAK or diagnosis.none_probability > top.probability
    begin = "No cause stands out clearly; the best lead is" if unsure else "Most likely:"
    since = f", since {wording.clock(diagnosis.onset, request.now)}" if diagnosis.onset else ""
    verdict = f"**{begin} {kind.title} {wording.place(top)}**: {wording.probability(top.probability)}{since}."
    return f"{verdict} {kind.meaning}"


def _about_scope(request: AnswerRequest, diagnosis: Diagnosis, top: Hypothesis) -> str:
    scope = request.scope
    if scope.whole_system:
        return (
            f"The question names no service or operation that is known, so all of {_system(diagnosis)} was looked at."
        )
    if scope.holds_cause(top):
        return ""
    asked = _asked_about(request)
    where = wording.place(top)
    touched = [one.id for one in diagnosis.evidence if scope.covers(one)]
    if touched:
        return f"{asked} is affected {_cite(touched[:3])}, but the cause lies elsewhere: {where}."
    return f"Nothing unusual was seen on {asked} itself; the system's problem lies elsewhere: {where}."


def _asked_about(request: AnswerRequest) -> str:
    operations = (f"{inline_code(one.name)} at {inline_code(one.service)}" for one in request.scope.operations)
    return ", ".join((*(inline_code(name) for name in request.scope.services), *operations))


def _looked_at(request: AnswerRequest, diagnosis: Diagnosis) -> str:
    window = f"{_clock(request, diagnosis.window.start)} to {_clock(request, diagnosis.window.end)}"
    compared = (
        "it was compared with what came before" if diagnosis.baseline else "there was no baseline to compare with"
    )
    about = f"all of {_system(diagnosis)}" if request.scope.whole_system else f"{_asked_about(request)} and the rest"
    return f"Looked at: {about}, from {window}; {compared}."


def _incident_line(request: AnswerRequest) -> str:
    said = [f"Incident: {plain(request.incident_title, 200)}"] if request.incident_title else []
    times = request.timeline
    if times:
        steps = (
            ("detected", times.detected),
            ("acknowledged", times.acknowledged),
            ("mitigated", times.mitigated),
            ("resolved", times.resolved),
        )
        said += [f"{step} {_clock(request, at)}" for step, at in steps if at]
        said += ["not resolved yet"] if times.resolved is None else []
    return f"{'; '.join(said)}." if said else ""


def _why(request: AnswerRequest, diagnosis: Diagnosis, top: Hypothesis) -> str:
    by_id = {one.id: one for one in diagnosis.evidence}
    chosen = [by_id[id_] for id_ in top.evidence if id_ in by_id]
    return _section("Why", _evidence_lines(request, chosen or diagnosis.evidence))


def _evidence_lines(request: AnswerRequest, evidence: Iterable[Evidence]) -> Iterator[str]:
    shown = tuple(evidence)[:MOST_EVIDENCE]
    for one in shown:
        since = f"from {_clock(request, one.onset)}" if one.onset else None
        numbers = ", ".join(said for said in (wording.change(one), since) if said)
        trace = f" Example trace: {inline_code(one.trace_ids[0])}." if one.trace_ids else ""
        yield f"- [{one.id}] {plain(one.summary).rstrip('.')}{f' ({numbers})' if numbers else ''}.{trace}"
    for one in shown:
        if one.log_lines:
            quoted = fenced(one.log_lines[:MOST_LINES])
            yield f"\nLines of {inline_code(one.service)} as they were written [{one.id}]:\n\n{quoted}"


def _other_causes(diagnosis: Diagnosis) -> str:
    lines = [
        f"{rank}. {DESCRIPTIONS[one.kind].title} {wording.place(one)}: {wording.percent(one.probability)}"
        f"{f' {_cite(one.evidence[:3])}' if one.evidence else ''}"
        for rank, one in enumerate(diagnosis.hypotheses[1:], start=2)
    ]
    lines += [
        f"- Ruled out: {DESCRIPTIONS[one.kind].title} in {inline_code(one.service)}: {_sentence(one.reason)}"
        for one in diagnosis.rejected[:MOST_RULED_OUT]
    ]
    return _section("Other possible causes", lines or ["None was found."])


def _seen_before(request: AnswerRequest) -> str:
    matches = list(entries_by_id(request).items())[:MOST_ENTRIES]
    lines = [_entry_line(id_, match) for id_, match in matches]
    return _section("Seen before", lines or ["Nothing similar is known."])


def _entry_line(id_: str, match: Match) -> str:
    entry = match.entry
    cause = f" It was: {_sentence(entry.cause)}" if entry.cause else " Its cause is not known."
    fix = f" What fixed it: {_sentence(entry.fix)}" if entry.fix else " What fixed it is not known."
    notes = "".join((f", {entry.kind}", _review(match)))
    return f"- [{id_}] {plain(entry.title, 200)} ({wording.percent(match.score)} alike{notes}).{cause}{fix}"


def _what_next(request: AnswerRequest, top: Hypothesis) -> str:
    lines = [
        f"What fixed [{id_}]{_review(match, brackets=True)}: {_sentence(match.entry.fix)}"
        for id_, match in entries_by_id(request).items()
        if match.entry.fix and match.entry.fault_kind == top.kind and match.entry.status is not ReviewStatus.DEPRECATED
    ][:MOST_ENTRIES]
    lines += wording.next_steps(top)
    return _section("What to do next", (f"{number}. {line}" for number, line in enumerate(lines, start=1)))


def _review(match: Match, *, brackets: bool = False) -> str:
    said = {
        ReviewStatus.APPROVED: "",
        ReviewStatus.DEPRECATED: "deprecated: may no longer hold",
    }.get(match.entry.status, "unreviewed")
    if not said:
        return ""
    return f" ({said})" if brackets else f", {said}"


def _readings(request: AnswerRequest, services: Iterable[str]) -> str:
    lines = [
        f"- {inline_code(service)}: {'; '.join(plain(line, 200) for line in request.signals[service])}"
        for service in services
        if request.signals.get(service)
    ]
    return _section("Readings now", lines)


def _not_known(diagnosis: Diagnosis) -> str:
    lines = [f"- {_sentence(one)}" for one in diagnosis.unknown]
    if diagnosis.missing:
        lines.append(f"- Not collected: {', '.join(inline_code(one) for one in diagnosis.missing)}.")
    if diagnosis.hypotheses and diagnosis.none_probability > 0:
        lines.append(f"- That it is none of these causes: {wording.percent(diagnosis.none_probability)}.")
    if diagnosis.failed_parts:
        broken = ", ".join(inline_code(part) for part in diagnosis.failed_parts)
        lines.append(f"- What these parts of the engine would have found, as they broke: {broken}.")
    return _section("What is not known", lines)


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"### {title}\n\n{body}" if body else ""


def _sentence(text: str) -> str:
    said = plain(text)
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


def _cite(ids: Iterable[str]) -> str:
    return f"[{', '.join(ids)}]"


def _clock(request: AnswerRequest, at: datetime) -> str:
    return wording.clock(at, request.now)


def _system(diagnosis: Diagnosis) -> str:
    return inline_code(diagnosis.system)
