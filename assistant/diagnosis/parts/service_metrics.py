"""Which services say in their metrics that they got slower or fail more: what is left to go by without traces."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import numpy as np
import pandas as pd

from assistant.diagnosis.amounts import excess_amounts, own_share, usual_amounts
from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import clarity
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.metric_shifts import LEAST_DEVIATION, first_beyond, metric_shifts
from assistant.diagnosis.service_signals import ServiceSignals, service_signals

# Shares of failures lie close to zero; three requests of a thousand more are something.
_LEAST_SPREAD_OF_FAILURES: Final = 0.003
# Trouble inside counts when users could feel it: extra time as a part of all the time that they wait, failures as a
# part of all that they ask for.
_LEAST_FELT: Final = {"latency_metric": 0.03, "error_metric": 0.002}
# Where none of its callers got worse, what a service says of itself is doubtful; of failures less so, since callers try
# again.
_UNHEARD: Final = {"latency_metric": 0.25, "error_metric": 0.5}
_HEARD: Final = 1.0
_MET_BY_USERS: Final = 0.4
_MOST_FINDINGS: Final = 6
_CLEAR: Final = 8.0


class ServiceMetrics:
    """Compares latency and failures of each service, as its metrics tell them, with the baseline."""

    name = "service metrics"
    needs = ("metrics",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services in which slowness or failures begin, except where traces tell the same more exactly."""
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        signals = service_signals(metrics, case.recording.header.resolution_seconds)
        slow = metric_shifts(case, signals.latency)
        failing = metric_shifts(case, signals.failures, least_spread=_LEAST_SPREAD_OF_FAILURES)
        counted = metric_shifts(case, signals.failure_counts, least_spread=_chance_of_counts(case, signals))
        watched = _watched(case)
        return [
            *self._findings(case, "latency_metric", signals.latency, slow, signals, watched),
            *self._findings(case, "error_metric", signals.failures, failing, signals, watched),
            *self._findings(case, "error_metric", signals.failure_counts, counted, None, watched),
        ]

    def _findings(
        self,
        case: Case,
        signal: str,
        readings: pd.DataFrame,
        shifts: pd.DataFrame,
        signals: ServiceSignals | None,
        watched: Collection[str],
    ) -> list[Finding]:
        """Give a finding for each service that moved, with the share of the trouble that began in it."""
        told = (shifts["service"] != "") & ~shifts["service"].isin(watched)
        clear = shifts[(shifts["rise"] >= LEAST_DEVIATION) & told].set_index("service")
        if clear.empty:
            return []
        now = case.since_search.of(readings)
        traffic = signals.traffic if signals is not None else readings.iloc[:0]
        step = case.recording.header.resolution_seconds
        excess = excess_amounts(now, clear["before"], traffic, step)
        calls = case.recording.calls or ()
        clear["share"] = own_share(excess, calls).reindex(clear.index).fillna(0.0)
        usual = shifts.set_index("service")["before"]
        worth = usual_amounts(now, usual if signal == "latency_metric" else usual * 0 + 1, traffic, step)
        felt = excess.reindex(clear.index) / _by_users(case, worth)
        risen = set(shifts.loc[shifts["stir"] >= _HEARD, "service"])
        heard = calls if case.recording.header.entry_services else ()
        clear["doubt"] = [
            1.0 if _is_heard(str(service), heard, risen, set(usual.index)) else _UNHEARD[signal]
            for service in clear.index
        ]
        # Users meet the trouble of all others at the services that they reach, where nobody says who calls whom.
        meets = clear.index.isin(case.recording.header.entry_services) & (len(clear) > 1 or bool(watched)) & (not calls)
        clear["doubt"] = clear["doubt"] * np.where(meets, _MET_BY_USERS, 1.0)
        real = (clear["share"] > 0) & ((felt >= _LEAST_FELT[signal]) | (signals is None))
        worst = clear[real].sort_values(["share", "rise"], ascending=False, kind="stable")
        return [self._finding(case, signal, row, readings) for row in worst.head(_MOST_FINDINGS).itertuples()]

    def _finding(self, case: Case, signal: str, row: Any, readings: pd.DataFrame) -> Finding:
        mine = readings[readings["service"] == row.Index]
        return Finding(
            signal=signal,
            service=str(row.Index),
            share=float(row.share),
            strength=0.95 * clarity(float(row.rise), clear=_CLEAR) * float(row.share) ** 0.5 * float(row.doubt),
            summary=(
                f"{_reading(signal, row.metric)} of {row.Index} rose to {row.high:.4g}, {row.before:.4g} before; "
                f"{row.share:.0%} of the trouble begins there"
            ),
            query=row.metric,
            window=case.since_search.whole,
            before=float(row.before),
            after=float(row.high),
            onset=first_beyond(case, mine, row.before, row.high),
            series=case.series(mine["ts"], mine["value"], how="mean"),
        )


def _watched(case: Case) -> set[str]:
    """Give the services whose requests were recorded before and since: their traces tell the same more exactly."""
    if case.spans is None or case.spans.empty:
        return set()
    before, since = case.before.of(case.spans)["service"], case.since_search.of(case.spans)["service"]
    return set(before) & set(since)


def _chance_of_counts(case: Case, signals: ServiceSignals) -> float:
    """Give by how much small counts of failures vary by chance, in their own unit.

    The smallest that was ever read stands for one failure; counts vary by their square root (Poisson).
    """
    counts = signals.failure_counts
    one = float(counts.loc[counts["value"] > 0, "value"].min()) if (counts["value"] > 0).any() else 0.0
    usual = case.before.of(counts).groupby("service")["value"].mean()
    level = float(usual.max()) if len(usual) else 0.0
    return one * max(1.0, (level / one) ** 0.5) if one > 0 else 0.0


def _reading(signal: str, metric: str) -> str:
    return metric if signal == "latency_metric" else f"The failing share by {metric}"


def _by_users(case: Case, worth: pd.Series) -> float:
    """Give what the services have that users reach, of the readings that add up; that of the largest where unknown."""
    entries = worth.reindex(list(case.recording.header.entry_services)).max()
    return float(entries if entries > 0 else worth.max())


def _is_heard(service: str, calls: Collection[tuple[str, str]], risen: Collection[str], told: Collection[str]) -> bool:
    """Say whether any caller of a service got worse too; true where none of them could tell."""
    callers = {caller for caller, callee in calls if callee == service and caller in told and caller != service}
    return not callers or bool(callers & set(risen))
