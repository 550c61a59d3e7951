"""Headings, in three languages, say what is symptom, cause and fix."""

import pytest
from exchange_reading import NOW, RUNBOOK, errors, read, read_entry, told
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from knowledge_base.entry import ReviewStatus, Severity
from knowledge_base.exchange.headings import field_of
from knowledge_base.exchange.outline import sections

POST_MORTEM = """\
# Checkout fails

**Severity:** SEV-2
**Services:** checkout, payments

## Summary

Since the release nobody could pay.

## Timeline

| Time (UTC) | Event |
| --- | --- |
| 2026-03-02 10:00 | Release 4.2 |
| 2026-03-02 10:07 | Alert |
| 2026-03-02 10:20 | Rolled back to 4.1 |
| 2026-03-02 10:25 | All systems operational |

## Contributing factors

- A default changed.

## Action items

- Test the default.
"""
PORTUGUESE = """\
---
título: Pagamentos não respondem
serviço: pagamentos
severidade: crítica
autor: Conceição
equipe: Plantão
---
## Sintomas
O serviço não responde; só há erros de conexão.
## Causa raiz
A senha da base de dados expirou.
## Solução
Trocar a senha e reiniciar.
## Lições aprendidas
Avisar antes que a senha expire.
## Linha do tempo
- 3 de março de 2026, 10:00: começou
"""
SPANISH = """\
# Los pagos no responden

- Servicio: pagos
- Gravedad: alta
- Fecha: 3 de marzo de 2026

## Qué pasó
Ningún pago llegó; la conexión se cayó.

## Causa raíz
Caducó la contraseña.

## Cómo se resolvió
Se cambió la contraseña.

## Lecciones aprendidas
Avisar con tiempo.

## Línea de tiempo
- 10:00 empezó
"""


def test_a_runbook_is_split_at_its_headings() -> None:
    entry = read_entry("runbooks/PaymentsDown.md", RUNBOOK)
    assert entry.kind == "runbook"
    assert entry.title == "PaymentsDown"
    assert entry.symptoms == "No instance of payments answers."
    assert entry.cause is None
    assert entry.fix == "Start it again."
    assert entry.notes == "## Impact\n\nNobody can pay.\n\n## Diagnosis\n\nLook at its pods."
    assert entry.signals == ("PaymentsDown",)
    assert entry.status is ReviewStatus.DRAFT
    assert entry.created_at == NOW
    assert entry.provenance["source"] == "upload:runbooks/PaymentsDown.md"


def test_a_post_mortem_gives_severity_services_day_and_what_its_timeline_says_helped() -> None:
    entry = read_entry("pm.md", POST_MORTEM)
    assert entry.kind == "incident"
    assert entry.severity is Severity.HIGH
    assert entry.services == ("checkout", "payments")
    assert entry.provenance["happened_on"] == "2026-03-02"
    assert entry.symptoms == "Since the release nobody could pay."
    assert entry.cause == "- A default changed."
    assert entry.fix is not None
    assert "Rolled back to 4.1" in entry.fix
    assert "Alert" not in entry.fix
    assert "Test the default." in entry.notes
    assert "timeline" in told(read("pm.md", POST_MORTEM))


def test_portuguese_is_read_and_unharmed() -> None:
    entry = read_entry("pagamentos.md", PORTUGUESE)
    assert entry.title == "Pagamentos não respondem"
    assert entry.symptoms == "O serviço não responde; só há erros de conexão."
    assert entry.cause == "A senha da base de dados expirou."
    assert entry.fix == "Trocar a senha e reiniciar."
    assert entry.services == ("pagamentos",)
    assert entry.severity is Severity.CRITICAL
    assert entry.team == "Plantão"
    assert entry.kind == "incident"
    assert entry.provenance["author"] == "Conceição"
    assert entry.provenance["happened_on"] == "2026-03-03"
    assert entry.id.startswith("pagamentos-nao-respondem-")


def test_spanish_is_read_and_unharmed() -> None:
    entry = read_entry("pagos.md", SPANISH)
    assert entry.symptoms == "Ningún pago llegó; la conexión se cayó."
    assert entry.cause == "Caducó la contraseña."
    assert entry.fix == "Se cambió la contraseña."
    assert entry.services == ("pagos",)
    assert entry.severity is Severity.HIGH
    assert entry.provenance["happened_on"] == "2026-03-03"
    assert entry.kind == "incident"


@pytest.mark.parametrize(
    ("heading", "which"),
    [
        ("Symptoms", "symptoms"),
        ("2. Root cause:", "cause"),
        ("Root Cause Analysis (draft)", "cause"),
        ("🔧 Mitigation", "fix"),
        ("Fix: restart it", "fix"),
        ("Correção", "fix"),
        ("SOLUCIÓN", "fix"),
        ("O que aconteceu?", "symptoms"),
        ("Contributing factors (findings)", "cause"),
        ("Timeline (times in BST)", "notes"),
        ("Fix alerts before continuing", None),
        ("Problem solving", None),
        ("", None),
    ],
)
def test_words_of_a_heading_tell_its_field(heading: str, which: str | None) -> None:
    assert field_of(heading) == which


def test_what_stands_under_a_fix_stays_there_whatever_its_heading() -> None:
    entry = read_entry(
        "a.md", "# T\n\n## Symptoms\nx\n\n## Mitigation\n\n### Cause A\n\nDo a.\n\n### Cause B\n\nDo b.\n"
    )
    assert entry.cause is None
    assert entry.fix == "### Cause A\n\nDo a.\n\n### Cause B\n\nDo b."


def test_headings_in_bold_and_underlined_are_headings() -> None:
    entry = read_entry(
        "a.md", "Title\n=====\n\n**Symptoms:**\n\nSlow.\n\n**Cause**\n\nLoad.\n\nFix\n---\n\nLess load.\n"
    )
    assert (entry.title, entry.symptoms, entry.cause, entry.fix) == ("Title", "Slow.", "Load.", "Less load.")


def test_a_heading_in_code_is_no_heading() -> None:
    entry = read_entry("a.md", "# T\n\n## Symptoms\n\n```\n## Cause\n```\n\n<!--\n## Fix\n-->\n")
    assert entry.cause is None
    assert entry.fix is None
    assert "## Cause" in entry.symptoms


def test_front_matter_goes_before_what_the_text_says() -> None:
    text = (
        "---\ntitle: Named\nkind: runbook\nseverity: low\nid: my-own\nweight: 20\nservices: [a, b]\n---\n" + POST_MORTEM
    )
    entry = read_entry("pm.md", text)
    assert (entry.title, entry.kind, entry.severity, entry.services) == ("Named", "runbook", Severity.LOW, ("a", "b"))
    assert entry.provenance["source_id"] == "my-own"
    assert entry.provenance["other_labels"] == '{"weight": "20"}'
    assert entry.notes.startswith("# Checkout fails")


def test_toml_front_matter_is_read_too() -> None:
    entry = read_entry("a.md", '+++\ntitle = "Named"\nweight = 3\n+++\n' + RUNBOOK)
    assert entry.title == "Named"


def test_labels_keep_the_letters_they_are_written_with() -> None:
    entry = read_entry("a.md", "---\ntitle: 1.10\nteam: yes\nenvironment: 2026-01-01\n---\n## Symptoms\nx\n")
    assert (entry.title, entry.team, entry.environment) == ("1.10", "yes", "2026-01-01")


def test_an_unknown_fault_kind_is_told_and_kept_in_the_notes() -> None:
    report = read("a.md", "---\nfault_kind: gremlins\n---\n" + RUNBOOK)
    entry = report.entries[0].entry
    assert entry.fault_kind is None
    assert "gremlins" in entry.notes
    assert "gremlins" in told(report)
    assert read_entry("a.md", "---\nfault_kind: service_down\n---\n" + RUNBOOK).fault_kind == "service_down"


def test_a_status_of_somebody_else_does_not_approve_anything() -> None:
    entry = read_entry("a.md", "---\nstatus: approved\n---\n" + RUNBOOK)
    assert entry.status is ReviewStatus.DRAFT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\ntitle: [a\n---\nx", "front matter is broken, line"),
        ("---\ntitle: a\nno end", "never closed"),
        ("---\na: &x [1]\nb: *x\n---\nx", "line 3: aliases"),
        ("---\na: 1\na: 2\n---\nx", "line 3: 'a' is there twice"),
        ("---\na: " + "[" * 50 + "]" * 50 + "\n---\nx", "nested deeper"),
        ("+++\na = \n+++\nx", "front matter is broken"),
        ("# Only a title\n", "says nothing beside its title"),
        (
            "# Form\n\n## Symptoms\n\n-\n\n## Root cause\n\n<!-- why? -->\n\n## Attendees\n\n- You\n",
            "a form that nobody",
        ),
    ],
)
def test_what_is_no_entry_is_refused_with_the_reason(text: str, said: str) -> None:
    report = read("a.md", text)
    assert report.entries == ()
    assert said in errors(report)[0]


def test_a_text_that_begins_with_a_rule_has_no_front_matter() -> None:
    assert read_entry("a.md", "---\n\nSome prose.\n\n---\n\n## Symptoms\nx\n").symptoms == "x"


def test_a_text_without_headings_is_all_symptoms() -> None:
    entry = read_entry("notes/disk_full.txt", "The disk is full when the log is not rotated.")
    assert entry.title == "disk full"
    assert entry.symptoms == "The disk is full when the log is not rotated."


def test_what_only_points_elsewhere_is_told() -> None:
    assert "pointing elsewhere" in told(read("a.md", "# A\n\nSee [b](./b.md)\n"))


def test_ids_of_other_alphabets_are_valid_and_different() -> None:
    one, other = read_entry("a.md", "# 支払い\n\nx y\n"), read_entry("b.md", "# 支払い\n\nx y\n")
    assert one.title == "支払い"
    assert one.id.startswith("runbook-")
    assert one.id != other.id


LINES = st.sampled_from(
    [
        *("# a", "## Cause", "text", "", "---", "===", "- item", "    code", "```", "~~~", "> quote", "  indented"),
        *("1. one", "**Fix**", "<!--", "-->", "***", "#", "####### no", "# a #", "  # b"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=8))
def test_headings_lose_no_line_of_the_text(lines: list[str]) -> None:
    parts = sections("\n".join(lines))
    kept = "\n".join(f"{part.written}\n{part.text}" for part in parts)
    assert [line for line in kept.split("\n") if line.strip()] == [line for line in lines if line.strip()]


PLAIN_LINES = st.sampled_from(
    ["# a", "## Cause", "text", "", "===", "```", "**bold**", "#", "####### no", "# a #", "> q"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PLAIN_LINES, max_size=8))
def test_headings_are_those_that_a_markdown_parser_sees(lines: list[str]) -> None:
    text = "\n".join(lines)
    seen = [
        (int(token.tag[1:]), "\n".join(lines[token.map[0] : token.map[1]]))
        for token in MarkdownIt("commonmark").parse(text)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]
    assert [(part.level, part.written) for part in sections(text)[1:]] == seen
