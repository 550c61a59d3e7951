from __future__ import annotations

import pytest
from contract_entries import comparison, matches
from opened_app import OpenApp, everything_said, opened_page
from streamlit.testing.v1 import AppTest

from knowledge_base import Match, Question, Ranked
from ui.pages.knowledge.retrieval_lab import ranking_lines
from ui.pages.knowledge.signature_text import BadSignature, signature_from
from ui.pages.match_reasons import reason_chips, reason_numbers


def opened(open_app: OpenApp, url: str, **address: str) -> AppTest:
    return opened_page(open_app, url, "lab", **address)


def test_every_way_of_comparing_stands_beside_the_others(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, q="checkout fails")
    assert not app.exception
    said = everything_said(app)
    for title in ("**Meaning**", "**Words**", "**Signature**", "**Fused**"):
        assert title in said
    assert "Not asked: paste a signature above." in said
    assert ":violet-badge[→ 1]" in said
    assert "Took 23 ms" in said


def test_the_threshold_stands_between_what_is_alike_and_what_is_not(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, q="checkout fails")
    drawn = [str(element.value) for element in app.markdown]
    (threshold,) = [at for at, value in enumerate(drawn) if "Threshold 0.700" in value]
    assert [at < threshold for at, value in enumerate(drawn) if "**0.930**" in value] == [True]
    assert [at < threshold for at, value in enumerate(drawn) if "**0.610**" in value] == [False]


def test_a_signature_can_be_pasted(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_area(key="lab_signature").set_value('{"signature": {"latency": 1}}').run()
    said = everything_said(app)
    assert "Not asked: type some words." in said
    assert "Not asked: paste a signature above." not in said


def test_a_bad_signature_says_what_a_good_one_looks_like(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, q="checkout")
    app.text_area(key="lab_signature").set_value("latency: 1").run()
    assert "This is not JSON" in everything_said(app)


def test_an_empty_lab_and_an_empty_answer_say_what_to_do(server_url: str, open_app: OpenApp) -> None:
    assert "Type what an engineer would type" in everything_said(opened(open_app, server_url))
    assert "Take the filters back" in everything_said(opened(open_app, server_url, q="nothing"))


@pytest.mark.parametrize("pasted", ["[1]", '{"a": "x"}', '{"a": 1.1}', '{"a": -1}', '{"a": true}', '{"a": NaN}', "{"])
def test_what_is_no_signature_is_refused(pasted: str) -> None:
    with pytest.raises(BadSignature, match="link_errors"):
        signature_from(pasted)


def test_nothing_pasted_is_an_empty_signature() -> None:
    assert signature_from(" \n") == {}
    assert signature_from('{"latency": 0, "errors": 1}') == {"latency": 0.0, "errors": 1.0}


def test_a_title_formats_nothing_in_a_ranking() -> None:
    (line,) = ranking_lines([Ranked(entry_id="x", title="**x** [y](http://z)", score=0.5)], {"x": 3})
    assert line.startswith("1. \\*\\*x\\*\\* \\[y\\]")
    assert line.endswith(":gray[0.5] :violet-badge[→ 3]")


def test_reasons_are_chips_with_nothing_left_out_unsaid() -> None:
    many = matches()[0].model_copy(update={"words": tuple(f"w{number}" for number in range(15))})
    words, signals, labels = reason_chips(many)
    assert "and 3 more" in words
    assert signals.startswith(":gray[signals] :violet-badge[link\\_errors]")
    assert "network\\_link" in labels
    bare = Match(entry=many.entry, score=0.1)
    assert reason_chips(bare) == ()
    assert reason_numbers(bare) == "texts 0 \\% alike"


def test_feedback_that_lowered_a_match_is_said() -> None:
    assert "lowered to 80 \\% of its score" in reason_numbers(matches()[1])


def test_a_comparison_leaves_out_what_was_not_asked() -> None:
    assert set(comparison(Question(text="x")).channels) == {"dense", "words"}
