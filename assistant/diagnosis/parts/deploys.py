"""Which services got another version shortly before the trouble began. A deployment is a candidate, not a verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding

# Most bad roll-outs show within minutes; an older deployment fades as a candidate over this time.
_FADES_OVER: Final = timedelta(minutes=10)
# The event is written when the new version is ready, which may be just after its first failures.
_TOLERANCE: Final = timedelta(seconds=30)


class Deploys:
    """Reads deploy events; the nearer to the onset, the stronger."""

    name = "deployments"
    needs = ("events",)

    def examine(self, case: Case) -> list[Finding]:
        """Give each service's last deployment before the onset."""
        events = case.recording.events
        assert events is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        onset = pd.Timestamp(case.onset)
        deployed = events[(events["event_type"] == "deploy") & (events["ts"] <= onset + _TOLERANCE)]
        findings = []
        for service, mine in deployed.groupby("service"):
            last = mine.sort_values("ts").iloc[-1]
            age = max(onset - last["ts"], pd.Timedelta(0))
            closeness = 1 - age / _FADES_OVER
            if closeness <= 0:
                continue
            said = f"{age.total_seconds():.0f} s before" if age.total_seconds() >= 1 else "just as"
            findings.append(
                Finding(
                    signal="deploy",
                    service=str(service),
                    version=str(last["version"]),
                    strength=float(closeness),
                    summary=f"{service} {last['version']} was deployed {said} the trouble began",
                    query=f"deploy events of {service}",
                    window=case.after.stretches[0],
                    onset=last["ts"].to_pydatetime(),
                )
            )
        return findings
