"""From HTML to Markdown: text, headings, lists, tables and code; nothing that a browser would run or fetch."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Final

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from markdownify import MarkdownConverter

from knowledge_base.errors import Unreadable

# What runs, what is fetched, what is for the browser, and what surrounds a page's text.
_DROPPED: Final = (
    *("head", "noscript", "template", "iframe", "frame", "object", "embed", "applet", "svg", "math", "canvas"),
    *("audio", "video", "source", "track", "link", "meta", "base", "form", "input", "button", "select", "textarea"),
    *("nav", "dialog", "aside"),
)
# Texts that are no HTML inside, and what ends them.
_SKIPPED: Final = {
    "<!--": "-->",
    "<script": "</script",
    "<style": "</style",
    "<![cdata[": "]]>",
    "<!": ">",
    "<?": ">",
}
_SKIPPED_BEGINS: Final = re.compile("|".join(re.escape(begin) for begin in _SKIPPED), re.IGNORECASE)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})(?=[\s/>])([^<>]{0,5000})>")
_SAFE_LINK: Final = re.compile(r"(?:https?:|mailto:|[^:]*$|[^:]*[/?#])", re.IGNORECASE)
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_DEEPEST: Final = 150
_NEVER_CLOSED: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
# Which open tags end where another begins.
_CLOSES: Final = {
    "p": ("p",),
    "li": ("li", "p"),
    "dt": ("dt", "dd", "p"),
    "dd": ("dt", "dd", "p"),
    "td": ("td", "th", "p"),
    "th": ("td", "th", "p"),
    "tr": ("tr", "td", "th", "p"),
    "option": ("option",),
}


def declared_encoding(data: bytes) -> str:
    """Give the encoding that a page says it is in, empty where it says none."""
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii") if found is not None else ""


def html_to_markdown(text: str, *, name: str, most_tags: int) -> str:
    """Give a page's text as Markdown; its title is a heading, where the text has none of the first level.

    Args:
        text: The page, or a part of one.
        name: What it is called, for messages.
        most_tags: How many tags it may have.

    Raises:
        Unreadable: It has too many tags, or nests them so deeply that it is broken, or an attack.
    """
    cleaned = "".join(_well_formed(_without_skipped(text), name, most_tags))
    with warnings.catch_warnings():
        # It warns of short texts that look like file names or addresses, and of XHTML.
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        page = BeautifulSoup(cleaned, "html.parser")
    title = page.title.get_text(" ", strip=True) if page.title is not None else ""
    content = page.find("main") or page.find("article") or page.body or page
    try:
        markdown = _Converter().convert_soup(content)
    except RecursionError as error:
        raise Unreadable(name, "is nested too deeply to be read; save its text as Markdown") from error
    markdown = re.sub(r"\n{3,}", "\n\n", str(markdown)).strip()
    if title and not re.search(r"^# \S", markdown, re.MULTILINE):
        return f"# {title}\n\n{markdown}\n"
    return f"{markdown}\n"


class _Converter(MarkdownConverter):
    """Markdown of a page, without its pictures, and with links to pages only."""

    class Options:
        heading_style = "ATX"
        bullets = "-"
        escape_asterisks = False
        escape_underscores = False

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        href = str(el.get("href", ""))
        # Blanks and control characters inside of a scheme are not seen by browsers.
        if not _SAFE_LINK.match(re.sub(r"[\x00-\x20]+", "", href)):
            return text
        return str(super().convert_a(el, text, parent_tags))  # type: ignore[misc]  # Its stubs leave it out.

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002 - called by these names
        # A picture is only told of: nothing is fetched when the entry is read.
        words = str(el.get("alt", "")).strip()
        return f"[{words}]" if words else ""


def _nothing(self: object, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG001 - called by these names
    return ""


for _name in _DROPPED:
    setattr(_Converter, f"convert_{_name}", _nothing)


def _without_skipped(text: str) -> str:
    """Take out comments, scripts, styles and declarations, each up to its end, or to the end of the page."""
    kept: list[str] = []
    begin = 0
    while True:
        found = _SKIPPED_BEGINS.search(text, begin)
        if found is None:
            return "".join([*kept, text[begin:]])
        kept.append(text[begin : found.start()])
        ending = re.compile(re.escape(_SKIPPED[found[0].lower()]), re.IGNORECASE).search(text, found.end())
        if ending is None:
            return "".join(kept)
        if ending[0].startswith("</"):
            after = text.find(">", ending.end())
            begin = len(text) if after < 0 else after + 1
        else:
            begin = ending.end()


def _well_formed(text: str, name: str, most_tags: int) -> Iterator[str]:
    """Keep whole tags, close those that end where the next begins, and spell out what only looks like a tag.

    Python's parser looks for the end of every broken tag in all that follows, which takes hours for a page of them; and
    a tree of tags nested without end would be walked by functions that call themselves.
    """
    opened: list[str] = []
    begin = 0
    for number, tag in enumerate(_TAG.finditer(text)):
        if number >= most_tags:
            raise Unreadable(name, f"has more than {most_tags} tags; save its text as Markdown, or part it")
        yield text[begin : tag.start()].replace("<", "&lt;")
        begin = tag.end()
        word = tag[2].lower()
        if tag[1]:
            if word not in opened:
                continue  # It closes nothing.
            while opened.pop() != word:
                pass
        elif word not in _NEVER_CLOSED and not tag[3].endswith("/"):
            while opened and opened[-1] in _CLOSES.get(word, ()):
                yield f"</{opened.pop()}>"
            opened.append(word)
        if len(opened) > _DEEPEST:
            raise Unreadable(name, f"is nested deeper than {_DEEPEST} tags; save its text as Markdown")
        yield tag[0]
    yield text[begin:].replace("<", "&lt;")
