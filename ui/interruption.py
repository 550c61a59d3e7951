"""Ctrl-C and its kin: what ends a command, and how what must be finished is finished nevertheless."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_as_with_ctrl_c() -> None:
    """Have a polite request to end, and a closed terminal, run every `finally` on the way out, as Ctrl-C does."""
    for which in _ENDING:
        if signal.getsignal(which) is signal.SIG_DFL:  # `nohup` has SIGHUP ignored, and so it stays.
            signal.signal(which, _interrupt)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let nothing but a kill end what is done here, such as stopping what was started.

    Who asks to end is told to wait, and is obeyed afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals are for the main thread to deal with.
        return
    asked: list[int] = []

    def note(which: int, _frame: FrameType | None) -> None:
        asked.append(which)
        print("stopping; a moment, please", file=sys.stderr, flush=True)

    before = {which: signal.signal(which, note) for which in _ENDING}
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
        if asked:
            signal.raise_signal(asked[0])


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
