"""Which errors are the user's to mend, and the exit code of each; anything else is a mistake of ours."""

from __future__ import annotations

from typing import Final

from assistant.client import ServerError, ServerRefused
from assistant.errors import AssistantError, JournalError
from chaos import ChaosError, DidNotStart, NoSandbox, ProxyUnreachable, RunFailed
from knowledge_base import IndexServerUnavailable, KnowledgeBaseError, RecordsUnavailable
from telemetry import SourceUnavailable, TelemetryError
from ui.bad_use import BadUse
from ui.connect import NothingToAsk
from ui.exits import Exit
from ui.settings_reading import SettingsError

_SERVER_ERROR_FROM: Final = 500
# The first that fits decides, so the special come before the general.
_CODES: Final[tuple[tuple[type[Exception], Exit], ...]] = (
    (SettingsError, Exit.BAD_INPUT),
    (BadUse, Exit.BAD_INPUT),
    (NothingToAsk, Exit.NOT_REACHABLE),
    (ServerRefused, Exit.BAD_INPUT),
    (ServerError, Exit.NOT_REACHABLE),
    (JournalError, Exit.NOT_REACHABLE),
    (SourceUnavailable, Exit.NOT_REACHABLE),
    (NoSandbox, Exit.NOT_REACHABLE),
    (DidNotStart, Exit.NOT_REACHABLE),
    (ProxyUnreachable, Exit.NOT_REACHABLE),
    (RunFailed, Exit.NOT_REACHABLE),
    (TelemetryError, Exit.BAD_INPUT),
    (RecordsUnavailable, Exit.NOT_REACHABLE),
    (IndexServerUnavailable, Exit.NOT_REACHABLE),
    (KnowledgeBaseError, Exit.BAD_INPUT),
    (AssistantError, Exit.BAD_INPUT),
    (ChaosError, Exit.BAD_INPUT),
    (ModuleNotFoundError, Exit.NOT_REACHABLE),
    # A folder that may not be written, a name that is too long: what was named is not what it must be.
    (OSError, Exit.BAD_INPUT),
)
# Our own packages are there, or nothing is; what can be missing comes with an extra.
_OURS: Final = ("assistant", "chaos", "forecasting", "knowledge_base", "telemetry", "ui")


def exit_code_of(error: Exception) -> Exit | None:
    """Give the exit code for an error, None for one that nobody expected."""
    if isinstance(error, ServerRefused) and error.status >= _SERVER_ERROR_FROM:
        return Exit.NOT_REACHABLE
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in _OURS:
        return None
    return next((code for kind, code in _CODES if isinstance(error, kind)), None)


def in_words(error: Exception) -> str:
    """Say an error on standard error."""
    if isinstance(error, ModuleNotFoundError):
        return f"the package {error.name!r} is not installed; run `make install`"
    return str(error)
