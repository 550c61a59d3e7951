"""From HTML to Markdown: text, headings, lists, tables and code; nothing that a browser would run or fetch."""

from __future__ import annotations

import re
import warnings
from typing import Final

from bs4 import BeautifulSoup, Comment, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from bs4.element import PageElement
from markdownify import MarkdownConverter

from knowledge_base.errors import Unreadable

# What runs, what is fetched, what is for the browser, and what surrounds a page's text.
_DROPPED: Final = (
    *(
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "frame",
        "object",
        "embed",
        "applet",
        "svg",
        "math",
        "canvas",
    ),
    *("audio", "video", "source", "track", "link", "meta", "base", "form", "input", "button", "select", "textarea"),
    *("nav", "dialog", "aside"),
)
_SAFE_LINK: Final = re.compile(r"(?:https?:|mailto:|[^:]*$|[^:]*[/?#])", re.IGNORECASE)
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_NESTED: Final = re.compile(r"<[a-zA-Z][^>]*>|</[a-zA-Z][^>]*>")
_DEEPEST: Final = 150
_VOID: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li")
)


def declared_encoding(data: bytes) -> str:
    """Give the encoding that a page says it is in, empty where it says none."""
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii") if found is not None else ""


def html_to_markdown(text: str, *, name: str) -> str:
    """Give a page's text as Markdown; its title is a heading, where the text has none of the first level.

    Args:
        text: The page, or a part of one.
        name: What it is called, for messages.

    Raises:
        Unreadable: It is nested so deeply that it is an attack, or broken.
    """
    _refuse_depth(text, name)
    with warnings.catch_warnings():
        # It warns of short texts that look like file names or addresses, and of XHTML.
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        page = BeautifulSoup(text, "html.parser")
    title = page.title.get_text(" ", strip=True) if page.title is not None else ""
    content = page.find("main") or page.find("article") or page.body or page
    _clean(content)
    try:
        markdown = MarkdownConverter(
            heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False, escape_misc=False
        ).convert_soup(content)
    except RecursionError as error:
        raise Unreadable(name, "is nested too deeply to be read; save its text as Markdown") from error
    markdown = re.sub(r"\n{3,}", "\n\n", str(markdown)).strip()
    if title and not re.search(r"^# \S", markdown, re.MULTILINE):
        return f"# {title}\n\n{markdown}\n"
    return f"{markdown}\n"


def _clean(content: Tag) -> None:
    for comment in content.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in content.find_all(_DROPPED):
        tag.decompose()
    for link in content.find_all("a"):
        href = str(link.get("href", "")).strip()
        # Blanks and control characters inside of a scheme are not seen by browsers.
        if not _SAFE_LINK.match(re.sub(r"[\x00-\x20]+", "", href)):
            link.unwrap()
    for image in content.find_all("img"):
        _to_words(image)


def _to_words(image: PageElement) -> None:
    # A picture is only told of: nothing is fetched when the entry is read.
    words = str(image.get("alt", "")).strip() if isinstance(image, Tag) else ""
    image.replace_with(f"[{words}]" if words else "")


def _refuse_depth(text: str, name: str) -> None:
    """Refuse what is nested without end before a parser builds a tree of it."""
    depth = 0
    for match in _NESTED.finditer(text):
        tag = match[0]
        word = re.split(r"[\s/>]", tag[2:] if tag[1] == "/" else tag[1:], maxsplit=1)[0].lower()
        if word in _VOID or tag.endswith("/>"):
            continue
        depth = max(0, depth - 1) if tag[1] == "/" else depth + 1
        if depth > _DEEPEST:
            raise Unreadable(name, f"is nested deeper than {_DEEPEST} tags; save its text as Markdown")
