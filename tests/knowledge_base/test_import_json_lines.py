"""JSON Lines: our export, entries of others, lists of alerts; a bad line spoils no other."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from exchange_reading import NOW, RULES, RUNBOOK, errors, read, read_entry, told

from knowledge_base.entry import Entry, Severity
from knowledge_base.exchange.limits import ImportLimits

ALERTS = [
    {"signal": "metric", "where": "orders-1", "what": "cpu_usage", "direction": "up"},
    {"signal": "metric", "where": "orders-0", "what": "cpu_usage", "direction": "up"},
    {"signal": "metric", "where": "orders-0", "what": "mem_usage", "direction": "up"},
    {"signal": "trace", "from": "gateway-0", "where": "orders-0", "what": "POST /orders", "direction": "500"},
    {"signal": "log", "where": "payments-0", "what": "template 7"},
]


def line(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False)


def test_entries_of_others_are_read_by_the_names_of_their_fields() -> None:
    entry = read_entry(
        "a.jsonl", line(titulo="Não paga", sintomas="Erros", causa="Senha", severidade="alta", servico="pg")
    )
    assert (entry.title, entry.symptoms, entry.cause, entry.services) == ("Não paga", "Erros", "Senha", ("pg",))
    assert entry.severity is Severity.HIGH


def test_a_text_in_markdown_is_read_as_one() -> None:
    entry = read_entry("a.jsonl", line(id="rb-1", text=RUNBOOK, origin="wiki"))
    assert entry.fix == "Start it again."
    assert entry.provenance["source"] == "upload:a.jsonl#rb-1"
    assert "wiki" in entry.provenance["other_labels"]


def test_alerts_become_symptoms_in_plain_words() -> None:
    entry = read_entry("a.jsonl", line(id="x-1", system="shop", instance="orders-1", kind="memory", alerts=ALERTS))
    assert entry.kind == "incident"
    assert entry.symptoms == (
        "orders: cpu usage (2 times), mem usage rose; calls POST /orders from gateway answer 500.\n"
        "payments: log lines of template 7."
    )
    assert entry.title == "memory of orders-1 (shop)"
    assert entry.cause == "memory of orders-1"
    assert entry.services == ("orders", "payments")
    assert entry.signals == ("cpu_usage", "mem_usage")
    assert entry.operations == ("POST /orders",)
    assert entry.fault_kind is None
    assert "memory" in entry.notes
    assert entry.signature == {}


def test_alerts_get_the_signature_that_the_caller_makes() -> None:
    def signature(alerts: Sequence[Mapping[str, Any]]) -> Mapping[str, float]:
        return {"alerts": len(alerts) / 10}

    rules = replace(RULES, signature_of_alerts=signature)
    assert read_entry("a.jsonl", line(alerts=ALERTS, kind="service_down"), rules).signature == {"alerts": 0.5}


def test_a_thousand_identical_alerts_are_told_once() -> None:
    entry = read_entry("a.jsonl", line(alerts=ALERTS[:1] * 1000))
    assert entry.symptoms == "orders: cpu usage (1000 times) rose."


def test_alerts_of_alertmanager_are_read() -> None:
    alert = {
        "status": "firing",
        "labels": {"alertname": "PaymentsDown", "service": "payments"},
        "annotations": {"summary": "No answer"},
    }
    entry = read_entry("hook.json", line(alerts=[alert]))
    assert entry.symptoms == "payments: PaymentsDown (No answer) firing."
    assert entry.signals == ("PaymentsDown",)


def test_a_bad_line_is_told_and_the_others_are_read() -> None:
    good = line(title="a", symptoms="b")
    report = read("a.jsonl", f"{good}\n\n{{broken\n[1]\n{good.replace('a', 'c')}\n" + '{"title": "x"}\n')
    assert len(report.entries) == 2
    assert [problem.lines for problem in report.problems] == ["3", "4", "6"]
    assert "needs `title` and `symptoms`" in errors(report)[2]


def test_what_is_wrong_with_many_lines_is_said_once() -> None:
    report = read("queries.jsonl", '{"query": "x"}\n' * 1000)
    assert [problem.lines for problem in report.problems] == ["1-1000"]


def test_our_own_lines_keep_their_ids() -> None:
    entry = Entry(id="inc-7", kind="incident", title="a", symptoms="b", created_at=NOW, updated_at=NOW)
    (draft,) = read("a.jsonl", entry.model_dump_json()).entries
    assert draft.entry == entry
    assert draft.own_id


def test_a_broken_line_of_ours_says_which_field() -> None:
    entry = Entry(id="inc-7", kind="incident", title="a", symptoms="b", created_at=NOW, updated_at=NOW)
    report = read("a.jsonl", entry.model_dump_json().replace('"inc-7"', '"INC 7"'))
    assert "id: string should match pattern" in errors(report)[0]


def test_characters_that_no_database_holds_are_refused() -> None:
    for bad in ("\\u0000", "\\ud800"):
        report = read("a.jsonl", f'{{"title": "a{bad}", "symptoms": "b"}}')
        assert "no text may have" in errors(report)[0], bad


def test_json_without_end_is_refused() -> None:
    for bad in ("[" * 100_000, "1" * 10_000, '{"a": NaN'):
        assert errors(read("a.jsonl", bad)), bad[:5]


def test_a_line_that_is_too_long_is_refused_alone() -> None:
    rules = replace(RULES, limits=ImportLimits(file_bytes=100))
    report = read("a.jsonl", line(title="a", symptoms="b" * 200) + "\n" + line(title="a", symptoms="b"), rules)
    assert len(report.entries) == 1
    assert "longer than 100 bytes" in told(report)


def test_a_json_document_may_hold_a_list() -> None:
    report = read("a.json", json.dumps([{"title": "a", "symptoms": "b"}, {"title": "c", "symptoms": "d"}, 3]))
    assert [draft.entry.title for draft in report.entries] == ["a", "c"]
    assert report.problems[0].lines == "item 3"
