"""Exit codes, which are a contract: scripts decide by them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    ANSWER_IS_NO = 1
    """The answer is "no": unhealthy, a gate failed, an abstention."""
    BAD_INPUT = 2
    """Bad use or bad input; nothing was changed."""
    NOT_REACHABLE = 3
    """Something that the command needs does not answer."""
