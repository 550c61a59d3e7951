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
_SIDE_BY_SIDE: Final = timedelta(seconds=60)


class Deploys:
    """Reads deploy events, and versions that appear in metrics; the nearer to the onset, the stronger."""

    name = "deployments"
    needs = ()

    def examine(self, case: Case) -> list[Finding]:
        """Give each service's last deployment before the onset."""
        told = _deploy_events(case.recording.events)
        told = told[~_same_version(told, case.recording.metrics)]
        seen = _new_versions(case.recording.metrics)
        # An event is more exact than the first reading of a new version.
        seen = seen[~seen["service"].isin(told["service"])]
        deployed = pd.concat([told, seen], ignore_index=True)
        onset = pd.Timestamp(case.onset)
        deployed = deployed[(deployed["ts"] <= onset + _TOLERANCE) & (deployed["ts"] > onset - _FADES_OVER)]
        last = deployed.sort_values("ts", kind="stable").drop_duplicates("service", keep="last")
        return [
            self._finding(case, str(service), str(version), at, how)
            for service, version, at, how in zip(last["service"], last["version"], last["ts"], last["how"], strict=True)
        ]

    def _finding(self, case: Case, service: str, version: str, at: pd.Timestamp, how: str) -> Finding:
        age = max(pd.Timestamp(case.onset) - at, pd.Timedelta(0))
        when = f"{age.total_seconds():.0f} s before" if age.total_seconds() >= 1 else "just as"
        named = " ".join(part for part in (service, version) if part)
        return Finding(
            signal="deploy",
            service=service,
            version=version or None,
            strength=1 - age.total_seconds() / _FADES_OVER.total_seconds(),
            summary=f"{named} was deployed {when} the trouble began",
            query=f"{how} of {service}",
            window=case.after.whole,
            onset=at.to_pydatetime(),
        )


def _deploy_events(events: pd.DataFrame | None) -> pd.DataFrame:
    if events is None:
        return _none_deployed()
    return events.loc[
        (events["event_type"] == "deploy") & (events["service"] != ""), ["service", "version", "ts"]
    ].assign(how="deploy events")


def _same_version(deployed: pd.DataFrame, metrics: pd.DataFrame | None) -> pd.Series:
    """Say which deployments brought the version that was there before: that is a restart and nothing new."""
    if metrics is None:
        return pd.Series(False, index=deployed.index)
    named = metrics[(metrics["version"] != "") & (metrics["service"] != "")]
    known = named[["service", "ts", "version"]].rename(columns={"version": "before"})
    seen = pd.merge_asof(
        deployed[["service", "ts", "version"]].reset_index().sort_values("ts"),
        known.sort_values("ts"),
        on="ts",
        by="service",
        allow_exact_matches=False,
    ).set_index("index")
    return ((seen["version"] != "") & (seen["version"] == seen["before"])).reindex(deployed.index)


def _new_versions(metrics: pd.DataFrame | None) -> pd.DataFrame:
    """Give the first reading of each version but the first that a service's metrics name."""
    if metrics is None:
        return _none_deployed()
    named = metrics[(metrics["version"] != "") & (metrics["service"] != "")]
    first = named.drop_duplicates(["service", "version"])[["service", "version", "ts"]]
    # Versions that run side by side from the beginning are nothing new.
    began = first.groupby("service")["ts"].transform("min")
    newer = first[first.duplicated("service") & (first["ts"] > began + _SIDE_BY_SIDE)]
    return newer.assign(how="version that the metrics name")


def _none_deployed() -> pd.DataFrame:
    times = pd.Series([], dtype="datetime64[us, UTC]")
    return pd.DataFrame({"service": [], "version": [], "ts": times, "how": []}, dtype=object).astype(
        {"ts": times.dtype}
    )
