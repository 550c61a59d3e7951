from __future__ import annotations

import pytest

from assistant.answers.paragraphs import Paragraphs

TEXT = "first\nstill first\r\n\r\n\n```py\na\n\nb\n```\nafter\n\n  \nlast"
PARTS = ["first\nstill first", "```py\na\n\nb\n```\nafter", "last"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(TEXT)])
def test_paragraphs_are_the_same_however_the_text_arrives(size: int) -> None:
    paragraphs = Paragraphs()
    found = [one for start in range(0, len(TEXT), size) for one in paragraphs.feed(TEXT[start : start + size])]
    assert [*found, *paragraphs.finish()] == PARTS


def test_a_paragraph_is_given_as_soon_as_it_is_finished() -> None:
    paragraphs = Paragraphs()
    assert paragraphs.feed("one\n") == []
    assert paragraphs.feed("\ntwo") == ["one"]


def test_nothing_left_is_nothing_given() -> None:
    assert Paragraphs().finish() == []
