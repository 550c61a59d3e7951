from __future__ import annotations

import logging

import pytest

from ui.progress import progress_bar, progress_log


def test_a_log_tells_of_progress_now_and_then_and_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    ticks = iter([0.0, 1.0, 6.0, 7.0, 8.0])
    told = progress_log(logging.getLogger("ui.test"), "indexing", lambda: next(ticks))
    with caplog.at_level(logging.INFO, logger="ui.test"):
        for done in (1, 2, 3, 4):
            told(done, 4)
    assert [record.getMessage() for record in caplog.records] == ["indexing: 2 of 4", "indexing: 4 of 4"]


def test_where_nobody_looks_at_a_terminal_no_bar_is_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as told:
        told("indexing", 1, None)
        told("indexing", 2, 2)
    assert capfd.readouterr() == ("", "")
