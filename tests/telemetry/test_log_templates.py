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
