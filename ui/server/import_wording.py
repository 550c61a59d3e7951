"""An import's plan as the API tells it."""

from __future__ import annotations

from assistant.knowledge_values import FileProblem, PlannedEntry, PlannedFile
from knowledge_base import FilePlan, ImportPlan
from knowledge_base import PlannedEntry as Planned


def files_of(plan: ImportPlan) -> tuple[PlannedFile, ...]:
    """Say what is in each file, what becomes of it, and what is amiss."""
    return tuple(_file(file) for file in plan.files)


def _file(file: FilePlan) -> PlannedFile:
    return PlannedFile(
        name=file.name,
        sha256=file.sha256,
        entries=tuple(_entry(planned) for planned in file.entries),
        problems=tuple(FileProblem(severity=problem.severity, text=str(problem)) for problem in file.problems),
    )


def _entry(planned: Planned) -> PlannedEntry:
    return PlannedEntry(
        entry_id=planned.entry.id,
        title=planned.entry.title,
        kind=planned.entry.kind,
        becomes=planned.action.value,
        fields=planned.fields,
        reason=planned.reason,
        warning=planned.warning,
        marks=tuple(mark.value for mark in planned.marks),
    )
