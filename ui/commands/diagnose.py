from __future__ import annotations

import argparse

from assistant.diagnosis import Diagnosis, diagnose_folder
from assistant.taxonomy import DESCRIPTIONS
from ui.bad_use import BadUse
from ui.commands.output import print_json, printable
from ui.connect import assistant
from ui.exits import Exit
from ui.settings_reading import load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Diagnose a recording, or the latest telemetry; an abstention exits with 1."""
    if arguments.recording is not None:
        if not arguments.recording.is_dir():
            raise BadUse(f"there is no folder {arguments.recording}; name the folder of a recording")
        diagnosis = diagnose_folder(arguments.recording)
    else:
        with assistant(load_settings(file=arguments.config).settings, needs_telemetry=True) as client:
            diagnosis = client.diagnose(last_seconds=arguments.last)
    if arguments.json:
        print_json(diagnosis)
    else:
        print(in_words(diagnosis))
    return Exit.ANSWER_IS_NO if diagnosis.abstained else Exit.DONE


def in_words(diagnosis: Diagnosis) -> str:
    """Say a diagnosis in lines for a terminal."""
    lines = [f"{diagnosis.recording_id} ({diagnosis.system}), alert at {diagnosis.alert.at:%Y-%m-%d %H:%M:%S} UTC"]
    if diagnosis.abstained:
        lines.append(f"No cause named: {diagnosis.abstention_reason}")
    for rank, hypothesis in enumerate(diagnosis.hypotheses, 1):
        cited = " ".join(f"[{item}]" for item in hypothesis.evidence)
        title = DESCRIPTIONS[hypothesis.kind].title
        lines.append(f"{rank}. {hypothesis.probability:.0%} {title}: {hypothesis.summary} {cited}")
    if diagnosis.hypotheses:
        lines.append(f"   {diagnosis.none_probability:.0%} something else")
    lines += [f"{item.id} {item.summary}" for item in diagnosis.evidence]
    lines += [f"ruled out: {one.service}, {DESCRIPTIONS[one.kind].title}: {one.reason}" for one in diagnosis.rejected]
    lines += [f"not known: {sentence}" for sentence in diagnosis.unknown]
    lines += [f"could not look: {part}" for part in diagnosis.failed_parts]
    return "\n".join(printable(" ".join(line.splitlines())) for line in lines)
