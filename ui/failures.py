"""Which errors are the user's to mend, and the exit code of each; anything else is a mistake of ours."""

from __future__ import annotations

from typing import Final

from assistant.client import ServerError, ServerRefused
from assistant.errors import AssistantError
from chaos.errors import ChaosError, ProxyUnreachable
from knowledge_base import KnowledgeBaseError
from telemetry import SourceUnavailable, TelemetryError
from ui.exits import Exit
from ui.settings import SettingsError

# The first that fits decides, so the special come before the general.
_CODES: Final[tuple[tuple[type[Exception], Exit], ...]] = (
    (SettingsError, Exit.BAD_INPUT),
    (ServerRefused, Exit.BAD_INPUT),
    (ServerError, Exit.NOT_REACHABLE),
    (SourceUnavailable, Exit.NOT_REACHABLE),
    (ProxyUnreachable, Exit.NOT_REACHABLE),
    (TelemetryError, Exit.BAD_INPUT),
    (KnowledgeBaseError, Exit.BAD_INPUT),
    (AssistantError, Exit.BAD_INPUT),
    (ChaosError, Exit.BAD_INPUT),
)


def exit_code_of(error: Exception) -> Exit | None:
    """Give the exit code for an error, None for one that nobody expected."""
    if isinstance(error, ServerRefused) and error.status >= 500:
        return Exit.NOT_REACHABLE
    return next((code for kind, code in _CODES if isinstance(error, kind)), None)
