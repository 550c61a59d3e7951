"""What the environment says about one service, read once and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chaos.shop.errors import BadSettings
from chaos.shop.services import ServiceSpec

DEFAULT_HOST = "127.0.0.1"
DEFAULT_ENVIRONMENT = "demo"
# What OpenTelemetry itself takes when nobody says otherwise.
DEFAULT_METRIC_INTERVAL_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one process of the shop was asked to run.

    Attributes:
        service: What it is.
        version: Which release of it, one of the known ones.
        environment: The `deployment.environment.name`.
        host: Address to listen on.
        port: Port to listen on.
        database_url: Where its own database is; None for a service that keeps nothing.
        upstream_urls: Base address of every service it calls, by name.
        otlp_endpoint: Base address of an OTLP/HTTP receiver; None switches telemetry off.
        metric_interval_ms: Milliseconds between two exports of metrics.
    """

    service: ServiceSpec
    version: str
    environment: str
    host: str
    port: int
    # Credentials stay out of anything that prints settings.
    database_url: str | None = field(repr=False)
    upstream_urls: Mapping[str, str]
    otlp_endpoint: str | None
    metric_interval_ms: int


def read_settings(spec: ServiceSpec, environ: Mapping[str, str]) -> Settings:
    """Read the settings of one service from environment variables.

    Raises:
        BadSettings: A value is missing or makes no sense.
    """
    endpoint = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    return Settings(
        service=spec,
        version=_version(spec, environ.get("SERVICE_VERSION", "").strip() or spec.stable_version),
        environment=environ.get("DEPLOYMENT_ENVIRONMENT", "").strip() or DEFAULT_ENVIRONMENT,
        host=environ.get("HOST", "").strip() or DEFAULT_HOST,
        port=_whole_number(spec, "PORT", _required(spec, environ, "PORT"), largest=65_535),
        database_url=_database_url(spec, environ) if spec.database_role else None,
        upstream_urls={
            name: _http_url(spec, f"{name.upper()}_URL", _required(spec, environ, f"{name.upper()}_URL"))
            for name in spec.upstreams
        },
        otlp_endpoint=_http_url(spec, "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint) if endpoint else None,
        metric_interval_ms=_whole_number(
            spec,
            "OTEL_METRIC_EXPORT_INTERVAL",
            environ.get("OTEL_METRIC_EXPORT_INTERVAL", "").strip() or str(DEFAULT_METRIC_INTERVAL_MS),
            largest=3_600_000,
        ),
    )


def _required(spec: ServiceSpec, environ: Mapping[str, str], key: str) -> str:
    value = environ.get(key, "").strip()
    if not value:
        raise BadSettings(spec.name, f"the environment variable {key} is not set")
    return value


def _version(spec: ServiceSpec, version: str) -> str:
    if version not in spec.versions:
        raise BadSettings(
            spec.name, f"SERVICE_VERSION is {version!r}, but the known versions are {', '.join(spec.versions)}"
        )
    return version


def _whole_number(spec: ServiceSpec, key: str, value: str, *, largest: int) -> int:
    # isdecimal alone would let through digits of other scripts, which is harmless: int() reads them too.
    if not value.isdecimal() or not 1 <= int(value) <= largest:
        raise BadSettings(spec.name, f"{key} must be a whole number from 1 to {largest}, not {value!r}")
    return int(value)


def _http_url(spec: ServiceSpec, key: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        well_formed = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed:
        raise BadSettings(spec.name, f"{key} must look like http://127.0.0.1:8000, not {value!r}")
    return value.rstrip("/")


def _database_url(spec: ServiceSpec, environ: Mapping[str, str]) -> str:
    value = _required(spec, environ, "DATABASE_URL")
    # The value itself is left out of the message: it carries a password.
    if not value.startswith(("postgresql://", "postgres://")):
        raise BadSettings(spec.name, "DATABASE_URL must start with postgresql://")
    return value
