from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC
from typing import Final

from assistant.diagnosis import Diagnosis, diagnose_folder
from assistant.taxonomy import DESCRIPTIONS
from ui.bad_use import BadUse
from ui.commands.output import print_json, printable, say
from ui.connect import assistant
from ui.exits import Exit
from ui.settings_reading import load_settings
from ui.since_onset import since_onset

# A screen is read at once; the report and the JSON have everything.
_MOST_MOVEMENTS: Final = 8
_MOST_EVIDENCE: Final = 10
_MOST_REJECTED: Final = 5
_EVERYTHING: Final = "--html FILE or --json has everything"


def run(arguments: argparse.Namespace) -> Exit:
    """Diagnose a recording, or the latest telemetry; an abstention exits with 1."""
    if arguments.html is not None:
        from ui.report import check_target  # noqa: PLC0415 - brings what draws plots, which takes a second

        check_target(arguments.html)
    diagnosis = _diagnosed(arguments)
    if arguments.html is not None:
        from ui.report import report_html, write_whole  # noqa: PLC0415 - as above

        write_whole(arguments.html, report_html(diagnosis))
        say(f"the report is in {printable(str(arguments.html))}")
    if arguments.json:
        print_json(diagnosis)
    else:
        print(in_words(diagnosis))
    return Exit.ANSWER_IS_NO if diagnosis.abstained else Exit.DONE


def _diagnosed(arguments: argparse.Namespace) -> Diagnosis:
    if arguments.recording is not None:
        if not arguments.recording.is_dir():
            raise BadUse(f"there is no folder {arguments.recording}; name the folder of a recording")
        return diagnose_folder(arguments.recording)
    with assistant(load_settings(file=arguments.config), needs_telemetry=True) as client:
        return client.diagnose(last_seconds=arguments.last)


def in_words(diagnosis: Diagnosis) -> str:
    """Say a diagnosis in lines for a terminal."""
    at = diagnosis.alert.at.astimezone(UTC)
    lines = [f"{diagnosis.recording_id} ({diagnosis.system}), alert at {at:%Y-%m-%d %H:%M:%S} UTC"]
    for part in (_causes, _timeline, _evidence, _rejected, _not_known):
        lines += part(diagnosis)
    return "\n".join(printable("   ".join(line.splitlines())) for line in lines)


def _causes(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.abstained:
        yield f"No cause named: {diagnosis.abstention_reason}"
    for rank, hypothesis in enumerate(diagnosis.hypotheses, 1):
        cited = " ".join(f"[{item}]" for item in hypothesis.evidence)
        title = DESCRIPTIONS[hypothesis.kind].title
        yield f"{rank}. {hypothesis.probability:.0%} {title}: {hypothesis.summary} {cited}"
    if diagnosis.hypotheses:
        yield f"   {diagnosis.none_probability:.0%} something else"


def _timeline(diagnosis: Diagnosis) -> Iterator[str]:
    movements = diagnosis.timeline[:_MOST_MOVEMENTS]
    if not movements:
        return
    onset = diagnosis.onset
    yield "What moved" + (f", from the onset at {onset.astimezone(UTC):%H:%M:%S} UTC:" if onset else ":")
    sources = {arrival.service: arrival.sources for arrival in diagnosis.propagation}
    room = max(len(movement.service) for movement in movements)
    for movement in movements:
        seconds = movement.seconds_after_onset
        when = f"{movement.at.astimezone(UTC):%H:%M:%S}" if seconds is None else since_onset(seconds)
        # Where trouble came from is said once, where it arrived.
        origin = sources.pop(movement.service, ())
        came = f", from {' and '.join(origin)}" if origin else ""
        signal = movement.signal.replace("_", " ")
        yield f"  {when:>9}  {movement.service:<{room}}  {signal} [{movement.evidence}]{came}"
    yield from _more(len(diagnosis.timeline) - len(movements), "movements")


def _evidence(diagnosis: Diagnosis) -> Iterator[str]:
    if not diagnosis.evidence:
        return
    yield "Evidence:"
    shown = diagnosis.evidence[:_MOST_EVIDENCE]
    yield from (f"  {item.id} {item.summary}" for item in shown)
    yield from _more(len(diagnosis.evidence) - len(shown), "pieces")


def _rejected(diagnosis: Diagnosis) -> Iterator[str]:
    shown = diagnosis.rejected[:_MOST_REJECTED]
    yield from (f"ruled out: {one.service}, {DESCRIPTIONS[one.kind].title}: {one.reason}" for one in shown)
    yield from _more(len(diagnosis.rejected) - len(shown), "causes that were ruled out")


def _not_known(diagnosis: Diagnosis) -> Iterator[str]:
    yield from (f"not known: {sentence}" for sentence in diagnosis.unknown)
    yield from (f"could not look: {part}" for part in diagnosis.failed_parts)


def _more(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"  ... and {count} more {what}; {_EVERYTHING}"
