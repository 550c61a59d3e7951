"""Where failures begin: the deepest failed span of each failed trace, and what sort of failure that is.

A failure travels up the call chain, so the service that users see failing is seldom the one at fault. The span that
failed although nothing it called failed is where to look; the idea is that of the spectrum methods (MicroRank,
TraceRCA), with the error status in place of an anomaly score.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any, Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.trace_view import attributes_of

_PLACE: Final = ["sort", "service", "callee"]
_FEWEST_EXCESS_FAILURES: Final = 3.0
_EXAMPLES: Final = 5
_EXCEPTION: Final = ("exception.type", "exception.message")
# One operation is named when most of the failures are in it; otherwise the whole service is.
_MAIN_OPERATION: Final = 0.7
# Failures of this many traces are read in full to tell what they are about; more say the same.
_MOST_READ: Final = 200

_DATABASE: Final = re.compile(
    r"postgres|psycopg|asyncpg|mysql|mariadb|sqlalchemy|sqlstate|jdbc|hikari|oracle|mongo|redis|database|\bsql\b",
    re.IGNORECASE,
)
_CONNECTION: Final = re.compile(
    r"connect|pool|too many clients|not permitted to log in|authentication|refused|administrator command|"
    r"server closed|shutting down|starting up",
    re.IGNORECASE,
)


class FailureOrigins:
    """Groups the failures that began after the onset by place and sort: own code, database, link."""

    name = "failure origins"
    needs = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        """Give one finding for each place where failures began more often than before."""
        assert case.spans is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        origins = case.spans[case.spans["origin"]]
        if origins.empty:
            return []
        origins = origins.sort_values("ts").drop_duplicates("trace_id")
        kinds = [_sort_of_failure(span) for span in origins.itertuples(index=False)]
        origins = origins.assign(
            sort=[kind[0] for kind in kinds],
            callee=[kind[1] for kind in kinds],
            connection=[kind[2] for kind in kinds],
        )
        after, before = case.after.of(origins), case.before.of(origins)
        longer = case.after.seconds / max(case.before.covered_seconds(case.spans["ts"], case.bucket_seconds), 1)
        expected = before.groupby(_PLACE).size() * longer
        excess = after.groupby(_PLACE).size().sub(expected, fill_value=0.0).sort_values(ascending=False)
        total = float(excess[excess > 0].sum())
        return [
            self._finding(case, place, float(failures), float(failures) / total, origins)
            for place, failures in excess.items()
            if failures >= _FEWEST_EXCESS_FAILURES
        ]

    def _finding(self, case: Case, place: Any, excess: float, share: float, origins: pd.DataFrame) -> Finding:
        sort, service, callee = place
        everything = origins[(origins[_PLACE] == list(place)).all(axis=1)]
        mine = case.after.of(everything)
        operation, count = Counter(mine["operation"]).most_common(1)[0]
        main = str(operation) if count >= _MAIN_OPERATION * len(mine) else None
        where = {
            "own_errors": f"in {service} itself",
            "database_errors": f"where {service} uses its database",
            "link_errors": f"on the way from {service} to {callee or 'another service'}",
        }[sort]
        before_rate = len(case.before.of(everything)) / max(case.before.seconds, 1)
        return Finding(
            signal=sort,
            service=service,
            operation=main,
            link=(service, callee) if sort == "link_errors" and callee else None,
            connection=bool(mine["connection"].mean() > 0.5),
            share=share,
            strength=0.98 * share * (1 - math.exp(-excess / 3)),
            summary=(
                f"{share:.0%} of the failed requests began to fail {where}"
                + (f" ({main})" if main else "")
                + f": {len(mine)} in {case.after.seconds:.0f} s, {before_rate * 60:.2g} a minute before"
            ),
            query=f"failed spans of {service} none of whose children failed",
            window=case.after.stretches[0],
            before=before_rate,
            after=len(mine) / max(case.after.seconds, 1),
            unit="failures/s",
            onset=mine["ts"].min().to_pydatetime(),
            series=case.series(everything["ts"]),
            trace_ids=tuple(mine["trace_id"].head(_EXAMPLES)),
            log_lines=_what_it_said(mine),
        )


def _sort_of_failure(span: Any) -> tuple[str, str, bool]:
    """Say of what sort a failure is, the callee where it is a call's, and whether it is about a connection."""
    attributes = attributes_of(span.attributes)
    said = " ".join(str(attributes.get(key, "")) for key in ("exception.type", "exception.message", "status.message"))
    connection = bool(_CONNECTION.search(said))
    if span.database:
        # A statement that the database answered with an error is the fault of whoever wrote the statement.
        return ("database_errors" if connection else "own_errors"), "", connection
    if span.kind == "CLIENT":
        return "link_errors", str(span.peer), False
    if connection and _DATABASE.search(said):
        return "database_errors", "", True
    return "own_errors", "", False


def _what_it_said(spans: pd.DataFrame) -> tuple[str, ...]:
    said: Counter[str] = Counter()
    for text in spans["attributes"].head(_MOST_READ):
        attributes = attributes_of(text)
        exception = ": ".join(str(attributes[key]) for key in _EXCEPTION if key in attributes)
        if exception:
            said[exception] += 1
    return tuple(text for text, _ in said.most_common(3))
