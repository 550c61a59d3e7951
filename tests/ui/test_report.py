from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import browser_page
from contract_world import ONSET, after, payments_diagnosis

from assistant.diagnosis.propagation import propagation_of, timeline_of
from assistant.diagnosis.values import Arrival, Diagnosis, Evidence, Hypothesis, Rejected
from assistant.taxonomy import FaultKind
from telemetry import Alert, Stretch
from ui.bad_use import BadUse
from ui.report import check_target, report_html, write_whole
from ui.report.page import stretches
from ui.report.spread import picture_of
from ui.report.visible import visible

HOSTILE = (
    "\"'></title></text></svg><script>document.title='x'</script><img src=//evil.example/p onerror=x>{{ 7*7 }}&amp;"
)
CALLS = (("gateway", "orders"), ("orders", "payments"))


def diagnosis() -> Diagnosis:
    """The contract's incident, with the parts that only a real engine fills in."""
    found = payments_diagnosis()
    evidence = tuple(item.model_copy(update={"strength": 0.9}) for item in found.evidence)
    return found.model_copy(
        update={
            "evidence": evidence,
            "timeline": timeline_of(evidence, found.onset),
            "propagation": propagation_of(evidence, CALLS, found.onset, resolution_seconds=5),
            "failed_parts": ("slowness",),
        }
    )


def abstention() -> Diagnosis:
    found = payments_diagnosis()
    return Diagnosis(
        recording_id="quiet",
        system="shop",
        alert=found.alert,
        window=found.window,
        abstained=True,
        abstention_reason="Nothing stands out against the baseline.",
    )


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "br":
            self.text += " "
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def everything_hostile() -> Diagnosis:
    item = Evidence(
        id="E1",
        signal=HOSTILE,
        service=HOSTILE,
        operation=HOSTILE,
        summary=HOSTILE,
        query=HOSTILE,
        window=payments_diagnosis().window,
        before=1,
        after=2,
        unit=HOSTILE,
        onset=ONSET,
        series=diagnosis().evidence[0].series,
        trace_ids=(HOSTILE,),
        log_lines=(HOSTILE,),
        strength=1,
    )
    return Diagnosis(
        recording_id="r",
        system=HOSTILE,
        alert=Alert(at=after(492), service=HOSTILE, description=HOSTILE),
        window=item.window,
        onset=ONSET,
        hypotheses=(
            Hypothesis(
                service=HOSTILE,
                kind=FaultKind.BAD_VERSION,
                operation=HOSTILE,
                link=(HOSTILE, HOSTILE),
                version=HOSTILE,
                probability=0.5,
                summary=HOSTILE,
                evidence=("E1",),
            ),
        ),
        evidence=(item,),
        timeline=timeline_of([item], ONSET),
        propagation=(Arrival(service=HOSTILE, at=ONSET, sources=(HOSTILE,)),),
        rejected=(Rejected(service=HOSTILE, kind=FaultKind.SLOW_CODE, reason=HOSTILE),),
        none_probability=0.5,
        missing=(HOSTILE,),
        unknown=(HOSTILE,),
        failed_parts=(HOSTILE,),
    )


@pytest.mark.parametrize("made", [diagnosis, abstention, everything_hostile])
def test_a_report_needs_nothing_but_itself_and_runs_nothing(made: Callable[[], Diagnosis]) -> None:
    html = report_html(made())
    page = Page(html)
    assert {name for name, _ in page.tags}.isdisjoint(
        {"script", "link", "img", "image", "iframe", "object", "embed", "form", "foreignobject", "use", "base"}
    )
    for name, attributes in page.tags:
        assert not any(attribute.startswith("on") or attribute == "src" for attribute in attributes), name
        assert all(attributes.get(key, "#").startswith("#") for key in ("href", "xlink:href")), name
        assert "url(" not in attributes.get("style", ""), name
    assert set(re.findall(r"url\(([^)]*)\)", html)) <= {"#head"}
    assert "default-src 'none'" in html


def test_text_from_telemetry_is_shown_and_never_markup() -> None:
    page = Page(report_html(everything_hostile()))
    assert page.text.count(HOSTILE) >= 15
    (title,) = re.findall(r"<title>(.*?)</title>", report_html(everything_hostile()), re.DOTALL)
    assert "<" not in title
    assert [name for name, _ in page.tags].count("svg") == 2


def test_every_citation_leads_to_its_evidence() -> None:
    page = Page(report_html(diagnosis()))
    cards = {one["id"] for one in page.all("article")}
    cited = {one["href"].removeprefix("#") for one in page.all("a")}
    assert cited == cards == {"E1", "E2", "E3", "E4", "E5"}


def test_causes_are_told_with_what_is_left_for_none_of_them() -> None:
    text = Page(report_html(diagnosis())).text
    told = re.findall(r"(Network link|Service down|Error in the service|None of these).*?([\d.]+ %)", text, re.DOTALL)
    assert told[:4] == [
        ("Network link", "81 %"),
        ("Service down", "9 %"),
        ("Error in the service", "4 %"),
        ("None of these", "6 %"),
    ]
    assert "from orders to payments" in text
    assert "open a connection to the callee" in text


def test_evidence_can_be_checked_by_a_person() -> None:
    html = report_html(diagnosis())
    card = html.split('<article id="E1"', 1)[1].split("</article>", 1)[0]
    text = Page(card).text
    for part in (
        "0.1 %",
        "98 %",
        "1 Mar 2026, 14:08:00 to 14:10:00 UTC",
        "spans: service orders, kind CLIENT, peer payments, status ERROR over all",
        "4bf92f3577b34da6a3ce929d0e0e4736",
    ):
        assert part in text
    (plot,) = Page(card).all("svg")
    assert plot["role"] == "img"
    assert "link_errors of orders over time. Calls from orders to payments fail" in plot["aria-label"]
    logs = html.split('<article id="E4"', 1)[1].split("</article>", 1)[0]
    assert "pagamento do pedido 8813 não concluído: conexão recusada" in Page(logs).text
    assert "<svg" not in logs


def test_what_was_ruled_out_missing_and_broken_is_told() -> None:
    text = " ".join(Page(report_html(diagnosis())).text.split())
    assert "Database connection: orders Its database calls are as fast and as clean as before." in text
    assert "Not collected: events." in text
    assert "Whether anything was deployed: no deploy events were collected." in text
    assert "Could not look: slowness." in text


def test_an_abstention_is_an_outcome_of_its_own() -> None:
    html = report_html(abstention())
    text = Page(html).text
    assert "No cause named" in text
    assert "Nothing stands out against the baseline." in text
    assert 'class="abstained"' in html
    assert "likeliest" not in text
    assert "None of these" not in text


def test_what_moved_on_an_abstention_is_shown_without_blame() -> None:
    moved = diagnosis()
    found = abstention().model_copy(
        update={
            "evidence": moved.evidence,
            "timeline": timeline_of(moved.evidence, None),
            "propagation": propagation_of(moved.evidence, CALLS, None, resolution_seconds=5),
        }
    )
    text = " ".join(Page(report_html(found)).text.split())
    assert "too little to name anybody by it" in text
    assert "payments 14:08:00" in text


def test_numbers_that_are_none_and_signals_that_break_off_do_no_harm() -> None:
    first = diagnosis().evidence[0]
    broken = tuple((at, value) for (at, _), value in zip(first.series, (math.nan, math.inf, 1.0, 2.0), strict=False))
    found = diagnosis().model_copy(
        update={"evidence": (first.model_copy(update={"series": broken, "before": math.nan, "after": None}),)}
    )
    html = report_html(found)
    assert html.count('<svg class="plot"') == 1
    assert "no value" in Page(html).text


def test_a_gap_in_a_signal_is_a_gap_in_its_plot() -> None:
    whole = diagnosis().evidence[0]
    series = tuple(point for number, point in enumerate(whole.series) if not 40 < number < 80)
    found = diagnosis().model_copy(update={"evidence": (whole.model_copy(update={"series": series}),)})
    (line,) = re.findall(r'role-mark[^>]*aria-roledescription="line[^>]*>\s*<path[^>]* d="([^"]*)"', report_html(found))
    assert line.count("M") == 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("não concluído: 支付失败, लॉग \u200d \u200c عربي", "não concluído: 支付失败, लॉग \u200d \u200c عربي"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("abc\u202egpj.exe", "abc\ufffdgpj.exe"),
        ("half \ud83d of it", "half \ufffd of it"),
        ("two\n\tlines", "two\n\tlines"),
    ],
)
def test_only_what_misleads_a_reader_is_replaced(written: str, shown: str) -> None:
    assert visible(written) == shown


def test_the_picture_has_the_first_to_move_on_top_and_an_arrow_for_each_way() -> None:
    picture = picture_of(diagnosis())
    assert picture is not None
    assert [lane.name for lane in picture.lanes] == ["payments", "orders", "gateway"]
    assert [lane.y for lane in picture.lanes] == sorted(lane.y for lane in picture.lanes)
    assert len(picture.arrows) == 2
    assert picture.description == "payments +0 s; orders +0 s, from payments; gateway +5 s, from orders"
    assert all(0 <= x <= picture.width for lane in picture.lanes for x in lane.dots)


def test_a_picture_of_many_services_says_how_many_it_leaves_out() -> None:
    arrivals = tuple(Arrival(service=f"s{n:03}", at=ONSET + timedelta(days=n)) for n in range(500))
    found = diagnosis().model_copy(update={"propagation": arrivals, "onset": None})
    picture = picture_of(found)
    assert picture is not None
    assert (len(picture.lanes), picture.left_out) == (12, 488)
    assert len(picture.ticks) <= 13
    assert "488 more services moved later" in Page(report_html(found)).text


def test_a_day_is_named_where_it_is_another_than_before() -> None:
    parts = [Stretch(start=after(60 * a), end=after(60 * b)) for a, b in ((0, 5), (7, 9), (590, 700))]
    assert stretches(parts) == (
        "1 Mar 2026, 14:00:00 to 14:05:00; 14:07:00 to 14:09:00; 23:50:00 to 2 Mar 2026, 01:40:00 UTC"
    )


def test_without_propagation_there_is_no_picture() -> None:
    assert picture_of(payments_diagnosis()) is None
    assert 'class="spread"' not in report_html(payments_diagnosis())


def test_a_report_replaces_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "relatório.html"
    for text in ("first", "segundo: não"):
        check_target(path)
        write_whole(path, text)
    assert path.read_text(encoding="utf-8") == "segundo: não"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_to_a_report_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.html", tmp_path / "latest.html"
    link.symlink_to(real)
    write_whole(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_report_that_cannot_be_written_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, said in (
        (tmp_path, "is a folder; name the file"),
        (Path(), "is a folder; name the file"),
        (tmp_path / "no" / "r.html", "there is no folder"),
        (tmp_path / "file" / "r.html", "there is no folder"),
        (tmp_path / ("x" * 300), "too long"),
    ):
        with pytest.raises(BadUse, match=said):
            check_target(path)
        with pytest.raises(BadUse, match="cannot be written"):
            write_whole(path, "text")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1200, "light")])
def test_a_report_opens_without_network_or_scripts_on_any_width(tmp_path: Path, width: int, scheme: str) -> None:
    path = tmp_path / "report.html"
    path.write_text(report_html(everything_hostile()), encoding="utf-8")
    complaints: list[str] = []
    asked: list[str] = []
    with browser_page(width, 800, scheme) as first:
        browser = first.context.browser
        assert browser is not None
        page = browser.new_page(
            viewport={"width": width, "height": 800}, java_script_enabled=False, offline=True, color_scheme=scheme
        )
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        assert page.locator("svg.plot").bounding_box()["width"] > 200
        assert page.locator("h2").first.is_visible()
        widest = page.locator("body").evaluate("body => document.documentElement.scrollWidth")
        assert widest <= width
    assert complaints == []
    assert asked == [path.as_uri()]
