"""Whether more requests come in than before, or fewer, at the services where requests enter."""

from __future__ import annotations

import math
from typing import Final

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding

_LEAST_RISE: Final = 2.0
_FEWEST_REQUESTS: Final = 30


class Traffic:
    """Compares the rate at which requests enter the system, service by service.

    Only entering requests count: what a service sends on multiplies with what it receives, so a surge inside is
    explained by the surge at its entry.
    """

    name = "traffic"
    needs = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services at which requests enter at twice the rate of before, or more."""
        assert case.spans is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        entering = case.spans[(case.spans["parent"] < 0) & (case.spans["parent_span_id"] == "")]
        entering = entering[entering["kind"].isin(("SERVER", "CONSUMER", ""))]
        before_seconds = case.before.covered_seconds(case.spans["ts"], case.bucket_seconds)
        after_seconds = min(case.after.seconds, case.after.covered_seconds(case.spans["ts"], case.bucket_seconds))
        if before_seconds <= 0 or after_seconds <= 0:
            return []
        findings = []
        for service, mine in entering.groupby("service"):
            after, before = case.after.of(mine), case.before.of(mine)
            now, earlier = len(after) / after_seconds, len(before) / before_seconds
            rise = now / max(earlier, 1 / before_seconds)
            if rise < _LEAST_RISE or len(after) < _FEWEST_REQUESTS:
                continue
            names = after["name"].value_counts()
            main = str(names.index[0]) if names.iloc[0] >= 0.6 * len(after) else None
            findings.append(
                Finding(
                    signal="traffic_surge",
                    service=str(service),
                    operation=main,
                    strength=0.98 * (1 - math.exp(-(rise - 1) / 1.5)),
                    summary=(
                        f"{now:.0f} requests a second enter at {service}"
                        + (f", mostly {main}" if main else "")
                        + f"; before it were {earlier:.1f}"
                    ),
                    query=f"root spans of {service} a second",
                    window=case.after.stretches[0],
                    before=earlier,
                    after=now,
                    unit="requests/s",
                    onset=case.onset,
                    series=case.series(mine["ts"]),
                    trace_ids=tuple(after["trace_id"].head(3)),
                )
            )
        return findings
