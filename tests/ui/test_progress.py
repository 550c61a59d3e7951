from __future__ import annotations

import io
import logging
import sys

import pytest

from ui.progress import progress_bar, progress_log


def test_a_log_tells_of_progress_now_and_then_and_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    ticks = iter([0.0, 1.0, 6.0, 7.0, 8.0])
    told = progress_log(logging.getLogger("ui.test"), "indexing", lambda: next(ticks))
    with caplog.at_level(logging.INFO, logger="ui.test"):
        for done in (1, 2, 3, 4):
            told(done, 4)
    assert [record.getMessage() for record in caplog.records] == ["indexing: 2 of 4", "indexing: 4 of 4"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_how_many_are_done_is_told_once_it_is_known_of_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress_bar() as told:
        told("reading", 0, None)
    assert "reading" in terminal.getvalue()
    assert "0/" not in terminal.getvalue()
    with progress_bar() as told:
        told("reading", 1, None)
        told("reading", 2, 7)
    assert "2/7" in terminal.getvalue()


def test_where_nobody_looks_at_a_terminal_no_bar_is_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as told:
        told("indexing", 1, None)
        told("indexing", 2, 2)
    assert capfd.readouterr() == ("", "")
