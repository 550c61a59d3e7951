"""What a deployment is, and telling the telemetry of it, as a deployment pipeline would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from chaos.errors import EventNotSent

EVENT_NAME: Final = "deploy"
_INFO_SEVERITY: Final = 9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A service that was restarted as a version.

    Attributes:
        service: Which.
        version: What it runs as now.
        previous_version: What it ran as before.
        restarted: False when it ran as that version already, and nothing was done.
        event_problem: Why the telemetry was not told of it; None when it was, or when there is no telemetry.
    """

    service: str
    version: str
    previous_version: str
    restarted: bool
    event_problem: str | None = None


def deploy_event(service: str, version: str, previous_version: str, environment: str, at: datetime) -> dict[str, Any]:
    """Put one deployment into words: an OTLP/HTTP JSON logs request with a single event record.

    Args:
        service: The `service.name` that was deployed.
        version: What it was deployed as.
        previous_version: What it ran as before.
        environment: The `deployment.environment.name`.
        at: When the roll-out began, timezone-aware.
    """
    since_epoch = at - _EPOCH  # In whole microseconds: a float of nanoseconds would lose some of them.
    nanoseconds = (since_epoch.days * 86_400 + since_epoch.seconds) * 10**9 + since_epoch.microseconds * 1000
    resource = {"service.name": service, "service.version": version, "deployment.environment.name": environment}
    record = {
        "timeUnixNano": str(nanoseconds),
        "observedTimeUnixNano": str(nanoseconds),
        "severityNumber": _INFO_SEVERITY,
        "severityText": "INFO",
        "eventName": EVENT_NAME,
        "body": {"stringValue": f"{service} is deployed as {version}, after {previous_version}"},
        "attributes": _attributes({**resource, "previous_version": previous_version}),
    }
    scope_logs = [{"scope": {"name": "deployment"}, "logRecords": [record]}]
    return {"resourceLogs": [{"resource": {"attributes": _attributes(resource)}, "scopeLogs": scope_logs}]}


def send_event(event: dict[str, Any], otlp_endpoint: str, timeout_seconds: float = 3.0) -> None:
    """Send an event to the base address of an OTLP/HTTP receiver.

    Raises:
        EventNotSent: It cannot be reached or does not take the event.
    """
    url = f"{otlp_endpoint.rstrip('/')}/v1/logs"
    try:
        with httpx.Client(timeout=timeout_seconds, trust_env=False) as client:
            client.post(url, json=event).raise_for_status()
    except httpx.HTTPError as error:
        raise EventNotSent(f"the collector at {url} did not take the event ({error}); is it running?") from error


def _attributes(values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]
