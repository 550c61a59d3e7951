"""Settings as frozen values, with their defaults and limits. `ui.settings_reading` fills them in."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)


def _loopback(host: str) -> str:
    # IPv6 is left out: addresses are put together as host:port in many places.
    if host != "localhost" and not _is_loopback_address(host):
        raise ValueError("should be 127.0.0.1: the API asks nobody who they are, so it serves this machine only")
    return host


def _is_loopback_address(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.version == 4 and address.is_loopback


def _not_blank(value: Any) -> Any:
    if value == "":
        raise ValueError("should not be empty")
    return value


def _with_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"has no such home folder ({error})") from error


Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(min_length=1)]
LoopbackHost = Annotated[str, AfterValidator(_loopback)]
Folder = Annotated[Path, BeforeValidator(_not_blank), AfterValidator(_with_home)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        kind = cls.model_fields[info.field_name].annotation if info.field_name else None
        if isinstance(value, bool) and kind is not bool:
            raise ValueError("should not be true or false")
        return value


class WorkspaceSettings(_Section):
    """Where everything is kept."""

    path: Folder = Path(".firedrill")


class ServerSettings(_Section):
    """The API. `system` is the name of the system observed, as recordings and incidents carry it."""

    host: LoopbackHost = "127.0.0.1"
    port: Port = 8500
    system: Name = "shop"


class CollectorSettings(_Section):
    """The OTLP receiver."""

    host: Name = "127.0.0.1"
    grpc_port: Port = 4317
    http_port: Port = 4318
    retention_hours: float = Field(24, gt=0, lt=1_000_000)


class PagesSettings(_Section):
    """The Streamlit pages."""

    port: Port = 8501


class DetectorLoopSettings(_Section):
    """How often the detector looks."""

    interval_seconds: float = Field(5.0, ge=1, le=300)


class LanguageModelSettings(_Section):
    """The language model that writes answers: any LiteLLM name; empty means our own code writes them."""

    name: str = ""
    api_base: str = ""
    timeout_seconds: float = Field(60.0, gt=0)
    max_tokens: int = Field(1200, gt=0)


class EmbeddingSettings(_Section):
    """The embedding model: a name or a folder; empty means the one that is installed with Firedrill.

    `precision` is how its numbers are calculated; `bfloat16` is twice as fast on processors that have it, and many
    times slower on others.
    """

    model: str = ""
    precision: Literal["float32", "bfloat16"] = "float32"


class KnowledgeSettings(_Section):
    """The knowledge base: where its records and its index lie where that is not the workspace, and its rules.

    `database_url` and `index_token` are secrets: they are taken from the environment, or from a file that
    `database_url_file` and `index_token_file` name, which is how secrets reach containers.
    """

    database_url: SecretStr = SecretStr("")
    database_url_file: str = ""
    index_url: str = ""
    index_token: SecretStr = SecretStr("")
    index_token_file: str = ""
    index_collection: str = Field("firedrill-entries", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]$")
    two_person_rule: bool = False
    review_days: int = Field(180, ge=1, le=3650)
    cross_encoder: str = ""

    @field_validator("index_url")
    @classmethod
    def _an_index_speaks_http(cls, url: str) -> str:
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("should be an address such as https://chroma.example.org")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("should be scheme, host, port and path only; what the proxy asks for goes to index_token")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _a_token_is_for_something(self) -> KnowledgeSettings:
        if not self.index_url and (self.index_token.get_secret_value() or self.index_token_file):
            raise ValueError("index_token is given and index_url is not; the index in the workspace asks for no token")
        return self


class ShopSettings(_Section):
    """The sandbox that drills break: its ports, its load, and its database where that is not the embedded one.

    `database_url` is an administrator's and so a secret: it is taken from the environment only, and never from a plain
    `DATABASE_URL`, which on many machines points at something that matters. With `daily_load` the number of customers
    follows the hours of a (short) day.
    """

    gateway_port: Port = 8080
    catalog_port: Port = 8081
    orders_port: Port = 8082
    payments_port: Port = 8083
    inventory_port: Port = 8084
    link_port: Port = 8085
    link_control_port: Port = 8086
    database_url: SecretStr = SecretStr("")
    daily_load: bool = False


class SloSettings(_Section):
    """A service level objective; `service` is a name, or `*` for every service on its own.

    `objective` is the share of good requests in 0..1. With `threshold_ms` a request is good when it succeeds
    within that time, without it when it succeeds.
    """

    name: Name = "availability"
    service: Name = "*"
    objective: float = Field(0.99, gt=0, lt=1)
    threshold_ms: float | None = Field(None, gt=0)


class Settings(_Section):
    """Everything that can be set."""

    workspace: WorkspaceSettings = WorkspaceSettings()
    server: ServerSettings = ServerSettings()
    collector: CollectorSettings = CollectorSettings()
    pages: PagesSettings = PagesSettings()
    detector: DetectorLoopSettings = DetectorLoopSettings()
    model: LanguageModelSettings = LanguageModelSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    shop: ShopSettings = ShopSettings()
    slo: tuple[SloSettings, ...] = (SloSettings(),)

    @model_validator(mode="after")
    def _every_port_is_given_once(self) -> Settings:
        owners: dict[int, str] = {}
        for key, port in self.ports():
            if port in owners:
                raise ValueError(f"{owners[port]} and {key} are both {port}; give each a port of its own")
            owners[port] = key
        return self

    def ports(self) -> Iterator[tuple[str, int]]:
        """Give every port with its key."""
        yield "server.port", self.server.port
        yield "collector.grpc_port", self.collector.grpc_port
        yield "collector.http_port", self.collector.http_port
        yield "pages.port", self.pages.port
        for key, value in self.shop:
            if key.endswith("_port"):
                yield f"shop.{key}", value


def known_keys() -> tuple[str, ...]:
    """Every key that has one value, as `section.key`, in order; `slo`, which is a list, has none."""
    return tuple(
        f"{section}.{key}"
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key in field.annotation.model_fields
    )
