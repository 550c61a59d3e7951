"""Which services say in their metrics that they got slower or fail more: what is left to go by without traces."""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import clarity
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.metric_shifts import LEAST_DEVIATION, first_beyond, metric_shifts

_LATENCY: Final = re.compile(r"latency|duration|response_?time|elapsed", re.IGNORECASE)
_FAILURES: Final = re.compile(r"error|fail|fault|5xx|exception", re.IGNORECASE)
_SUCCESSES: Final = re.compile(r"availability|success|uptime", re.IGNORECASE)
# Shares of success lie close to one; a tenth of that is a lot.
_SUCCESS_FLOOR: Final = 0.01
# Of the few services that users reach, less is noticed already than must show inside to be a lead.
_NOTICED: Final = 2.0
_MOST_FINDINGS: Final = 6


class ServiceMetrics:
    """Compares latency, failures and availability of each service, as its metrics tell them, with the baseline."""

    name = "service metrics"
    needs = ("metrics",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services that got worse, most first; nothing where traces tell the same more exactly."""
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        if case.spans is not None and not case.spans.empty:
            return []
        name = metrics["metric"]
        success = name.str.contains(_SUCCESSES)
        slow = _worse(metric_shifts(case, metrics[name.str.contains(_LATENCY)], least_deviation=_NOTICED), 1)
        failing = _worse(
            metric_shifts(case, metrics[name.str.contains(_FAILURES) & ~success], least_deviation=_NOTICED), 1
        )
        answered = _worse(
            metric_shifts(case, metrics[success], spread_floor=_SUCCESS_FLOOR, least_deviation=_NOTICED), -1
        )
        failing = pd.concat([failing, answered])
        if not _reaches_users(case, pd.concat([slow, failing])["service"]):
            return []
        return [*self._worst(case, "latency_metric", slow), *self._worst(case, "error_metric", failing)]

    def _worst(self, case: Case, signal: str, shifts: pd.DataFrame) -> list[Finding]:
        ordered = shifts.sort_values("deviation", ascending=False, key=abs, kind="stable")
        clear = ordered[(ordered["service"] != "") & (ordered["deviation"].abs() >= LEAST_DEVIATION)]
        worst = clear.drop_duplicates("service").head(_MOST_FINDINGS)
        return [self._finding(case, signal, row) for row in worst.itertuples(index=False)]

    def _finding(self, case: Case, signal: str, row: Any) -> Finding:
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        mine = metrics[
            (metrics["service"] == row.service) & (metrics["metric"] == row.metric) & (metrics["pod"] == row.pod)
        ]
        moved = "rose" if row.deviation > 0 else "fell"
        return Finding(
            signal=signal,
            service=row.service,
            strength=0.8 * clarity(abs(row.deviation), clear=20),
            summary=f"{row.metric} of {row.service} {moved} to {row.after:.4g}, {row.before:.4g} before (medians)",
            query=row.metric,
            window=case.after.whole,
            before=float(row.before),
            after=float(row.after),
            onset=first_beyond(case, mine, row.before, row.after),
            series=case.series(mine["ts"], mine["value"], how="mean"),
        )


def _worse(shifts: pd.DataFrame, direction: int) -> pd.DataFrame:
    return shifts[shifts["deviation"] * direction > 0]


def _reaches_users(case: Case, worse: pd.Series) -> bool:
    """Say whether services got worse that users reach; many a service inside is slow now and then, unnoticed.

    The empty service stands for the system as a whole. Where nobody says what users reach, any service counts.
    """
    header = case.recording.header
    noticed = {"", *header.entry_services, header.alert.service}
    return bool(worse.isin(noticed).any()) if header.entry_services else not worse.empty
