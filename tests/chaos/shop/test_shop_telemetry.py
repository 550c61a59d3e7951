from __future__ import annotations

import uuid

import pytest
from otlp_receiver import Receiver, Seen
from shop_processes import Shop, wait_until
from test_shop_journeys import buy

from chaos.shop import SERVICES, service

SERVER, CLIENT = 2, 3
ERROR = 2


@pytest.fixture
def checkout_trace(shop: Shop, receiver: Receiver) -> list[Seen]:
    customer = f"traced-{uuid.uuid4()}"
    assert buy(shop, customer).status_code == 201

    def trace() -> list[Seen]:
        # The line of the log that names the customer says which of all traces is theirs.
        ids = {log.item.trace_id for log in receiver.logs() if f"placed by customer {customer}" in str(log.item.body)}
        spans = [span for span in receiver.spans() if span.item.trace_id in ids]
        return spans if {span.service for span in spans} >= {"gateway", "orders", "inventory", "payments"} else []

    # Services send once a second, each at its own moment; a process's spans of one checkout may take two batches.
    return wait_until(lambda: is_whole(trace()), 10, "all spans of a checkout")


def is_whole(spans: list[Seen]) -> list[Seen]:
    known = {b"", *(span.item.span_id for span in spans)}
    return spans if all(span.item.parent_span_id in known for span in spans) else []


def test_one_checkout_is_one_trace_through_four_services(checkout_trace: list[Seen]) -> None:
    servers = {(span.service, span.item.name) for span in checkout_trace if span.item.kind == SERVER}
    assert servers == {
        ("gateway", "POST /checkout"),
        ("orders", "POST /orders"),
        ("inventory", "POST /reservations"),
        ("payments", "POST /charges"),
    }
    assert {span.item.name for span in checkout_trace} >= {"price basket", "authorize card", "INSERT", "UPDATE"}
    known = {span.item.span_id for span in checkout_trace}
    roots = [span for span in checkout_trace if not span.item.parent_span_id]
    assert [root.item.name for root in roots] == ["POST /checkout"]
    assert all(span.item.parent_span_id in known for span in checkout_trace if span.item.parent_span_id)


def test_spans_say_which_process_of_which_version_sent_them(checkout_trace: list[Seen]) -> None:
    for span in checkout_trace:
        assert span.resource["service.version"] == service(span.service).stable_version
        assert span.resource["deployment.environment.name"] == "demo"
    instances = {(span.service, span.resource["service.instance.id"]) for span in checkout_trace}
    assert len(instances) == 4


def test_calls_say_whom_they_meant_to_reach(checkout_trace: list[Seen]) -> None:
    peers = {(span.service, span.attributes.get("peer.service")) for span in checkout_trace if span.item.name == "POST"}
    assert peers == {("gateway", "orders"), ("orders", "inventory"), ("orders", "payments")}


def test_spans_are_named_after_routes_and_health_checks_leave_none(
    shop: Shop, receiver: Receiver, checkout_trace: list[Seen]
) -> None:
    assert shop.answers("gateway", "/health")
    shop.client.get("/products/11")
    shop.client.get("/products/12")
    wait_until(
        lambda: [span for span in receiver.spans() if span.attributes.get("url.path") == "/products/12"], 5, "a span"
    )
    names = {span.item.name for span in receiver.spans() if span.item.kind == SERVER}
    assert "GET /products/{id}" in names
    assert not [name for name in names if any(part in name for part in ("health", "ready", "/11", "http send"))]


def test_a_failure_is_an_error_on_spans_and_in_the_log_with_its_stack(shop: Shop, receiver: Receiver) -> None:
    (version,) = service("gateway").bad_releases
    shop.deploy("gateway", version)
    try:
        assert shop.client.get("/search", params={"q": "mel"}).status_code == 500
    finally:
        shop.deploy("gateway", service("gateway").stable_version)

    def failed() -> list[Seen]:
        return [
            span
            for span in receiver.spans()
            if span.item.name == "GET /search"
            and span.item.status.code == ERROR
            and span.resource["service.version"] == version
        ]

    span = wait_until(failed, 5, "the failed span")[-1]
    assert span.attributes["http.response.status_code"] == 500
    assert [event.name for event in span.item.events] == ["exception"]
    lines = wait_until(
        lambda: [log for log in receiver.logs() if log.item.trace_id == span.item.trace_id], 5, "its log line"
    )
    (line,) = [line for line in lines if line.item.severity_text == "ERROR"]
    assert "KeyError" in line.attributes["exception.stacktrace"]
    durations = [
        seen
        for seen in receiver.metrics()
        if seen.item.name == "http.server.request.duration" and seen.resource["service.version"] == version
    ]
    assert "500" in str(durations)


def test_metrics_tell_of_requests_connections_process_and_business(
    receiver: Receiver, checkout_trace: list[Seen]
) -> None:
    def sent() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for seen in receiver.metrics():
            found.setdefault(seen.item.name, set()).add(seen.service)
        return found if "shop.revenue" in found and "shop.payments.charged" in found else {}

    by_name = wait_until(sent, 5, "metrics of the checkout")
    everyone = {spec.name for spec in SERVICES}
    keepers = {spec.name for spec in SERVICES if spec.database_role}
    assert by_name["http.server.request.duration"] == everyone
    assert by_name["process.cpu.utilization"] == by_name["process.memory.usage"] == everyone
    assert by_name["cpython.gc.collections"] == everyone
    for name in ("count", "max", "pending_requests"):
        assert by_name[f"db.client.connection.{name}"] == keepers
    assert by_name["shop.orders.placed"] == by_name["shop.revenue"] == by_name["shop.cart.items"] == {"orders"}
