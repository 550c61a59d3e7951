"""Which services fell silent: they sent telemetry before, and nothing at all since."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pandas as pd

from assistant.diagnosis.case import Case, services_of
from assistant.diagnosis.finding import Finding

# Exporters send every few seconds; silence is only silence when it lasts longer than that.
_SHORTEST_SILENCE: Final = timedelta(seconds=15)
_FEWEST_ROWS: Final = 10


class Silence:
    """Looks for services of which every signal stopped."""

    name = "silence"
    needs = ("metrics",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services that sent metrics before and neither metrics, spans nor lines at the end."""
        tables = [case.recording.metrics, case.spans, case.recording.logs]
        end = pd.Timestamp(case.recording.header.window.end)
        last_sign = pd.Series(dtype="datetime64[us, UTC]")
        for table in tables:
            if table is not None and not table.empty:
                last_sign = (
                    pd.concat([last_sign, table.groupby("service")["ts"].max()])
                    if len(last_sign)
                    else (table.groupby("service")["ts"].max())
                )
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        known = case.before.of(metrics)["service"].value_counts()
        if last_sign.empty:
            return []
        newest = last_sign.groupby(level=0).max()
        # When everything stopped, it is the telemetry that stopped.
        if newest.max() < end - 2 * _SHORTEST_SILENCE:
            return []
        findings = []
        for service in services_of(tables):
            if service not in newest.index or known.get(service, 0) < _FEWEST_ROWS:
                continue
            quiet_for = min(newest.max(), end) - newest[service]
            step = timedelta(seconds=2 * case.recording.header.resolution_seconds)
            if quiet_for >= max(_SHORTEST_SILENCE, step):
                findings.append(
                    Finding(
                        signal="silence",
                        service=service,
                        strength=0.9,
                        summary=f"{service} has sent no metric, span or line for {quiet_for.total_seconds():.0f} s",
                        query=f"newest metric, span and log line of {service}",
                        window=case.after.stretches[0],
                        onset=newest[service].to_pydatetime(),
                    )
                )
        return findings
