import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.log_templates import mask_values, mine_templates


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("took 12.5 ms, -3 left, 1,000 of 1e9", "took <NUM> ms, <NUM> left, <NUM> of <NUM>"),
        ("GET /orders/42 500", "GET /orders/<NUM> <NUM>"),
        ("user 3f2504e0-4f89-11d3-9a0c-0305e82c3301 gone", "user <UUID> gone"),
        ("span 5b8efff798038103 at 0xDEADbeef", "span <HEX> at <HEX>"),
        ("from 10.0.0.1:5432 to 127.0.0.1", "from <IP> to <IP>"),
        ('password for "shop" failed', "password for <STR> failed"),
        ("role 'orders' does not exist", "role <STR> does not exist"),
        ("can't reach it, don't wait", "can't reach it, don't wait"),
        ("order-17 paid", "<ID> paid"),
        ("2026-03-01T12:00:00.5Z started", "<TIME> started"),
        ("não há espaço: 3 págs", "não há espaço: <NUM> págs"),
        ("deadbeefcafe is a word to hex", "deadbeefcafe is a word to hex"),
        ("utf8 and v2 stay", "utf8 and v2 stay"),
        ("", ""),
    ],
)
def test_values_are_masked_and_words_are_not(line: str, masked: str) -> None:
    assert mask_values(line) == masked


def test_lines_that_say_the_same_share_a_template() -> None:
    found = mine_templates(["user 1 paid 10 EUR", "cannot connect to 10.0.0.1:5432", "user 22 paid 7 EUR", ""])
    assert found.template_of == (0, 1, 0, 2)
    assert found.templates == ("user <NUM> paid <NUM> EUR", "cannot connect to <IP>", "")


def test_other_words_become_a_wildcard() -> None:
    found = mine_templates(["item apple is out of stock", "item pear is out of stock"])
    assert found.templates == ("item <*> is out of stock",)


def test_no_lines_have_no_templates() -> None:
    assert mine_templates([]).templates == ()


@given(st.lists(st.text(max_size=60), max_size=30))
def test_any_text_gets_a_template_and_always_the_same(lines: list[str]) -> None:
    found = mine_templates(iter(lines))
    assert found == mine_templates(lines)
    assert len(found.template_of) == len(lines)
    assert set(found.template_of) == set(range(len(found.templates)))


def test_twenty_thousand_lines_take_two_seconds() -> None:
    draw = random.Random(3)
    words = [f"{a}{b}" for a in ("read", "wrote", "lost", "found") for b in ("Cart", "Order", "Item", "User")]
    lines = [
        f"{draw.choice(words)} {draw.choice(words)} id={draw.randrange(10**6)} in {draw.random():.3f} s"
        f" from 10.0.0.{draw.randrange(255)}"
        for _ in range(20_000)
    ]
    began = time.process_time()
    mine_templates(lines)
    assert time.process_time() - began < 4  # Two on a quiet machine.


@pytest.mark.parametrize(
    "place",
    [
        "o.s.OrderService#67",
        "a.b.C$Inner#1",
        "OrderService.java:120",
        "app/orders.py:12",
        "main.go:340",
        "src/cart-view.ts:7",
        "lib.rs:99999",
    ],
)
def test_the_place_in_the_code_is_no_value(place: str) -> None:
    assert mask_values(f"12 [{place}] took 5 ms") == f"<NUM> [{place}] took <NUM> ms"
    assert mask_values(place) == place


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("OrderService#67 took 5", "OrderService#<NUM> took <NUM>"),  # a name without a package may be anything
        ("see notes.txt:12", "see notes.txt:<NUM>"),
        ("at main.go:340:9 it", "at main.go:<NUM>:<NUM> it"),
        ("at main.go:123456", "at main.go:<NUM>"),
        ("GET http://host/app.py:80/x", "GET http://host/app.py:<NUM>/x"),
        ("me@main.go:340", "me@main.go:<NUM>"),
    ],
)
def test_what_only_resembles_a_place_in_the_code_is_masked(line: str, masked: str) -> None:
    assert mask_values(line) == masked


def test_a_place_is_looked_for_at_the_beginning_of_a_line() -> None:
    assert mask_values("x" * 280 + " main.go:340").endswith("main.go:340")
    assert mask_values("x" * 295 + " main.go:340").endswith("main.go:<NUM>")


def test_only_the_beginning_of_a_line_with_a_place_says_what_it_is_about() -> None:
    masked = mask_values("main.go:340 " + "word " * 200)
    assert masked.startswith("main.go:340 word word")
    assert len(masked) == 300


def test_lines_from_one_place_share_a_template_whatever_they_say() -> None:
    found = mine_templates(
        ["[app.py:12] user bob is in", "[app.py:13] user bob is in", "[app.py:12] no such room at all"]
    )
    assert found.template_of == (0, 1, 0)
    assert found.templates == ("[app.py:12] user bob is in", "[app.py:13] user bob is in")


def test_lines_with_and_without_a_place_do_not_mix() -> None:
    found = mine_templates(["user bob is in", "[app.py:12] user bob is in", "user eve is in"])
    assert found.template_of == (0, 1, 0)
    assert found.templates == ("user <*> is in", "[app.py:12] user bob is in")


BEGINNINGS = ("reading", "writing", "opening", "closing", "asking", "telling", "taking", "giving", "lending", "owing")


@pytest.mark.parametrize(("ways", "templates"), [(9, 1), (10, 10)])
def test_a_helper_through_which_everything_is_logged_is_no_place(ways: int, templates: int) -> None:
    words = (
        "one",
        "two words",
        "three more words",
        "a b c d",
        "a b c d e",
        "f g h i j k",
        "l m",
        "n o p",
        "q r s t u v w",
        "x",
    )
    lines = [f"[log.py:5] {begin} {rest}" for begin, rest in zip(BEGINNINGS[:ways], words, strict=False)]
    assert len(mine_templates(lines).templates) == templates


def test_values_do_not_make_a_place_say_many_things() -> None:
    lines = [f"[log.py:5] order {number} of user-{number} is ready" for number in range(50)]
    assert len(mine_templates(lines).templates) == 1


def test_a_place_that_says_many_things_does_not_spoil_the_others() -> None:
    helper = [f"[log.py:5] {begin} the book" for begin in BEGINNINGS]
    found = mine_templates([*helper, "[app.py:12] hello bob", "[app.py:12] goodbye to you all"])
    assert found.template_of[-1] == found.template_of[-2]
    assert found.template_of[-1] not in found.template_of[:-2]


@pytest.mark.parametrize(
    "line",
    [
        '{"level": "info", "msg": "user 7 is in", "took": 12.5}',
        '{"message": "user 7 is in"}',
        'time=12:00:00 level=info msg="user 7 is in" took=3',
        'msg="user 7 is in"',
        "user 7 is in",
    ],
)
def test_of_a_structured_line_the_message_counts(line: str) -> None:
    assert mine_templates([line]).templates == ("user <NUM> is in",)


@pytest.mark.parametrize(
    "line", ['{"a": "b"', '{"level": "info"}', '{"msg": 5}', "[1]", '{"msg": ""}', "{" * 3000 + "}"]
)
def test_a_line_that_only_looks_structured_is_a_line_like_any_other(line: str) -> None:
    assert mine_templates([line]).templates == (mask_values(line),)


def test_lines_that_are_kept_apart_never_share_a_template() -> None:
    lines = ["user 1 is in", "user 2 is in", "user 3 is in"]
    assert mine_templates(lines).template_of == (0, 0, 0)
    found = mine_templates(lines, apart=["INFO", "ERROR", "INFO"])
    assert found.template_of == (0, 1, 0)
    assert found.templates == ("user <NUM> is in", "user <NUM> is in")
