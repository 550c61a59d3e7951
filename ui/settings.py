"""Settings: `firedrill.toml` and the environment, read once into frozen values."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

FILE_NAME: Final = "firedrill.toml"
PREFIX: Final = "FIREDRILL_"
# Set by us for the processes that we start; not settings.
_OUR_OWN: Final = frozenset({"FIREDRILL_CONFIG", "FIREDRILL_SANDBOX", "FIREDRILL_SERVER_URL", "FIREDRILL_TELEMETRY"})

Port = Annotated[int, Field(ge=0, le=65535)]


class SettingsError(Exception):
    """A setting is unknown or wrong; the message says where it stands and what would be right."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WorkspaceSettings(_Section):
    """Where everything is kept."""

    path: Path = Path(".firedrill")


class ServerSettings(_Section):
    """The API. `system` is the name of the system observed, as recordings and incidents carry it."""

    host: str = "127.0.0.1"
    port: Port = 8500
    system: str = "shop"


class CollectorSettings(_Section):
    """The OTLP receiver."""

    host: str = "127.0.0.1"
    grpc_port: Port = 4317
    http_port: Port = 4318
    retention_hours: float = Field(24, gt=0)


class PagesSettings(_Section):
    """The Streamlit pages."""

    port: Port = 8501


class DetectorLoopSettings(_Section):
    """How often the detector looks."""

    interval_seconds: float = Field(5.0, gt=0)


class ModelSettings(_Section):
    """The language model that writes answers: any LiteLLM name; empty means our own code writes them."""

    name: str = ""
    api_base: str = ""
    timeout_seconds: float = Field(60.0, gt=0)
    max_tokens: int = Field(1200, gt=0)


class EmbeddingSettings(_Section):
    """The embedding model: a name or a folder; empty means the one that is installed with Firedrill."""

    model: str = ""


class ShopSettings(_Section):
    """The sandbox that drills break: its ports, and its database where that is not the embedded one.

    `database_url` is an administrator's and so a secret: it is taken from the environment only, and never from a plain
    `DATABASE_URL`, which on many machines points at something that matters.
    """

    gateway_port: Port = 8080
    catalog_port: Port = 8081
    orders_port: Port = 8082
    payments_port: Port = 8083
    inventory_port: Port = 8084
    link_port: Port = 8085
    link_control_port: Port = 8086
    database_url: SecretStr = SecretStr("")


class SloSettings(_Section):
    """A service level objective; `service` is a name, or `*` for every service on its own.

    `objective` is the share of good requests in 0..1. With `threshold_ms` a request is good when it succeeds
    within that time, without it when it succeeds.
    """

    name: str = "availability"
    service: str = "*"
    objective: float = Field(0.99, gt=0, lt=1)
    threshold_ms: float | None = Field(None, gt=0)


class Settings(_Section):
    """Everything that can be set."""

    workspace: WorkspaceSettings = WorkspaceSettings()
    server: ServerSettings = ServerSettings()
    collector: CollectorSettings = CollectorSettings()
    pages: PagesSettings = PagesSettings()
    detector: DetectorLoopSettings = DetectorLoopSettings()
    model: ModelSettings = ModelSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    shop: ShopSettings = ShopSettings()
    slo: tuple[SloSettings, ...] = (SloSettings(),)


class LoadedSettings(BaseModel):
    """Settings, and for each key that was set, where (`file` or the name of the variable)."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    origins: Mapping[str, str]


def load_settings(
    *, file: Path | None = None, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> LoadedSettings:
    """Read the settings; the environment wins over the file, the file over the defaults.

    Args:
        file: The file to read; `FIREDRILL_CONFIG` or `firedrill.toml` in the folder where it is not given.
        environment: Variables; those of the process by default.
        folder: Where the file is looked for and what relative paths are relative to; the current one by default.

    Raises:
        SettingsError: A key or value is not what it may be, or a file that was named is not there.
    """
    environment = os.environ if environment is None else environment
    folder = folder or Path.cwd()
    named = file or (Path(environment["FIREDRILL_CONFIG"]) if environment.get("FIREDRILL_CONFIG") else None)
    path = named or folder / FILE_NAME
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if path.is_file():
        values = _read_file(path)
        origins = {
            f"{section}.{key}": str(path) for section, keys in values.items() if isinstance(keys, dict) for key in keys
        }
    elif named is not None:
        raise SettingsError(f"there is no settings file {path}")
    if isinstance(values.get("shop"), dict) and "database_url" in values["shop"]:
        raise SettingsError(f"{path}: shop.database_url is a secret; set {PREFIX}SHOP_DATABASE_URL in the environment")
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable not in _OUR_OWN:
            section, key = _key_of(variable)
            values.setdefault(section, {})[key] = value
            origins[f"{section}.{key}"] = variable
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, path, origins)) from None
    workspace = settings.workspace.model_copy(update={"path": (folder / settings.workspace.path).resolve()})
    return LoadedSettings(settings=settings.model_copy(update={"workspace": workspace}), origins=origins)


def known_keys() -> tuple[str, ...]:
    """Every key as `section.key`, in order."""
    return tuple(
        f"{section}.{key}"
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key in field.annotation.model_fields
    )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error


def _key_of(variable: str) -> tuple[str, str]:
    for known in known_keys():
        if variable == PREFIX + known.replace(".", "_").upper():
            section, key = known.split(".")
            return section, key
    names = [PREFIX + known.replace(".", "_").upper() for known in known_keys()]
    raise SettingsError(f"the environment sets {variable}, which is no setting.{_closest(variable, names)}")


def _explain(error: ValidationError, path: Path, origins: Mapping[str, str]) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    origin = origins.get(where, str(path))
    if first["type"] == "extra_forbidden":
        sections = list(Settings.model_fields)
        return f"{origin}: there is no setting {where!r}.{_closest(where, [*known_keys(), *sections])}"
    return f"{origin}: {where}: {first['msg']}"


def _closest(name: str, known: list[str]) -> str:
    found = get_close_matches(name, known, n=1)
    return f" Did you mean {found[0]!r}?" if found else f" Known are: {', '.join(known)}."
