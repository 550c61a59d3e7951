from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.answers.markup import fenced, inline_code, plain, tamed, visible, without_code

HOSTILE = [
    "![x](http://evil.example/x.png)",
    "![x][y]\n\n[y]: http://evil.example",
    "[click](http://evil.example)",
    "[E1](http://evil.example)",
    "[E1]\n\n[E1]: http://evil.example",
    "<script>alert(1)</script>",
    "<http://evil.example>",
    "before <img src=x onerror=alert(1)> after",
    "- a ` b\n- <img src=x> ` c",
    "- ```\n\n<img src=x>\n",
    "- a\n  ```\n<img src=x>\n```",
    "| a ` | <b> ` |\n|---|---|\n| ` | ![x](y) ` |",
    "\\`<b>`",
    "``a`<b>``<i>`",
    "`a`http://evil.example`b <b>`",
    "~~~\n```\n~~~\n<b>",
    "> ```\n<b>",
    "    ```\n<b>\n    ```\n<i>",
]
ACTIVE = {"link_open", "image", "html_inline", "html_block"}
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
hostile_text = st.text(alphabet="`~<>![]()\\:$*_#-|& \n\tbE1http/.@", max_size=60)


def tokens(markdown: str) -> Iterator[Token]:
    for token in RENDERER.parse(markdown):
        yield token
        yield from token.children or ()


def shown(markdown: str) -> str:
    return "".join(token.content for token in tokens(markdown) if token.type != "inline")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("make_safe", [tamed, plain, inline_code])
def test_nothing_hostile_becomes_active_markup(make_safe, text: str) -> None:
    assert not ACTIVE & {token.type for token in tokens(make_safe(text))}


@settings(max_examples=400, deadline=None)
@given(hostile_text)
def test_no_text_at_all_becomes_active_markup(text: str) -> None:
    for made_safe in (tamed(text), f"- {plain(text)}", f"see {inline_code(text)} there"):
        assert not ACTIVE & {token.type for token in tokens(made_safe)}


@settings(max_examples=200, deadline=None)
@given(hostile_text)
def test_taming_twice_still_leaves_nothing_active(text: str) -> None:
    assert not ACTIVE & {token.type for token in tokens(tamed(tamed(text)))}


@settings(max_examples=200, deadline=None)
@given(st.lists(hostile_text, min_size=1, max_size=4))
def test_a_fence_cannot_be_closed_from_inside(lines: list[str]) -> None:
    found = list(RENDERER.parse(fenced(lines) + "\nafter"))
    assert [token.type for token in found[:2]] == ["fence", "paragraph_open"]
    assert found[0].content == "".join(line.replace("\n", "<U+000A>") + "\n" for line in lines)


@settings(max_examples=200, deadline=None)
@given(hostile_text)
def test_inline_code_shows_the_name_and_nothing_else(text: str) -> None:
    found = [token for token in tokens(f"a {inline_code(text)} b") if token.type == "code_inline"]
    assert [token.content.strip() for token in found] == [" ".join(text.split()) or "(empty)"]


def test_addresses_are_shown_as_code_so_that_nothing_links_them() -> None:
    assert tamed("see https://evil.example/a, or www.evil.example.") == (
        "see `https://evil.example/a`, or `www.evil.example`."
    )
    assert tamed(r"www\.evil.example and http\://x") == "`www.evil.example` and `http://x`"
    assert shown(tamed("http&#58;//evil.example")) == "http&#58;//evil.example"


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="wh:/.@\\`*[] \n&#58;aE1()", max_size=40))
def test_no_address_is_left_in_prose(text: str) -> None:
    for made_safe in (tamed(text), plain(text)):
        for block in RENDERER.parse(made_safe):
            prose = "".join(one.content if one.type == "text" else "\n" for one in block.children or ())
            assert not re.search(r"[a-z]://|www\.|\w@\w", prose)


def test_formulas_and_streamlit_directives_do_nothing() -> None:
    assert tamed("costs $x$ and :red[alarm] :material/close:") == (r"costs \$x\$ and \:red\[alarm\] \:material/close:")


def test_what_makes_an_answer_readable_is_kept() -> None:
    readable = "### Why\n\n- **Errors** rose to `34 %` at 10:30:00 [E1, K2]\n  1. *soon* [E1][K1]\n> quoted"
    assert tamed(readable) == readable


def test_code_blocks_keep_their_text_and_lose_their_language() -> None:
    assert tamed("do\n   ```mermaid\n   a <b> [x](y)\n   ```\nthen") == "do\n```text\na <b> [x](y)\n```\nthen"


def test_an_open_code_block_is_closed() -> None:
    assert tamed("```\nleft open") == "```text\nleft open\n```"


def test_plain_text_reads_as_it_was_written() -> None:
    text = r"*not bold* __init__ a_b ~x~ C:\temp \* <b> [l](u) & &lt; :red[x] $y$ #1"
    assert shown(plain(text)) == text


def test_plain_text_keeps_code_spans_and_is_one_line() -> None:
    assert plain("a `b*c`\n# d") == "a `b*c` # d"


@pytest.mark.parametrize(
    ("raw", "readable"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07", "<U+001B>]0;title<U+0007>"),
        ("abc\u202etxt.exe", "abc<U+202E>txt.exe"),
        ("a\u2028b", "a<U+2028>b"),
        ("half \ud800", "half <U+D800>"),
        ("a\rb", "a<U+000D>b"),
        ("לא ניתן להתחבר", "לא ניתן להתחבר"),
        ("não é possível conexão 👩‍💻", "não é possível conexão 👩‍💻"),
    ],
)
def test_what_cannot_be_seen_is_made_visible_and_languages_pass_unharmed(raw: str, readable: str) -> None:
    assert visible(raw) == readable


def test_a_log_line_stays_one_line() -> None:
    assert fenced(["a\nb", "c"]) == "```text\na<U+000A>b\nc\n```"


def test_long_names_and_lines_are_cut_visibly() -> None:
    assert inline_code("x" * 300) == f"`{'x' * 199}…`"
    assert re.search(r"x…\n```$", fenced(["x" * 5000]))


def test_taming_is_fast_on_text_made_to_be_slow() -> None:
    for unit in ("`", "` |", "[", "[E1,", "a" * 50 + "\\`", "http://", "``a`"):
        tamed(unit * (20_000 // len(unit)))


def test_text_outside_of_code_is_found() -> None:
    assert without_code("a `b` c\n```\nd\n```\ne") == "a  c\ne"
