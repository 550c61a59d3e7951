"""Pages become text; nothing of them runs, and nothing is fetched."""

import time
from dataclasses import replace

import pytest
from exchange_reading import RULES, errors, read, read_entry

from knowledge_base.exchange.limits import ImportLimits

PAGE = """<!doctype html><html><head><title>Payments down &amp; out</title><style>p {}</style>
<script>alert(1)</script></head><body onload="alert(2)"><nav>Home</nav><main>
<h2>Symptoms</h2><p onclick="x()">Nobody can pay at <code>kube_pod_x</code>.</p>
<script>document.write("evil")</script><iframe src="http://evil"></iframe><!-- hidden -->
<h2>Solução</h2><ul><li>Restart <b>it</b></li><li><a href="java&#10;script:alert(3)">click</a></li>
<li><a href="https://wiki/x">the wiki</a></li></ul>
<img src="http://tracker/1.png" alt="a graph" onerror="alert(4)">
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
<pre><code>kubectl get pods
</code></pre></main></body></html>"""


def test_a_page_is_read_as_text_with_its_headings() -> None:
    entry = read_entry("a.html", PAGE)
    assert entry.title == "Payments down & out"
    assert entry.symptoms == "Nobody can pay at `kube_pod_x`."
    assert entry.fix is not None
    assert "- Restart **it**" in entry.fix
    assert "[the wiki](https://wiki/x)" in entry.fix
    assert "| 1 | 2 |" in entry.fix
    assert "kubectl get pods" in entry.fix
    assert "[a graph]" in entry.fix


def test_nothing_that_a_browser_would_run_or_fetch_is_kept() -> None:
    entry = read_entry("a.html", PAGE)
    everything = entry.model_dump_json()
    for word in ("alert(", "evil", "javascript", "script:", "tracker", "hidden", "onclick", "iframe", "Home"):
        assert word not in everything


def test_a_page_in_its_own_encoding_is_read_in_it() -> None:
    head = '<html><head><meta charset="windows-1251"><title>Отказ</title></head>'
    page = head + "<body><p>Нет ответа</p></body></html>"
    entry = read_entry("a.html", page.encode("windows-1251"))
    assert entry.title == "Отказ"
    assert entry.symptoms == "Нет ответа"


def test_a_page_that_claims_another_encoding_is_read_as_what_it_is() -> None:
    page = '<html><head><meta charset="utf-8"><title>Ação</title></head><body><p>Não há conexão</p></body></html>'
    assert read_entry("a.html", page.encode("windows-1252")).symptoms == "Não há conexão"


def test_a_page_nested_without_end_is_refused_at_once() -> None:
    report = read("a.html", "<div>" * 100_000 + "x")
    assert "nested deeper" in errors(report)[0]


def test_a_page_of_scripts_only_says_nothing() -> None:
    assert "says nothing" in errors(read("a.html", "<html><script>var a = 1;</script></html>"))[0]


@pytest.mark.parametrize(
    "part",
    ["<!--", "<a b=", '<a b="', "</", "<?", "<!", "<![CDATA[", "<script>", "&", "<", "<p>", "<li>x", "<img alt=a>"],
)
def test_a_page_made_to_be_slow_is_not(part: str) -> None:
    began = time.monotonic()
    read("a.html", part * (60_000 // len(part)))
    assert time.monotonic() - began < 20


def test_a_page_of_more_tags_than_anybody_writes_is_refused() -> None:
    rules = replace(RULES, limits=ImportLimits(tags=4))
    assert read_entry("a.html", "<h2>Symptoms</h2><p>x</p>", rules).symptoms == "x"
    assert "more than 4 tags" in errors(read("a.html", "<h2>Symptoms</h2><p>x</p><p>y</p>", rules))[0]


def test_paragraphs_and_items_that_are_never_closed_stand_side_by_side() -> None:
    entry = read_entry("a.html", "<h2>Symptoms</h2>" + "<p>one <p>two" * 300 + "<ul><li>a<li>b</ul>")
    assert entry.symptoms.startswith("one\n\ntwo\n\none")
    assert entry.symptoms.endswith("- a\n- b")
