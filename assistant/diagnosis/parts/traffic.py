"""Whether more requests come in than before at the services where requests enter."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding

_LEAST_RISE: Final = 2.0
_FEWEST_REQUESTS: Final = 30
_MAIN_OPERATION: Final = 0.6


class Traffic:
    """Compares the rate at which requests enter the system, service by service.

    Only entering requests count: what a service sends on multiplies with what it receives, so a surge inside is
    explained by the surge at its entry.
    """

    name = "traffic"
    needs = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services at which requests enter at twice the rate of before, or more."""
        if case.seconds_before <= 0 or case.seconds_after <= 0:
            return []
        entering = _entering(case)
        findings = []
        for service, mine in entering.groupby("service"):
            after, before = case.after.of(mine), case.before.of(mine)
            # One request less or more is chance: a service that nobody used before has a rate all the same.
            rise = len(after) / (max(len(before), 1) * case.after_over_before)
            if rise >= _LEAST_RISE and len(after) >= _FEWEST_REQUESTS:
                findings.append(self._finding(case, str(service), mine, rise))
        return findings

    def _finding(self, case: Case, service: str, mine: pd.DataFrame, rise: float) -> Finding:
        after, before = case.after.of(mine), case.before.of(mine)
        now, earlier = len(after) / case.seconds_after, len(before) / case.seconds_before
        names = after["name"].value_counts()
        main = str(names.index[0]) if names.iloc[0] >= _MAIN_OPERATION * len(after) else None
        return Finding(
            signal="traffic_surge",
            service=service,
            operation=main,
            strength=0.98 * (1 - math.exp(-(rise - 1) / 1.5)),
            summary=(
                f"{now:.3g} requests a second enter at {service}"
                + (f", mostly {main}" if main else "")
                + f", {earlier:.2g} before ({len(after)} in {case.seconds_after:.0f} s)"
            ),
            query=f"root spans of {service} a second",
            window=case.after.whole,
            before=earlier,
            after=now,
            unit="requests/s",
            onset=case.onset,
            series=case.series(mine["ts"]),
            trace_ids=tuple(after["trace_id"].drop_duplicates().head(3)),
        )


def _entering(case: Case) -> pd.DataFrame:
    """Give the requests from outside: those without a parent, or whose parent is the user's and not recorded."""
    assert case.spans is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
    spans = case.spans[(case.spans["parent"] < 0) & case.spans["kind"].isin(("SERVER", "CONSUMER"))]
    outside = (spans["parent_span_id"] == "") | spans["service"].isin(case.recording.header.entry_services)
    return spans[outside & (spans["service"] != "")]
