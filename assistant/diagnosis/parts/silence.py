"""Which services fell silent: they sent telemetry before, and nothing at all since."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.phases import Phase

# Exporters send every few seconds; silence is only silence when it lasts longer than that.
_SHORTEST_SILENCE: Final = timedelta(seconds=15)
# A service that sends now and then is silent only when it is so for longer than it usually was.
_LONGER_THAN_USUAL: Final = 3
_FEWEST_READINGS: Final = 10


class Silence:
    """Looks for services of which every signal stopped with the onset or later."""

    name = "silence"
    needs = ("metrics",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services that sent metrics before and neither metrics, spans nor lines at the end."""
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        tables = [
            table for table in (metrics, case.spans, case.recording.logs, _answered(case.spans)) if table is not None
        ]
        heard = pd.concat([table.groupby("service")["ts"].max() for table in tables]).groupby(level=0).max()
        shortest = max(_SHORTEST_SILENCE, timedelta(seconds=2 * case.recording.header.resolution_seconds))
        # When everything stopped, it is the telemetry that stopped.
        if heard.empty or heard.max() < case.recording.header.window.end - 2 * shortest:
            return []
        since = pd.Timestamp(case.onset) - shortest
        usual = _usual_gaps(metrics, case.before)
        findings = []
        for service, last in heard.items():
            quiet_for = heard.max() - last
            if service in usual and last >= since and quiet_for >= max(shortest, _LONGER_THAN_USUAL * usual[service]):
                findings.append(self._finding(case, str(service), last, quiet_for))
        return findings

    def _finding(self, case: Case, service: str, last: pd.Timestamp, quiet_for: pd.Timedelta) -> Finding:
        return Finding(
            signal="silence",
            service=service,
            strength=0.9,
            summary=f"{service} has sent no metric, span or line for {quiet_for.total_seconds():.0f} s",
            query=f"newest metric, span and log line of {service}",
            window=case.after.whole,
            after=quiet_for.total_seconds(),
            unit="s",
            onset=last.to_pydatetime(),
        )


def _answered(spans: pd.DataFrame | None) -> pd.DataFrame | None:
    """Give the calls that worked, under the name of the service that answered: it is not silent to its callers."""
    if spans is None:
        return None
    worked = spans[(spans["peer"] != "") & ~spans["error"]]
    return pd.DataFrame({"service": worked["peer"], "ts": worked["ts"]})


def _usual_gaps(metrics: pd.DataFrame, before: Phase) -> dict[str, timedelta]:
    """Give how long each service usually took from one reading to the next; only of services with enough of them."""
    readings = metrics.loc[metrics["service"] != "", ["service", "ts"]].drop_duplicates()
    pieces = [Phase((stretch,)).of(readings) for stretch in before.stretches]
    # What lies between two pieces of the baseline is no silence.
    gaps = pd.concat([piece.groupby("service")["ts"].diff().dt.total_seconds() for piece in pieces]).dropna()
    grouped = gaps.groupby(readings["service"].reindex(gaps.index))
    often = grouped.quantile(0.9)[grouped.size() >= _FEWEST_READINGS]
    return {str(service): timedelta(seconds=float(seconds)) for service, seconds in often.items()}
