"""Reading the settings once: from `firedrill.toml` and from the environment, which has the last word."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence, Set
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from ui.settings import Settings, SloSettings, known_keys

FILE_NAME: Final = "firedrill.toml"
PREFIX: Final = "FIREDRILL_"
CONFIG_VARIABLE: Final = "FIREDRILL_CONFIG"
# These say where something is to a process that we started; they are not settings.
_NO_SETTINGS: Final = frozenset(
    {
        CONFIG_VARIABLE,
        "FIREDRILL_DRILL_BEGAN",
        "FIREDRILL_SANDBOX",
        "FIREDRILL_SERVER_URL",
        "FIREDRILL_TELEMETRY",
    }
)
_SECRET_KEYS: Final = ("shop.database_url", "knowledge.database_url", "knowledge.index_token")
# The secrets that may lie in a file of their own, whose name is no secret.
_SECRET_FILE_KEYS: Final = {
    "knowledge.database_url_file": "knowledge.database_url",
    "knowledge.index_token_file": "knowledge.index_token",
}


class SettingsError(Exception):
    """A setting is unknown or wrong; the message says where it stands and what would be right."""


class LoadedSettings(BaseModel):
    """Settings, and where they came from.

    Attributes:
        settings: What is in force.
        origins: For each key that was set, the file or the name of the variable.
        file: The file that was read; None where there was none.
    """

    model_config = ConfigDict(frozen=True)

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None


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
    path = _file(file, environment, folder)
    values = _read(path) if path else {}
    origins = {
        f"{section}.{key}": str(path) for section, keys in values.items() if isinstance(keys, dict) for key in keys
    }
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable not in _NO_SETTINGS:
            section, key = _key_of(variable).split(".")
            values[section] = {**values.get(section, {}), key: value}
            origins[f"{section}.{key}"] = variable
    _fill_in_secrets(values, origins, folder)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        empty = {variable for variable, value in environment.items() if not value.strip()}
        raise SettingsError(_explain(error, origins, str(path or "the settings"), empty)) from None
    workspace = settings.workspace.model_copy(update={"path": (folder / settings.workspace.path).resolve()})
    if values.get("slo"):
        origins["slo"] = str(path)
    return LoadedSettings(settings=settings.model_copy(update={"workspace": workspace}), origins=origins, file=path)


def variable_of(key: str) -> str:
    """Give the environment variable that sets a key such as `server.port`."""
    return PREFIX + key.replace(".", "_").upper()


def _file(named: Path | None, environment: Mapping[str, str], folder: Path) -> Path | None:
    if named is None and environment.get(CONFIG_VARIABLE):
        named = Path(environment[CONFIG_VARIABLE])
    path = folder / (named or FILE_NAME)
    if named is not None and not path.is_file():
        raise SettingsError(f"there is no settings file {path}")
    return path.resolve() if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    for section, keys in values.items():
        if section in Settings.model_fields and section != "slo" and not isinstance(keys, dict):
            raise SettingsError(f"{path}: {section!r} is a section; write [{section}] above its keys")
    if "slo" in values and not isinstance(values["slo"], list):
        raise SettingsError(f"{path}: 'slo' is a list; write [[slo]] above each objective")
    for key in _SECRET_KEYS:
        section, name = key.split(".")
        if name in values.get(section, {}):
            or_file = f" or {key}_file" if f"{key}_file" in _SECRET_FILE_KEYS else ""
            raise SettingsError(
                f"{path}: {key} is a secret; set {variable_of(key)} in the environment{or_file} instead"
            )
    return values


def _fill_in_secrets(values: dict[str, Any], origins: dict[str, str], folder: Path) -> None:
    """Read the secrets that lie in files of their own, without the blanks around them."""
    for file_key, key in _SECRET_FILE_KEYS.items():
        section, name = key.split(".")
        named = values.get(section, {}).get(f"{name}_file")
        if not isinstance(named, str) or not named.strip():
            continue
        if key in origins:
            raise SettingsError(f"both {origins[key]} and {origins[file_key]} ({file_key}) give {key}; unset one")
        path = folder / Path(named.strip()).expanduser()
        try:
            secret = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            # What cannot be decoded may be the secret itself; only the reason of the system is said.
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise SettingsError(f"{origins[file_key]}: {file_key} names {path}: {reason}") from None
        if not secret:
            raise SettingsError(f"{origins[file_key]}: {file_key} names {path}, which is empty")
        values[section] = {**values[section], name: secret}
        origins[key] = str(path)


def _key_of(variable: str) -> str:
    keys = {variable_of(key): key for key in known_keys()}
    if variable in keys:
        return keys[variable]
    if variable.startswith(f"{PREFIX}SLO"):
        raise SettingsError(f"the environment sets {variable}; objectives are a list, so write [[slo]] in {FILE_NAME}")
    names = [name.removeprefix(PREFIX) for name in keys]
    hint = _hint(variable.removeprefix(PREFIX), names, prefix=PREFIX)
    raise SettingsError(f"the environment sets {variable}, which is no setting.{hint}")


def _explain(error: ValidationError, origins: Mapping[str, str], otherwise: str, empty: Set[str]) -> str:
    """Say every mistake on a line of its own; what was written is left out, for it may be a secret."""
    lines = []
    for mistake in error.errors(include_input=False, include_url=False):
        place = [str(part) for part in mistake["loc"]]
        where = ".".join(place)
        origin = origins.get(where, otherwise)
        if origin in empty:
            lines.append(f"{origin} is empty; unset it or give a value")
        elif mistake["type"] == "extra_forbidden":
            *parents, name = place
            hint = _hint(name, _names_in(parents), prefix="".join(f"{parent}." for parent in parents))
            lines.append(f"{origin}: there is no setting {where!r}.{hint}")
        else:
            said = mistake["msg"].removeprefix("Value error, ")
            lines.append(f"{origin}: {where}: {said}" if where else f"{origin}: {said}")
    return "\n".join(lines)


def _names_in(parents: Sequence[str]) -> list[str]:
    if not parents:
        return list(Settings.model_fields)
    if parents[0] == "slo":
        return list(SloSettings.model_fields)
    return [key.split(".")[1] for key in known_keys() if key.startswith(f"{parents[0]}.")]


def _hint(name: str, known: Sequence[str], *, prefix: str) -> str:
    found = get_close_matches(name, known, n=1)
    if found:
        return f" Did you mean {prefix + found[0]!r}?"
    return f" Known are: {', '.join(prefix + one for one in known)}."
