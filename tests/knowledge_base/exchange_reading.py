"""Reading rules, sources and what is known, shared by the tests of import and export."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from knowledge_base.entry import Entry
from knowledge_base.exchange.folder import read_files
from knowledge_base.exchange.plan import FilePlan, ImportPlan, PlannedEntry
from knowledge_base.exchange.values import FileReport, ReadingRules

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
RULES = ReadingRules(now=NOW, kinds=("database_connection", "service_down"))

RUNBOOK = """\
# PaymentsDown

## Meaning

No instance of payments answers.

## Impact

Nobody can pay.

## Diagnosis

Look at its pods.

## Mitigation

Start it again.
"""


def read(name: str, data: bytes | str, rules: ReadingRules = RULES) -> FileReport:
    """Read one file, which gives one report."""
    (report,) = read_files([(name, data.encode() if isinstance(data, str) else data)], rules)
    return report


def read_entry(name: str, data: bytes | str, rules: ReadingRules = RULES) -> Entry:
    """Read one file, which gives one entry."""
    report = read(name, data, rules)
    assert len(report.entries) == 1, report.problems
    return report.entries[0].entry


def errors(report: FileReport) -> list[str]:
    return [problem.text for problem in report.problems if problem.severity == "error"]


def told(report: FileReport) -> str:
    return " ".join(str(problem) for problem in report.problems)


@dataclass
class Known:
    """What is known, in memory."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def with_provenance(self, key: str, values: Collection[str]) -> Mapping[str, str]:
        wanted = set(values)
        return {one.provenance[key]: one.id for one in self.entries.values() if one.provenance.get(key) in wanted}

    def many(self, ids: Sequence[str]) -> Mapping[str, Entry]:
        return {one: self.entries[one] for one in ids if one in self.entries}

    def carry_out(self, plan: ImportPlan) -> None:
        for one in plan.written():
            self.entries[one.id] = one

    def edit(self, entry_id: str, **changes: Any) -> None:
        self.entries[entry_id] = self.entries[entry_id].model_copy(update=changes)


def planned(plan: ImportPlan) -> list[PlannedEntry]:
    return [one for file in plan.files for one in file.entries]


def actions(plan: ImportPlan | Iterable[FilePlan]) -> list[str]:
    files = plan.files if isinstance(plan, ImportPlan) else plan
    return [one.action.value for file in files for one in file.entries]
