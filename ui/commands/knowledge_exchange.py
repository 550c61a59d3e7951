from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from assistant.knowledge_client import KnowledgeClient
from assistant.knowledge_values import Becomes, FileProblem, ImportJob, ImportState, PlannedFile
from ui.bad_use import BadUse
from ui.commands.knowledge import filters_of
from ui.commands.output import print_json, print_table, printable, say
from ui.connect import knowledge_assistant
from ui.exits import Exit
from ui.export_files import check_target, write_file, write_folder
from ui.login import author_of
from ui.progress import Told, progress_bar
from ui.settings_reading import load_settings

_PATIENCE_SECONDS: Final = 600.0
_FILES_SHOWN: Final = 200
_PROBLEMS_SHOWN: Final = 100
_NAMES_SHOWN: Final = 3
_COLUMNS: Final[tuple[Becomes, ...]] = ("new", "changed", "unchanged", "duplicate")


def run(arguments: argparse.Namespace) -> Exit:
    """Bring entries in, after showing what would be done; or take all out."""
    loaded = load_settings(file=arguments.config)
    if arguments.action == "import":
        path = arguments.path.resolve()
        if not path.exists():
            raise BadUse(f"there is no file or folder {arguments.path}")
        with knowledge_assistant(loaded, may_make_workspace=True) as client:
            return _import(client.knowledge, path, arguments)
    check_target(arguments.out, as_folder=arguments.format == "markdown")
    with knowledge_assistant(loaded) as client:
        return _export(client.knowledge, arguments)


def _import(knowledge: KnowledgeClient, path: Path, arguments: argparse.Namespace) -> Exit:
    author, keep_review = author_of(arguments), arguments.keep_review
    previewed = knowledge.start_import(path, author=author, dry_run=True, keep_review=keep_review)
    plan = _done(knowledge, previewed, "reading")
    if not arguments.json:
        _show_plan(plan)
    if arguments.preview or not plan.to_write:
        if arguments.json:
            print_json(plan)
        return _exit_of(plan)
    if not arguments.yes:
        _ask(plan)
    begun = knowledge.start_import(path, author=author, expected=plan.digest, keep_review=keep_review)
    made = _done(knowledge, begun, "writing")
    if arguments.json:
        print_json(made)
    else:
        status = (
            "their review is as the export has it" if keep_review else "new ones are drafts until somebody reviews them"
        )
        print(f"{made.written} entries written; {status}")
    return _exit_of(made)


def _done(knowledge: KnowledgeClient, job: ImportJob, doing: str) -> ImportJob:
    with progress_bar() as told:
        done = knowledge.wait_for_import(job.id, _PATIENCE_SECONDS, lambda now: _tell(told, now, doing))
    if done.state is not ImportState.DONE:
        raise BadUse(f"the import is not done: {done.problem or 'the server was stopped'}")
    return done


def _tell(told: Told, job: ImportJob, doing: str) -> None:
    if job.state in (ImportState.READING, ImportState.WRITING):
        told("reading" if job.state is ImportState.READING else doing, job.done, job.total)


def _ask(plan: ImportJob) -> None:
    if not sys.stdin.isatty():
        raise BadUse("nothing was written; --yes writes it")
    sys.stderr.write(f"write {plan.to_write} entries? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise BadUse("nothing was written, as you wished")


def _show_plan(plan: ImportJob) -> None:
    rows = [_file_row(file) for file in plan.files if file.entries or any(map(_is_serious, file.problems))]
    print_table(("file", *_COLUMNS, "problems"), rows[:_FILES_SHOWN])
    if len(rows) > _FILES_SHOWN:
        print(f"... and {len(rows) - _FILES_SHOWN} files more; --json tells of all")
    said = [*(line for file in plan.files for line in _problems(file)), *_notes(plan)]
    for line in said[:_PROBLEMS_SHOWN]:
        print(printable(line))
    if len(said) > _PROBLEMS_SHOWN:
        print(f"... and {len(said) - _PROBLEMS_SHOWN} more; --json tells all")
    counts = ", ".join(f"{plan.counts[becomes]} {becomes}" for becomes in _COLUMNS)
    print(f"{len(plan.files)} files: {counts}")
    if not plan.to_write:
        say("there is nothing to write")


def _file_row(file: PlannedFile) -> tuple[str, ...]:
    counts = [sum(entry.becomes == becomes for entry in file.entries) for becomes in _COLUMNS]
    serious = sum(map(_is_serious, file.problems))
    return (file.name, *(str(number) if number else "" for number in counts), str(serious) if serious else "")


def _is_serious(problem: FileProblem) -> bool:
    return problem.severity != "note"


def _notes(plan: ImportJob) -> list[str]:
    """Tell each note once, however many files it is about."""
    files: dict[str, list[str]] = {}
    for file in plan.files:
        for note in dict.fromkeys(problem.text for problem in file.problems if not _is_serious(problem)):
            files.setdefault(note, []).append(file.name)
    return [
        f"{names[0]}: note: {note}" if len(names) == 1 else f"in {len(names)} files: note: {note} ({_some(names)})"
        for note, names in files.items()
    ]


def _some(names: list[str]) -> str:
    shown, more = names[:_NAMES_SHOWN], len(names) - _NAMES_SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _problems(file: PlannedFile) -> list[str]:
    lines = [f"{file.name}: {one.severity}: {one.text}" for one in file.problems if _is_serious(one)]
    for entry in file.entries:
        if entry.becomes == "duplicate":
            lines.append(f"{file.name}: duplicate: {entry.title}: {entry.reason}")
        if entry.warning:
            lines.append(f"{file.name}: warning: {entry.title}: {entry.warning}")
        if entry.marks:
            lines.append(f"{file.name}: marked: {entry.title}: {', '.join(entry.marks).replace('_', ' ')}")
    return lines


def _exit_of(job: ImportJob) -> Exit:
    """Say whether everything could be taken: yes, not everything, or nothing at all."""
    errors = any(problem.severity == "error" for file in job.files for problem in file.problems)
    if not sum(job.counts.values()):
        return Exit.BAD_INPUT
    return Exit.ANSWER_IS_NO if errors else Exit.DONE


def _export(knowledge: KnowledgeClient, arguments: argparse.Namespace) -> Exit:
    filters = filters_of(arguments)
    if arguments.format == "markdown":
        files = write_folder(knowledge.export("zip", filters), arguments.out)
        said = f"{files} files in {arguments.out}"
    else:
        size_bytes = write_file(knowledge.export(arguments.format, filters), arguments.out)
        said = f"{arguments.out}, {size_bytes} bytes"
    if arguments.json:
        print_json({"out": str(arguments.out.resolve()), "format": arguments.format})
    else:
        print(said)
    return Exit.DONE
