"""Noticing that something is wrong. Knows nothing of drills or deployments: only of signals and what is usual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from telemetry.detection.baseline import Baselines, Reading, Subject
from telemetry.detection.golden_signals import summarise
from telemetry.detection.observation import Observation
from telemetry.detection.rules import RULES, Breach, Case, Rule, carries_traffic
from telemetry.detection.saturation import SATURATION_METRICS, Saturation, saturation
from telemetry.detection.served import SERVED_KINDS, Requests, ServedRequests, ServiceRequests
from telemetry.detection.slo import DEFAULT_SLOS, LIVE_WINDOWS, BurnWindows, Slo
from telemetry.detection.slo_watch import SloWatch
from telemetry.errors import SourceUnavailable
from telemetry.recording import Stretch
from telemetry.source import TelemetrySource

# An operation seen once in a window can be judged by no rule. Not learning those keeps memory small where somebody
# puts order numbers into span names.
_LEARNED_OPERATION_REQUESTS: Final = 2


class DetectorSettings(BaseModel):
    """How the detector looks.

    Attributes:
        tick_seconds: How often the owner calls `observe`; moments missed are caught up with at this step.
        window_seconds: How much of the latest telemetry one look covers.
        settle_seconds: Telemetry arrives late: a look ends this long before now.
        longest_request_seconds: A request counts when it ends. One that took longer than this is overlooked.
        metrics_seconds: How far back a look reads metrics, which come seldom.
        baseline_seconds: How much healthy time the baseline holds, and how far back a new detector reads to have one.
        forget_seconds: How long the baseline from before an incident is held against a service.
        silence_seconds: After this long without a request anywhere, what comes then is a new start: processes are cold,
            load is ramped up, and the past is no measure.
        stale_seconds: Telemetry older than this says nothing about now.
        burn_windows: When an SLO's budget burns too fast.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tick_seconds: float = Field(5.0, gt=0)
    window_seconds: float = Field(15.0, gt=0)
    settle_seconds: float = Field(2.0, ge=0)
    longest_request_seconds: float = Field(15.0, gt=0)
    metrics_seconds: float = Field(20.0, gt=0)
    baseline_seconds: float = Field(600.0, gt=0)
    forget_seconds: float = Field(3600.0, gt=0)
    silence_seconds: float = Field(60.0, gt=0)
    stale_seconds: float = Field(30.0, gt=0)
    burn_windows: tuple[BurnWindows, ...] = LIVE_WINDOWS


@dataclass(frozen=True, slots=True)
class _Look:
    at: datetime
    window: Stretch
    served: Mapping[str, ServiceRequests]
    latest: Mapping[str, ServiceRequests]
    fullness: Mapping[str, Saturation]


class Detector:
    """Compares the last seconds of every service and operation with what is usual for them.

    Args:
        source: Whom to ask.
        settings: How to look.
        slos: What was promised.
        rules: What counts as wrong.
    """

    def __init__(
        self,
        source: TelemetrySource,
        *,
        settings: DetectorSettings | None = None,
        slos: Sequence[Slo] = DEFAULT_SLOS,
        rules: Sequence[Rule] = RULES,
    ) -> None:
        self._source, self._rules = source, tuple(rules)
        self._settings = settings or DetectorSettings()
        readings = max(round(self._settings.baseline_seconds / self._settings.tick_seconds), 1)
        self._baselines = Baselines(readings, self._settings.forget_seconds)
        self._slo_watch = SloWatch(slos, self._settings.burn_windows, self._settings.window_seconds)
        self._streaks: dict[tuple[Rule, str, str | None], int] = {}
        self._looked: datetime | None = None
        self._heard: datetime | None = None
        self._learn_from: datetime | None = None
        self._metered: set[str] = set()

    def observe(self, now: datetime) -> Observation:
        """Look at the system as it is now. Call it every `tick_seconds`, with times that do not run backwards.

        A source that does not answer, or has nothing recent, makes an observation with a `problem`, not an error.
        """
        newest: datetime | None = None
        try:
            newest = self._source.newest()
            if newest is None:
                return self._blind(now, None, "no telemetry at all")
            age = (now - newest).total_seconds()
            if age > self._settings.stale_seconds:
                return self._blind(now, newest, f"no telemetry for {age:.0f} s")
            return self._look_at(now, newest)
        except SourceUnavailable as error:
            return self._blind(now, newest, str(error))

    def _blind(self, now: datetime, newest: datetime | None, problem: str) -> Observation:
        return Observation(at=now, problem=problem, newest=newest, baseline_seconds=self._baselines.seconds)

    def _look_at(self, now: datetime, newest: datetime) -> Observation:
        moments = self._moments(now)
        requests = self._requests(moments[0], now)
        fullness = saturation(self._metrics(now))
        # A first look, and one after a pause, goes through what it missed, so that it starts with a baseline and sees
        # with the eyes of somebody who had watched all along.
        for moment in moments[:-1]:
            self._judge(self._look(moment, requests, {}), None)
            self._looked = moment
        look = self._look(now, requests, fullness)
        breaches, problem = self._judge(look, newest)
        self._looked = now
        return Observation(
            at=now,
            signals=summarise(look.served, look.window, look.fullness),
            breaches=breaches,
            problem=problem,
            newest=newest,
            baseline_seconds=self._baselines.seconds,
        )

    def _look(self, at: datetime, requests: ServedRequests, fullness: Mapping[str, Saturation]) -> _Look:
        window = self._window(at)
        seconds = min(self._settings.tick_seconds, self._settings.window_seconds)
        latest = requests.between(window.end - timedelta(seconds=seconds), window.end)
        return _Look(at, window, requests.between(window.start, window.end), latest, fullness)

    def _window(self, at: datetime) -> Stretch:
        end = at - timedelta(seconds=self._settings.settle_seconds)
        return Stretch(start=end - timedelta(seconds=self._settings.window_seconds), end=end)

    def _moments(self, now: datetime) -> list[datetime]:
        tick = timedelta(seconds=self._settings.tick_seconds)
        earliest = now - timedelta(seconds=self._settings.baseline_seconds)
        since = max(self._looked, earliest) if self._looked is not None else earliest
        # Rounded, since the owner's clock ticks a little early or late.
        missed = max(round((now - since) / tick) - 1, 0)
        return [now - tick * behind for behind in range(missed, -1, -1)]

    def _requests(self, first: datetime, now: datetime) -> ServedRequests:
        start = self._window(first).start - timedelta(seconds=self._settings.longest_request_seconds)
        return ServedRequests(self._source.spans(start, now, kinds=SERVED_KINDS))

    def _metrics(self, now: datetime) -> pd.DataFrame:
        seconds = self._settings.metrics_seconds
        return self._source.metrics(now - timedelta(seconds=seconds), now, seconds, names=SATURATION_METRICS)

    def _judge(self, look: _Look, newest: datetime | None) -> tuple[tuple[Breach, ...], str | None]:
        """Judge one look and learn from it. `newest` is None for a look at the past, which asks the source nothing."""
        self._baselines.forget(look.at)
        cases = self._cases(look)
        suspected = {
            (rule, case.service, case.operation): breach
            for rule in self._rules
            for case in cases
            if rule.applies_to(case) and (breach := rule.judge(case)) is not None
        }
        drops = {breach.service for breach in suspected.values() if breach.is_drop}
        problem = None
        if self._stopped(look, cases, drops):
            gone = drops & self._gone(newest) if newest is not None else set()
            suspected = {
                key: breach for key, breach in suspected.items() if not breach.is_drop or breach.service in gone
            }
            if not gone:
                problem = f"no telemetry of requests: they have stopped at every service ({_stretch(look.window)})"
        self._streaks = {key: self._streaks.get(key, 0) + 1 for key in suspected}
        self._slo_watch.look(look.window.end, look.served)
        breaches = (
            *(breach for key, breach in suspected.items() if self._streaks[key] >= key[0].ticks),
            *self._slo_watch.breaches(look.at, look.window.end),
        )
        self._learn(look, breaches, usual=not suspected and problem is None)
        return breaches, problem

    def _cases(self, look: _Look) -> list[Case]:
        seconds = self._settings.window_seconds
        cases = []
        for service in sorted({*look.served, *look.fullness, *self._baselines.services}):
            served, latest = (of.get(service, ServiceRequests()) for of in (look.served, look.latest))
            for operation, requests in ((None, served.total), *served.operations.items()):
                cases.append(
                    Case(
                        at=look.at,
                        service=service,
                        operation=operation,
                        window_seconds=seconds,
                        requests=requests,
                        latest=latest.total if operation is None else latest.operations.get(operation, Requests()),
                        baseline=self._baselines.of((service, operation)),
                        saturation=look.fullness.get(service, Saturation()) if operation is None else Saturation(),
                    )
                )
        return cases

    def _stopped(self, look: _Look, cases: Sequence[Case], drops: set[str]) -> bool:
        """Say whether no service at all has its usual traffic: the users are gone, or what reports them is."""
        carrying = {case.service for case in cases if case.operation is None and carries_traffic(case)}
        return not look.served or (bool(drops) and drops >= carrying)

    def _gone(self, newest: datetime) -> set[str]:
        """Name the services that fell silent altogether while others still speak.

        An idle service still sends metrics; of one that never did, nobody can say whether it is idle or dead.
        """
        # Counted from the newest telemetry: where everything stopped at once, everybody spoke shortly before.
        since = newest - timedelta(seconds=self._settings.window_seconds)
        speaking = set(self._source.services(since, newest + timedelta(microseconds=1)))
        return self._metered - speaking if speaking else set()

    def _learn(self, look: _Look, breaches: Sequence[Breach], *, usual: bool) -> None:
        window = timedelta(seconds=self._settings.window_seconds)
        self._metered |= look.fullness.keys()
        if look.served:
            self._heard = look.at
        if breaches:
            # The windows just before held the beginning of this, and the next one after its end will hold a rest of it.
            self._baselines.unlearn(look.at - window)
            self._learn_from = look.at + window
        elif not look.served:
            silence = timedelta(seconds=self._settings.silence_seconds)
            if self._heard is not None and look.at - self._heard >= silence:
                self._baselines.clear()
        elif usual and (self._learn_from is None or look.at >= self._learn_from):
            self._baselines.learn(self._readings(look))

    def _readings(self, look: _Look) -> dict[Subject, Reading]:
        seconds = self._settings.window_seconds
        readings: dict[Subject, Reading] = {
            (service, None): Reading.of(look.served.get(service, ServiceRequests()).total, look.at, seconds)
            for service in {*look.served, *self._baselines.services}
        }
        for service, served in look.served.items():
            for operation, requests in served.operations.items():
                if requests.count >= _LEARNED_OPERATION_REQUESTS:
                    readings[service, operation] = Reading.of(requests, look.at, seconds)
        return readings


def _stretch(window: Stretch) -> str:
    return f"{window.start:%H:%M:%S} to {window.end:%H:%M:%S} UTC"
