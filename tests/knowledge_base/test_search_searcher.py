"""From a question to matches: fusion, relevance, feedback, and what is said about each match."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import BAD_INVENTORY_SIGNATURE, BAD_VERSION_OF_CATALOG, DATABASE_ON_ORDERS, DRILLS, entry
from search_world import World

from knowledge_base import BadSearch, FeedbackCounts, Match, Question, ReviewStatus
from knowledge_base.search.fusion import RANK_CONSTANT, reciprocal_rank_fusion
from knowledge_base.search.reasons import reasons
from knowledge_base.search.relevance import ALIKE, relevance, text_score

DISK = "disk of the database is full, writes fail with no space left on device"


def ids(found: list[Match]) -> list[str]:
    return [each.entry.id for each in found]


def sure(
    text: float,
    signature: float = np.nan,
    *,
    named: bool = False,
    kind: float | None = None,
    signals: float | None = None,
) -> float:
    several = [None if each is None else np.array([each]) for each in (kind, signals)]
    found = relevance(np.array([text]), np.array([named]), np.array([signature]), *several)
    return float(found[0])


def test_fusion_adds_up_what_each_ranking_gives() -> None:
    fused = reciprocal_rank_fusion([["a", "b"], ["b", "c"], []])
    assert list(fused) == ["b", "a", "c"]
    assert fused["b"] == pytest.approx(1 / (RANK_CONSTANT + 2) + 1 / (RANK_CONSTANT + 1))


def test_equals_in_fusion_keep_the_order_in_which_they_were_seen() -> None:
    assert list(reciprocal_rank_fusion([["a"], ["b"], ["c"]])) == ["a", "b", "c"]
    assert reciprocal_rank_fusion([]) == {}


@given(st.floats(0, 3), st.floats(0, 3), st.booleans())
def test_more_alike_by_text_is_never_less_sure(one: float, other: float, named: bool) -> None:
    low, high = sorted((one, other))
    assert sure(low, named=named) <= sure(high, named=named)
    assert 0 <= sure(low) <= 1


@given(st.floats(0, 1), st.floats(0, 1), st.one_of(st.none(), st.floats(-1, 1)))
def test_more_alike_by_signature_is_never_less_sure(one: float, other: float, kind: float | None) -> None:
    low, high = sorted((one, other))
    assert sure(1.0, low, kind=kind) <= sure(1.0, high, kind=kind)


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 0.4), st.floats(0, 0.4))
def test_a_kind_or_signals_more_alike_never_make_it_less_sure(
    signature: float, kind: float, more: float, signals: float, many: float
) -> None:
    kinds, names = sorted((kind, more)), sorted((signals, many))
    assert sure(0.0, signature, kind=kinds[0]) <= sure(0.0, signature, kind=kinds[1])
    assert sure(0.0, signature, signals=names[0]) <= sure(0.0, signature, signals=names[1])


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.integers(0, 2), st.floats(0, 1))
def test_no_way_of_being_alike_makes_texts_less_alike(parts: list[float], which: int, more: float) -> None:
    greater = [part + more * (at == which) for at, part in enumerate(parts)]
    assert text_score(*map(np.array, parts)) <= text_score(*map(np.array, greater))


def test_a_text_with_every_word_asked_for_is_alike_and_where_there_are_signatures_they_decide() -> None:
    assert sure(0.2) < ALIKE < sure(0.2, named=True)
    assert sure(3.0, 0.2) < ALIKE < sure(0.0, 0.99)


def test_why_names_signals_labels_words_and_what_people_made_of_it() -> None:
    question = Question(
        text="orders fails",
        signature={"errors": 0.9, "deploy": 1.0, "latency": 0.05},
        fault_kind="bad_version",
        services=("catalog", "orders", "catalog"),
        operations=("GET /products/{id}",),
    )
    said = reasons(question, BAD_VERSION_OF_CATALOG, words=["fail", "orders"], meaning=0.61, feedback=0.8)
    assert said.signals == ("deploy", "errors")
    assert said.labels == ("fault kind bad_version", "service catalog", "operation GET /products/{id}")
    assert said.sentences == (
        "the same signals moved: deploy, errors",
        "the same fault kind bad_version",
        "the same service catalog",
        "the same operation GET /products/{id}",
        "it has the words: fail, orders",
        "it reads alike (0.61 of 1)",
        "people were misled by it before, so its score counts 80%",
    )


def test_what_has_nothing_in_common_has_no_reasons() -> None:
    said = reasons(Question(text="disk"), DATABASE_ON_ORDERS, words=[], meaning=0.1, feedback=1.0)
    assert (said.words, said.signals, said.labels, said.sentences) == ((), (), (), ())


def test_a_match_says_in_which_ways_it_was_found_and_with_which_words() -> None:
    world = World()
    world.write(*DRILLS)
    question = Question(text="catalog KeyError currency", signature=BAD_INVENTORY_SIGNATURE, services=("catalog",))
    (match,) = world.searcher().search(question, limit=5)
    assert match.entry == BAD_VERSION_OF_CATALOG
    assert match.ranks == {"dense": 1, "words": 1, "signature": 1}
    assert {"KeyError", "currency", "catalog"} <= set(match.words)
    assert match.signals[0] == "deploy"
    assert match.signature_similarity == pytest.approx(0.97, abs=0.03)
    assert match.labels == ("service catalog",)
    assert 0.5 <= match.score <= 1


def test_signals_are_looked_for_as_a_whole_even_where_there_is_no_text() -> None:
    world = World()
    signature = {"metric:mem_usage:up": 1.0}
    world.write(
        entry("inc-one", signals=("orders-1 mem_usage up",), signature=signature),
        entry("inc-two", signals=("orders-1 cpu_usage up",), signature=signature),
    )
    question = Question(signature=signature, signals=("orders-1 mem_usage up",))
    found = world.searcher().search(question, limit=2, minimum_score=0.0)
    assert ids(found)[0] == "inc-one"
    assert found[0].score > found[1].score
    assert "orders_1_mem_usage_up" in found[0].words


def test_an_alike_entry_that_misled_is_shown_before_others_that_are_not_alike() -> None:
    world = World()
    world.write(entry("inc-disk", title=DISK), *DRILLS, *(entry(f"inc-{at}", title=f"{at} writes") for at in range(40)))
    searcher = world.searcher()
    assert ids(searcher.search(Question(text=DISK), limit=1)) == ["inc-disk"]
    world.judge("inc-disk", FeedbackCounts(shown=400, wrong=400))
    (match,) = searcher.search(Question(text=DISK), limit=1)
    assert match.entry.id == "inc-disk"
    assert match.score == pytest.approx(match.feedback, abs=match.feedback / 2)
    assert "misled" in match.why[-1]


def test_feedback_decides_between_two_that_are_as_alike() -> None:
    world = World()
    world.write(entry("inc-a", title=DISK), entry("inc-b", title=DISK))
    searcher = world.searcher()
    assert ids(searcher.search(Question(text=DISK), limit=2)) == ["inc-a", "inc-b"]
    world.judge("inc-a", FeedbackCounts(shown=1, wrong=1))
    assert ids(searcher.search(Question(text=DISK), limit=2)) == ["inc-b", "inc-a"]
    world.judge("inc-a", FeedbackCounts(shown=4, wrong=1, helped=3))
    assert ids(searcher.search(Question(text=DISK), limit=2)) == ["inc-a", "inc-b"]


def test_what_was_withdrawn_since_the_comparison_is_not_shown() -> None:
    world = World()
    world.write(entry("inc-a", title=DISK), entry("inc-b", title=DISK), entry("inc-c", title=DISK))
    searcher = world.searcher()
    searcher.search(Question(text=DISK), limit=2)
    # As another server does between our comparing and our reading: the number of the last change is not seen to move.
    world.entries["inc-a"] = world.entries["inc-a"].model_copy(update={"status": ReviewStatus.DEPRECATED})
    del world.entries["inc-b"]
    assert ids(searcher.search(Question(text=DISK), limit=2)) == ["inc-c"]


@pytest.mark.parametrize("question", [Question(), Question(text=" \n"), Question(signature={"errors": 0.0})])
def test_a_question_that_asks_nothing_is_refused(question: Question) -> None:
    with pytest.raises(BadSearch, match="needs words or a signature"):
        World().searcher().search(question, limit=5)


@pytest.mark.parametrize("text", ["the of and", "🔥", "---"])
def test_a_text_without_words_finds_nothing_and_is_no_error(text: str) -> None:
    world = World()
    world.write(*DRILLS)
    assert world.searcher().search(Question(text=text), limit=5) == []
    assert World().searcher().search(Question(text=text), limit=5) == []


def test_a_comparison_shows_each_way_side_by_side_and_shows_what_is_not_alike() -> None:
    world = World()
    world.write(*DRILLS)
    compared = world.searcher().compare(Question(text="an apple cake"), limit=3)
    assert set(compared.channels) == {"dense", "words"}
    assert len(compared.channels["dense"]) == len(compared.matches) == 3
    assert all(match.score < compared.least_score for match in compared.matches)
    assert compared.seconds >= 0
    titles = {each.id: each.title for each in DRILLS}
    assert all(titles[ranked.entry_id] == ranked.title for ranked in compared.fused)


def test_twins_are_found_by_what_they_say_and_told_apart_by_kind_and_signature() -> None:
    world = World()
    said = {"title": DISK, "symptoms": "Every write fails."}
    world.write(
        entry("inc-a", **said, signature={"errors": 1.0}),
        entry("inc-b", **said, signature={"latency": 1.0}),
        entry("inc-c", **said, fault_kind="disk_full"),
        entry("run-d", **said, kind="runbook"),
        entry("inc-e", **said, signature={"errors": 0.9}),
        *DRILLS,
    )
    found = world.searcher().twins([world.entries["inc-a"]], least=0.9)
    assert [(one, other) for one, other, _ in found] == [("inc-a", "inc-e")]
    assert found[0][2] == pytest.approx(1.0, abs=1e-5)


def test_searches_during_a_catalogue_made_anew_never_show_another_entry_for_what_was_asked() -> None:
    world, wrong = World(), list[str]()
    stable = [entry(f"inc-stable-{at}", title=f"marker{at} stays") for at in range(5)]
    moving = [entry(f"inc-moving-{at}", title="something else") for at in range(300)]
    world.write(*stable, *moving)
    searcher, stop = world.searcher(), threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                for at in range(5):
                    if ids(searcher.search(Question(text=f"marker{at}"), limit=1)) != [f"inc-stable-{at}"]:
                        wrong.append(f"marker{at}")
        except Exception as error:
            wrong.append(repr(error))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for turn in range(12):  # More dead rows than are kept.
        for each in moving:
            world.write(each.model_copy(update={"symptoms": f"turn {turn}"}))
        searcher.search(Question(text="marker1"), limit=1)
    stop.set()
    for thread in asking:
        thread.join()
    assert wrong == []
