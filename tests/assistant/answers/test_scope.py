from __future__ import annotations

import pytest

from assistant.answers import WHOLE_SYSTEM, Operation, Scope, names_in, scope_of
from assistant.diagnosis.values import Hypothesis
from assistant.taxonomy import FaultKind

SERVICES = ("gateway", "catalog", "orders", "payments", "inventory", "cart-cache", "cart-store", "searchService")
CHECKOUT = Operation("gateway", "POST /checkout")
PRODUCT = Operation("catalog", "GET /products/{id}")
RESERVE = Operation("inventory", "POST /reserve")
OPERATIONS = (CHECKOUT, PRODUCT, RESERVE)


@pytest.mark.parametrize(
    ("question", "services", "operations"),
    [
        ("what is wrong with checkout?", (), (CHECKOUT,)),
        ("o que há de errado com o CHECKOUT?", (), (CHECKOUT,)),
        ("¿qué le pasa a payments?", ("payments",), ()),
        ("o payment caiu", ("payments",), ()),
        ("o catálogo está lento", ("catalog",), ()),
        ("el catálogo y orders fallan", ("catalog", "orders"), ()),
        ("checkout出了什么问题", (), (CHECKOUT,)),
        ("why does GET /products/42 fail", (), (PRODUCT,)),
        ("is the cart cache down?", ("cart-cache",), ()),
        ("is the cart down?", ("cart-cache", "cart-store"), ()),
        ("the search service is slow", ("searchService",), ()),
    ],
)
def test_names_are_found_whatever_the_language_case_and_accents(
    question: str, services: tuple[str, ...], operations: tuple[Operation, ...]
) -> None:
    assert scope_of(question, SERVICES, OPERATIONS) == Scope(services=services, operations=operations)


@pytest.mark.parametrize(
    "question",
    [
        "what is wrong?",
        "o que há com o serviço de pagamentos?",  # nothing is translated
        "please check the get api of the service",  # `check` is not `checkout`, and the rest names nothing
        "",
        "???",
    ],
)
def test_a_question_that_names_nothing_is_about_the_whole_system(question: str) -> None:
    assert scope_of(question, SERVICES, OPERATIONS) is WHOLE_SYSTEM
    assert WHOLE_SYSTEM.whole_system


def test_a_broken_link_lies_in_the_scope_of_both_of_its_ends() -> None:
    cause = Hypothesis(
        service="payments", kind=FaultKind.NETWORK_LINK, link=("orders", "payments"), probability=1, summary="s"
    )
    assert Scope(services=("orders",)).holds_cause(cause)
    assert not Scope(services=("catalog",)).holds_cause(cause)


def test_a_diagnosis_gives_the_names_it_speaks_of(make_diagnosis) -> None:
    services, operations = names_in(make_diagnosis())
    assert services == ("inventory", "gateway", "payments", "orders")
    assert operations == (Operation("inventory", "POST /reserve"), Operation("gateway", "POST /checkout"))
