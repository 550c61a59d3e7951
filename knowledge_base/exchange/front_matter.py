"""The labels before a Markdown text, between two lines of dashes: read with care, written plainly."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from knowledge_base.errors import Unreadable

_DEEPEST: Final = 20
_SPELT_OUT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
# An escape (`"\0"`, `"\ud800"`) can write what no file of text may hold.
_IN_NO_TEXT: Final = re.compile(r"[\x00\ud800-\udfff]")
_HALF_A_PAIR: Final = re.compile(r"[\ud800-\udfff]")
FORMAT_LABEL: Final = "firedrill_entry"
"""Label of a text that `to_markdown` wrote, in which NUL stands as it stood in the entry."""
_LABEL_LINE: Final = re.compile(r"[A-Za-z_À-ÿ][\w .-]{0,60}:(?: |$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """A text, and the labels that were before it.

    Attributes:
        labels: Names to texts, lists and mappings of texts; numbers and dates are texts as they were written.
        body: What comes after.
        first_line: Number of the body's first line in the file, from 1.
    """

    labels: Mapping[str, Any] = field(default_factory=dict)
    body: str
    first_line: int = 1


class _PlainLoader(yaml.BaseLoader):
    """YAML as texts, lists and mappings only: no types, no aliases, no depth without end, no name twice.

    A version 1.10 stays `1.10`, and a title that looks like a date stays a title. An alias can make a few lines unfold
    into gigabytes, and no front matter needs one.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise self._refusal("aliases (*name) are not taken; write the value out")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refusal(f"it is nested deeper than {_DEEPEST} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refusal(self, problem: str) -> yaml.MarkedYAMLError:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} is there twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def split_front_matter(text: str, *, name: str, longest: int | None = None) -> FrontMatter:
    """Part a text from its front matter, in YAML between `---` or in TOML between `+++`.

    A text that begins with a line of dashes and goes on in prose has none.

    Args:
        text: The whole file.
        name: What it is called, for messages.
        longest: Most characters that the front matter may have, None for any.

    Raises:
        Unreadable: It has front matter that is broken, or that has NUL or half of a surrogate pair in it.
    """
    fence = text[:4].rstrip("\n")
    if fence not in {"---", "+++"} or not text.startswith(fence + "\n"):
        return FrontMatter(body=text)
    closing = re.compile(r"^(?:---|\.\.\.)[ \t]*$" if fence == "---" else r"^\+\+\+[ \t]*$", re.MULTILINE)
    end = closing.search(text, len(fence) + 1)
    if end is None:
        if fence == "+++" or _LABEL_LINE.match(text, len(fence) + 1):
            raise Unreadable(name, f"its front matter is never closed; put a line {fence} after the last label")
        return FrontMatter(body=text)
    block = text[len(fence) + 1 : end.start()]
    if longest is not None and len(block) > longest:
        raise Unreadable(name, f"its front matter has {len(block)} characters, and {longest} is the most that is read")
    labels = _yaml(block, name) if fence == "---" else _toml(block, name)
    if labels is None:
        return FrontMatter(body=text)
    _refuse_what_no_text_has(labels, name)
    body = text[end.end() :].removeprefix("\n")
    return FrontMatter(labels=labels, body=body, first_line=text.count("\n", 0, end.end()) + 2)


def _yaml(block: str, name: str) -> dict[str, Any] | None:
    try:
        # The loader knows texts only: it is `safe_load` without even dates and numbers.
        read = yaml.load(block, Loader=_PlainLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # The mark counts from 0 within the block, and the line of dashes comes first.
        where = f", line {mark.line + 2}" if mark is not None else ""
        raise Unreadable(name, f"its front matter is broken{where}: {error.problem}; mend it and try again") from error
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError, TypeError) as error:
        raise Unreadable(name, f"its front matter is broken: {error}; mend it and try again") from error
    if read is None or read == "":
        return {}
    if isinstance(read, dict):
        return {str(key): value for key, value in read.items()}
    # Two thematic breaks around prose look like front matter, and are none.
    return None


def _toml(block: str, name: str) -> dict[str, Any]:
    try:
        return {key: _texts(value) for key, value in tomllib.loads(block).items()}
    except (RecursionError, ValueError) as error:
        raise Unreadable(name, f"its front matter is broken: {error}; mend it and try again") from error


def _texts(value: object) -> Any:
    if isinstance(value, dict):
        return {str(key): _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return str(value)


def _refuse_what_no_text_has(labels: Mapping[str, Any], name: str) -> None:
    unfit = _HALF_A_PAIR if FORMAT_LABEL in labels else _IN_NO_TEXT
    for label, value in labels.items():
        # A stack, because dotted keys of TOML nest deeper than calls may.
        left = [label, value]
        while left:
            one = left.pop()
            if isinstance(one, dict):
                left += [*one.keys(), *one.values()]
            elif isinstance(one, list):
                left += one
            elif unfit.search(one):
                raise Unreadable(
                    name,
                    f"its front matter has a character that no text may have (NUL, or half of a surrogate pair) in "
                    f"the label {label!r}; take it out, or write the character itself, and try again",
                )


class _PlainDumper(yaml.SafeDumper):
    """YAML that spells out every character that YAML or an editor may take for the end of a line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - no aliases, however often a value is there
        return True


def _represented(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _SPELT_OUT.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_PlainDumper.add_representer(str, _represented)


def front_matter(labels: Mapping[str, Any]) -> str:
    """Write labels as front matter, its dashes included."""
    # A text broken over lines is harder to compare and to search than a long line.
    written = yaml.dump(dict(labels), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=10**9)
    return f"---\n{written}---\n"
