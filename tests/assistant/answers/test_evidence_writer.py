from __future__ import annotations

from datetime import timedelta

import pytest
from markdown_it import MarkdownIt

from assistant.answers import AnswerRequest, EvidenceWriter, Operation, Scope, citable, cited_ids
from assistant.diagnosis.values import Hypothesis
from assistant.incidents import Timeline
from assistant.taxonomy import DESCRIPTIONS, FaultKind
from knowledge_base import ReviewStatus


def written(request: AnswerRequest) -> str:
    return "".join(EvidenceWriter().write(request))


def section(answer: str, title: str) -> str:
    return answer.split(f"### {title}\n", 1)[1].split("\n### ", 1)[0].strip()


def test_the_verdict_comes_first_with_place_probability_and_onset(make_request) -> None:
    assert written(make_request()).startswith(
        "**Most likely: database connection in `inventory`, on `POST /reserve`**: very likely (82 %), "
        "since 10:36:00 UTC."
    )


def test_the_sections_come_in_the_order_an_engineer_needs_them(make_request) -> None:
    titles = [line[4:] for line in written(make_request()).split("\n") if line.startswith("### ")]
    assert titles == ["Why", "Other possible causes", "Seen before", "What to do next", "What is not known"]


def test_every_section_arrives_as_a_piece_of_its_own(make_request) -> None:
    pieces = list(EvidenceWriter().write(make_request()))
    assert len(pieces) == 7
    assert all(piece.endswith("\n\n") for piece in pieces)


def test_evidence_is_cited_with_its_change_its_onset_and_its_lines(make_request) -> None:
    why = section(written(make_request()), "Why")
    assert "- [E1] POST /reserve of inventory fails: 34 % of 120 requests, 0.1 % before (0.1 % → 34 %" in why
    assert ", from 10:36:00 UTC). Example trace: `trace-4711`." in why
    assert "```text\nFATAL: role inventory is not permitted to log in\n```" in why
    assert "E3" not in why


def test_all_that_it_cites_exists(make_request) -> None:
    request = make_request()
    assert set(cited_ids(written(request))) == {"E1", "E2", "E3", "K1"}
    assert set(cited_ids(written(request))) <= set(citable(request))


def test_other_causes_are_ranked_and_what_was_ruled_out_is_said(make_request) -> None:
    other = section(written(make_request()), "Other possible causes")
    assert other == (
        "2. network link between `orders` and `payments`: 8 % [E3]\n"
        "- Ruled out: bad version in `catalog`: nothing was deployed."
    )


def test_what_fixed_it_last_time_comes_before_the_general_steps(make_request) -> None:
    steps = section(written(make_request()), "What to do next").split("\n")
    assert steps[0] == "1. What fixed [K1]: ALTER ROLE orders LOGIN."
    assert steps[1].startswith("2. Try `inventory`'s own database credentials")


@pytest.mark.parametrize("changed", [{"fault_kind": "bad_version"}, {"fix": None}, {"status": ReviewStatus.DEPRECATED}])
def test_a_fix_is_advised_only_if_it_is_known_and_for_the_same_kind(make_request, make_match, changed) -> None:
    steps = section(written(make_request(similar=(make_match(**changed),))), "What to do next")
    assert "K1" not in steps


def test_an_unreviewed_entry_is_marked_wherever_it_is_used(make_request, make_match) -> None:
    answer = written(make_request(similar=(make_match(status=ReviewStatus.DRAFT),)))
    assert "- [K1] Database refuses orders (91 % alike, incident, unreviewed)." in section(answer, "Seen before")
    assert "What fixed [K1] (unreviewed): " in section(answer, "What to do next")


def test_nothing_similar_is_said_to_be_nothing(make_request) -> None:
    assert section(written(make_request(similar=())), "Seen before") == "Nothing similar is known."


def test_what_is_not_known_is_said(make_request, make_diagnosis) -> None:
    not_known = section(written(make_request(diagnosis=make_diagnosis(failed_parts=("traffic",)))), "What is not known")
    assert "whether the database itself is up." in not_known
    assert "Not collected: `events`." in not_known
    assert "none of these causes: 10 %" in not_known
    assert "`traffic`" in not_known


def test_a_weak_lead_is_not_sold_as_a_cause(make_request, make_diagnosis) -> None:
    weak = make_diagnosis(hypotheses=(make_diagnosis().top.model_copy(update={"probability": 0.25}),))
    assert written(make_request(diagnosis=weak)).startswith("**No cause stands out clearly; the best lead is database")


def test_a_question_about_everything_gets_told_that_everything_was_looked_at(make_request) -> None:
    assert "names no service or operation that is known, so all of `shop` was looked at" in written(make_request())


def test_the_cause_elsewhere_is_named_when_what_was_asked_about_is_affected(make_request) -> None:
    scope = Scope(operations=(Operation("gateway", "POST /checkout"),))
    assert (
        "`POST /checkout` at `gateway` is affected [E3], but the cause lies elsewhere: in `inventory`, "
        "on `POST /reserve`."
    ) in written(make_request(scope=scope))


def test_what_was_asked_about_is_cleared_when_nothing_was_seen_on_it(make_request) -> None:
    answer = written(make_request(scope=Scope(services=("catalog",))))
    assert "Nothing unusual was seen on `catalog` itself; the system's problem lies elsewhere" in answer


def test_nothing_is_said_of_the_scope_when_the_cause_lies_in_it(make_request) -> None:
    answer = written(make_request(scope=Scope(services=("inventory",))))
    assert "elsewhere" not in answer
    assert "looked at" not in answer


def test_an_abstention_is_an_answer_with_its_reason_and_what_was_looked_at(make_request, make_diagnosis) -> None:
    quiet = make_diagnosis(
        hypotheses=(), evidence=(), abstained=True, abstention_reason="all signals are as before", none_probability=1.0
    )
    answer = written(make_request(diagnosis=quiet, similar=(), signals={"orders": ("latency p95 41 ms",)}))
    assert answer.startswith("**Nothing stands out** in `shop`: all signals are as before.")
    assert "Looked at: all of `shop`, from 10:30:00 UTC to 10:40:00 UTC" in answer
    assert "- `orders`: latency p95 41 ms" in answer
    assert "Most likely" not in answer
    assert "Seen before" not in answer


def test_no_telemetry_is_not_taken_for_health(make_request) -> None:
    answer = written(make_request(diagnosis=None, similar=()))
    assert answer.startswith("**No diagnosis could be made**")
    assert "firedrill doctor" in answer


def test_the_incident_and_its_times_are_said(make_request) -> None:
    now = make_request().now
    times = Timeline(detected=now - timedelta(days=1), resolved=now)
    answer = written(make_request(incident_title="Checkout *fails*", timeline=times))
    assert r"Incident: Checkout \*fails\*; detected 2026-02-28 10:40:00 UTC; resolved 10:40:00 UTC." in answer


@pytest.mark.parametrize("kind", list(FaultKind))
def test_the_steps_of_every_kind_can_name_what_they_are_about(make_request, make_diagnosis, kind: FaultKind) -> None:
    cause = Hypothesis(
        service="orders",
        kind=kind,
        operation="GET /x",
        link=("orders", "payments"),
        version="1.4.2",
        probability=0.9,
        summary="s",
        evidence=("E1",),
    )
    steps = section(written(make_request(diagnosis=make_diagnosis(hypotheses=(cause,)), similar=())), "What to do next")
    assert len(steps.split("\n")) == len(DESCRIPTIONS[kind].next_steps)
    assert "the caller" not in steps
    assert "this version" not in steps
    if kind is FaultKind.BAD_VERSION:
        assert "1. Roll `orders` back to the version before `1.4.2`." in steps
    if kind is FaultKind.NETWORK_LINK:
        assert "From `orders`'s host, open a connection to `payments`" in steps
        assert "service mesh" in steps


HOSTILE = "![x](http://evil.example/p.png) <script>`a``` :red[x] [y](javascript:z) \x1b[2J\u202e\n# heading\n```\n<b>"


def test_hostile_text_from_telemetry_stays_text_wherever_it_stands(make_request, make_evidence, make_match) -> None:
    evidence = make_evidence(
        service=HOSTILE, operation=HOSTILE, summary=HOSTILE, log_lines=(HOSTILE, "``````"), trace_ids=(HOSTILE,)
    )
    cause = Hypothesis(
        service=HOSTILE,
        kind=FaultKind.BAD_VERSION,
        operation=HOSTILE,
        link=(HOSTILE, HOSTILE),
        version=HOSTILE,
        probability=0.9,
        summary=HOSTILE,
        evidence=("E1",),
    )
    diagnosis = make_request().diagnosis.model_copy(
        update={
            "system": HOSTILE,
            "evidence": (evidence,),
            "hypotheses": (cause, cause),
            "unknown": (HOSTILE,),
            "failed_parts": (HOSTILE,),
        }
    )
    answer = written(
        make_request(
            question=HOSTILE,
            diagnosis=diagnosis,
            similar=(make_match(title=HOSTILE, cause=HOSTILE, fix=HOSTILE, fault_kind="bad_version"),),
            incident_title=HOSTILE,
            signals={HOSTILE: (HOSTILE,)},
            scope=Scope(services=(HOSTILE,), operations=(Operation(HOSTILE, HOSTILE),)),
        )
    )
    parsed = MarkdownIt("commonmark", {"html": True}).parse(answer)
    kinds = {token.type for block in parsed for token in (block, *(block.children or ()))}
    assert not kinds & {"link_open", "image", "html_inline", "html_block"}
    assert [token.content for token in parsed if token.type == "heading_open"] == [""] * 6
    assert "\x1b" not in answer
    assert "\u202e" not in answer
