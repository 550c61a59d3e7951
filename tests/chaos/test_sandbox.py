from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from shop_customer import Customer

from chaos.errors import AlreadyRunning, BadArgument, DidNotStart, NoSandbox, PortTaken, StateBroken
from chaos.processes import Running
from chaos.sandbox import Sandbox, find_sandbox
from chaos.sandbox_settings import LinkSettings, SandboxSettings, free_ports

SERVICES = {"gateway", "catalog", "orders", "payments", "inventory"}


def children_of(running: list[Running]) -> list[psutil.Process]:
    return [process for each in running for process in psutil.Process(each.pid).children(recursive=True)]


@pytest.mark.slow
def test_a_started_shop_sells_and_a_stopped_one_leaves_nothing(sandbox_folder: Path) -> None:
    sandbox = Sandbox(sandbox_folder)
    told: list[str] = []
    sandbox.start(free_ports(), load=False, told=told.append)
    assert set(told) == SERVICES | {"database", "proxy"}
    customer = Customer(sandbox)
    assert customer.buy().is_success
    customer.close()

    running = sandbox.processes.running()
    assert {each.name for each in running} == set(told)
    everybody = [psutil.Process(each.pid) for each in running] + children_of(running)
    Sandbox(sandbox_folder).stop()
    assert [process for process in everybody if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
    with pytest.raises(NoSandbox, match="no running sandbox"):
        sandbox.state()
    sandbox.stop()


@pytest.mark.slow
def test_a_database_whose_keeper_was_killed_is_stopped_too(sandbox_folder: Path) -> None:
    sandbox = Sandbox(sandbox_folder)
    sandbox.start(free_ports(), load=False)
    server = psutil.Process(int((sandbox_folder / "database" / "postmaster.pid").read_text().splitlines()[0]))
    keeper = sandbox.processes.find("database")
    assert keeper is not None
    psutil.Process(keeper.pid).kill()
    sandbox.stop()
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_another_process_finds_the_parts_by_one_variable(sandbox: Sandbox) -> None:
    program = "from chaos.sandbox import find_sandbox; print(find_sandbox().state().model_dump_json())"
    environment = {"FIREDRILL_SANDBOX": str(sandbox.state_path)}
    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True)
    state = json.loads(found.stdout)
    assert set(state["services"]) == SERVICES
    assert set(state["links"]) == {"orders-payments"}


@pytest.mark.slow
def test_the_addresses_of_the_database_are_for_the_owner_only(sandbox: Sandbox) -> None:
    assert set(sandbox.secrets().database_urls) == {"catalog", "orders", "inventory"}
    for path in sandbox.folder.glob("*.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "postgresql" not in sandbox.state_path.read_text()


@pytest.mark.slow
def test_calls_from_orders_to_payments_go_through_the_proxy(sandbox: Sandbox) -> None:
    customer = Customer(sandbox)
    customer.buy().raise_for_status()
    customer.close()
    links = httpx.get(f"{sandbox.state().control_url}/links", trust_env=False).json()["links"]
    assert [(link["name"], link["accepted_connections"] > 0) for link in links] == [("orders-payments", True)]


@pytest.mark.slow
def test_a_second_start_is_refused_and_the_first_goes_on(sandbox: Sandbox) -> None:
    with pytest.raises(AlreadyRunning):
        Sandbox(sandbox.folder).start(free_ports(), load=False)
    customer = Customer(sandbox)
    assert customer.search().is_success
    customer.close()


@pytest.mark.slow
def test_a_deployment_is_a_new_process_on_the_old_port(sandbox: Sandbox) -> None:
    before, url = sandbox.processes.find("payments"), sandbox.state().service("payments").url
    deployment = sandbox.deploy("payments", "3.2.0")
    assert (deployment.previous_version, deployment.restarted) == ("3.1.0", True)
    after = sandbox.processes.find("payments")
    assert before is not None
    assert after is not None
    assert before.pid != after.pid
    assert httpx.get(f"{url}/ready", trust_env=False).json()["version"] == "3.2.0"
    sandbox.roll_back("payments")
    assert httpx.get(f"{url}/ready", trust_env=False).json()["version"] == "3.1.0"


@pytest.mark.slow
def test_a_deployed_service_that_was_killed_can_be_deployed_again_and_rolled_back(sandbox: Sandbox) -> None:
    sandbox.deploy("payments", "3.2.0")
    running = sandbox.processes.find("payments")
    assert running is not None
    killed = psutil.Process(running.pid)
    killed.kill()
    killed.wait(5)
    assert sandbox.deploy("payments", "3.2.0").restarted
    assert sandbox.roll_back("payments").version == "3.1.0"


@pytest.mark.slow
def test_a_roll_back_that_could_not_start_the_old_version_starts_it_the_second_time(sandbox: Sandbox) -> None:
    sandbox.deploy("payments", "3.2.0")
    service = sandbox.state().service("payments")
    sandbox.processes.stop("payments")
    with socket.create_server(("127.0.0.1", service.port)), pytest.raises(PortTaken):
        sandbox.roll_back("payments")
    again = sandbox.roll_back("payments")
    assert (again.version, again.restarted) == ("3.1.0", True)
    assert httpx.get(f"{service.url}/ready", trust_env=False).json()["version"] == "3.1.0"
    assert not sandbox.roll_back("payments").restarted


@pytest.mark.slow
def test_a_deployment_is_told_to_the_collector(sandbox_folder: Path) -> None:
    heard: list[dict[str, Any]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Type"] == "application/json":
                heard.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        sandbox = Sandbox(sandbox_folder)
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        sandbox.start(replace(free_ports(), otlp_endpoint=endpoint, environment="ensaio"), load=False)
        assert sandbox.deploy("gateway", "5.3.0").event_problem is None
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    (record,) = heard[0]["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert record["eventName"] == "deploy"
    assert {each["key"]: each["value"]["stringValue"] for each in record["attributes"]} == {
        "service.name": "gateway",
        "service.version": "5.3.0",
        "previous_version": "5.2.0",
        "deployment.environment.name": "ensaio",
    }
    # A collector that is gone is said, and holds up no roll-back.
    rolled_back = sandbox.roll_back("gateway")
    assert rolled_back.restarted
    assert "did not take the event" in str(rolled_back.event_problem)


@pytest.mark.slow
def test_a_part_that_does_not_start_takes_the_rest_down_with_it(sandbox_folder: Path) -> None:
    sandbox = Sandbox(sandbox_folder)
    settings = replace(free_ports(), otlp_endpoint="not an address")
    with pytest.raises(DidNotStart, match=r"OTEL_EXPORTER_OTLP_ENDPOINT must look like"):
        sandbox.start(settings, load=False)
    assert sandbox.processes.running() == []
    assert not sandbox.state_path.exists()


def test_a_taken_port_is_said_before_anything_starts(sandbox_folder: Path) -> None:
    sandbox = Sandbox(sandbox_folder)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is taken by .* \\(pid"):
            sandbox.start(replace(free_ports(), ports={**free_ports().ports, "orders": port}), load=False)
    assert sandbox.processes.running() == []
    assert not (sandbox_folder / "database").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("service", "version"), [("order", "2.4.0"), ("orders", "2.4")])
def test_a_deployment_of_what_there_is_not_touches_nothing(sandbox: Sandbox, service: str, version: str) -> None:
    before = sandbox.processes.running()
    with pytest.raises(BadArgument, match="Did you mean"):
        sandbox.deploy(service, version)
    assert sandbox.processes.running() == before


def test_a_broken_state_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text('{"services": 5}')
    with pytest.raises(StateBroken, match=r"sandbox\.json: has a wrong"):
        find_sandbox({"FIREDRILL_SANDBOX": str(tmp_path / "sandbox.json")})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ports": {"gateway": 1}}, "ports must name exactly"),
        ({"control_port": 8080}, "given twice"),
        ({"control_port": 70_000}, "between 1 and 65535"),
        ({"links": (LinkSettings(caller="orders", callee="payments"),) * 2}, "a link is given twice"),
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SandboxSettings(**change)


def test_there_is_no_link_where_nobody_calls() -> None:
    with pytest.raises(ValueError, match="no call from 'payments' to 'orders'"):
        LinkSettings(caller="payments", callee="orders")
