"""How a process that starts lets us know that it is ready."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Ready: TypeAlias = Callable[[str], Mapping[str, Any] | None]
"""Given what the process has written so far: what it announced of itself once it is ready, None before that."""


def said_json(output: str) -> Mapping[str, Any] | None:
    """Ready once it has written a line with a JSON object, which is the announcement."""
    for line in output.splitlines(keepends=True):
        if line.startswith("{") and line.endswith("\n"):
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict):
                return said
    return None


def answers(url: str, timeout_seconds: float = 1.0) -> Ready:
    """Ready once a GET of a plain HTTP address succeeds; nothing is announced."""
    parts = urlsplit(url)

    def ready(_output: str) -> Mapping[str, Any] | None:
        # Not httpx: no proxy from the environment may come between, and this is asked many times a second.
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
        try:
            connection.request("GET", parts.path or "/")
            return {} if http.client.OK <= connection.getresponse().status < http.client.MULTIPLE_CHOICES else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    return ready
