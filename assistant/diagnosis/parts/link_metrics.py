"""On which calls time is lost on the way, where metrics tell both what the caller waited and what the callee took."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import clarity
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.link_readings import link_waits
from assistant.diagnosis.metric_shifts import LEAST_DEVIATION, first_beyond, metric_shifts

_MOST_FINDINGS: Final = 3
_CLEAR: Final = 8.0
# A fifth of what the call usually takes is little; milliseconds more between two quick services are nothing.
_LEAST_PART: Final = 0.2
_LINK: Final = "\x1f"


class LinkMetrics:
    """Compares the time that calls between two services spend on the way with the baseline."""

    name = "link metrics"
    needs = ("metrics",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services whose calls hang on the way, the furthest from the baseline first."""
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        waits = link_waits(metrics, case.recording.header.resolution_seconds)
        if waits.empty:
            return []
        readings = waits.assign(service=waits["caller"] + _LINK + waits["callee"], pod="")
        shifts = _shifts(case, readings)
        if shifts.empty:
            return []
        shifts[["caller", "callee"]] = shifts["service"].str.split(_LINK, n=1, expand=True)
        slow = shifts["rise"] >= LEAST_DEVIATION
        found = shifts[slow]
        if found.empty:
            return []
        found = found.assign(begins_in=_begins_in(found, shifts, slow))
        worst = found.sort_values("rise", ascending=False, kind="stable").drop_duplicates("begins_in")
        return [self._finding(case, row, readings) for row in worst.head(_MOST_FINDINGS).itertuples(index=False)]

    def _finding(self, case: Case, row: Any, readings: pd.DataFrame) -> Finding:
        mine = readings[(readings["service"] == row.service) & (readings["metric"] == row.metric)]
        way = f"on the way from {row.caller} to {row.callee}"
        return Finding(
            signal="link_metric",
            service=row.begins_in,
            link=(row.caller, row.callee),
            share=1.0,
            strength=0.95 * clarity(row.rise, clear=_CLEAR),
            summary=f"Calls spend {row.high:.4g} {way}, {row.before:.4g} before (in the unit of {row.metric})",
            query=f"{row.metric}, less the same as the callee tells it",
            window=case.since_search.whole,
            before=float(row.before),
            after=float(row.high),
            onset=first_beyond(case, mine, row.before, row.high),
            series=case.series(mine["ts"], mine["value"], how="mean"),
        )


def _shifts(case: Case, readings: pd.DataFrame) -> pd.DataFrame:
    """Compare each link's wait with its baseline, in parts of what the whole call usually takes."""
    usual = case.before.of(readings).groupby("service")["whole"].median()
    whole = readings["service"].map(usual)
    parts = readings.assign(value=readings["value"] / whole.where(whole > 0))
    shifts = metric_shifts(case, parts, least_spread=_LEAST_PART)
    scale = shifts["service"].map(usual)
    return shifts.assign(before=shifts["before"] * scale, high=shifts["high"] * scale)


def _begins_in(found: pd.DataFrame, links: pd.DataFrame, slow: pd.Series) -> list[str]:
    """Put each slow link down to the end of which more links are slow, to the callee where both are alike."""
    ends = pd.concat([pd.DataFrame({"end": links[end], "slow": slow.to_numpy()}) for end in ("caller", "callee")])
    share = ends.groupby("end")["slow"].mean()
    pairs = zip(found["caller"], found["callee"], strict=True)
    return [str(callee if share[callee] >= share[caller] else caller) for caller, callee in pairs]
