"""Everything real and together: broken twice on purpose, noticed, understood, remembered, asked about, and stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from browser import browser_page, chromium_binary
from playwright.sync_api import expect

from assistant.client import AssistantClient
from assistant.incidents import IncidentStatus
from assistant.taxonomy import FaultKind
from chaos.drills import DrillResult, DrillRunner
from chaos.experiment import find_experiment
from ui.background import Background
from ui.connect import server_url
from ui.offline import stay_offline
from ui.settings_reading import load_settings

# Nothing here takes as long on a quiet machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

PORTS = (
    *("SERVER_PORT", "COLLECTOR_GRPC_PORT", "COLLECTOR_HTTP_PORT", "PAGES_PORT", "SHOP_GATEWAY_PORT"),
    *("SHOP_CATALOG_PORT", "SHOP_ORDERS_PORT", "SHOP_PAYMENTS_PORT", "SHOP_INVENTORY_PORT"),
    *("SHOP_LINK_PORT", "SHOP_LINK_CONTROL_PORT"),
)
# A diagnosis takes nothing as normal from the 45 s before the detection, and needs some of what remains.
BASELINE_SECONDS = 60
PATIENCE_SECONDS = 180
PATIENCE_MS = 60_000
MOST_BYTES = 2 * 2**30


@dataclass(frozen=True)
class System:
    background: Background
    assistant: AssistantClient
    drills: DrillRunner
    environment: Mapping[str, str]

    def version_of(self, service: str) -> str:
        return self.background.sandbox.state().service(service).version

    def commands(self) -> list[str]:
        """Give the command lines that name the workspace, whoever started them: the toolkit has its own session."""
        name = self.drills.folder.parent.name
        lines = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
        return [line for line in lines if name in line]

    def processes(self) -> list[psutil.Process]:
        """Give all that runs for it: what was started, PostgreSQL, which goes its own way, and the children of both."""
        postmaster = self.background.sandbox.folder / "database" / "postmaster.pid"
        started = [row.pid for row in self.background.rows() if row.pid is not None]
        parents = [psutil.Process(pid) for pid in (*started, int(postmaster.read_text().splitlines()[0]))]
        return list({one.pid: one for parent in parents for one in (parent, *parent.children(recursive=True))}.values())


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    # Not pytest's own folder: as root, PostgreSQL runs as another user, who has to pass through all above its data.
    folder = Path(tempfile.mkdtemp(prefix="firedrill-whole-"))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FIREDRILL_")}
    environment |= {f"FIREDRILL_{name}": str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    environment["FIREDRILL_WORKSPACE_PATH"] = str(folder)
    stay_offline(environment)
    background = Background(load_settings(environment=environment, folder=folder).settings, environment=environment)
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder)
        cleanup.callback(background.stop)
        background.start()
        url = server_url(background.settings)
        assistant = AssistantClient(cleanup.enter_context(httpx.Client(base_url=url, timeout=60, trust_env=False)))
        wait_until(
            lambda: assistant.status().detector.baseline_seconds >= BASELINE_SECONDS, "the detector has a baseline"
        )
        yield System(
            background=background,
            assistant=assistant,
            drills=DrillRunner(
                assistant=assistant,
                server_url=url,
                telemetry=background.telemetry,
                sandbox=background.sandbox.state_path,
                folder=folder / "drills",
            ),
            environment=environment,
        )


@pytest.fixture(scope="module")
def catalog(system: System) -> DrillResult:
    return system.drills.run(find_experiment("bad-version-catalog"))


@pytest.fixture(scope="module")
def inventory(system: System, catalog: DrillResult) -> DrillResult:
    wait_until(lambda: not system.assistant.incidents(IncidentStatus.OPEN), "the first incident is resolved")
    return system.drills.run(find_experiment("bad-version-inventory"))


def test_a_bad_version_is_noticed_understood_and_recovered_from(system: System, catalog: DrillResult) -> None:
    assert catalog.invalid is None
    moments = (catalog.injected, catalog.effect_seen_at, catalog.detected_at, catalog.rolled_back_at, catalog.steady_at)
    assert None not in moments, catalog
    assert list(moments) == sorted(moments), catalog  # type: ignore[type-var]
    assert catalog.diagnosed_at is not None
    assert catalog.seconds_to_detect is not None
    assert 0 <= catalog.seconds_to_detect < 60
    score = catalog.score
    assert (score.top_service, score.top_kind) == ("catalog", FaultKind.BAD_VERSION)
    assert score.top_operation == "GET /products/{id}"
    assert score.right
    assert catalog.incident is not None
    assert system.assistant.incident(catalog.incident).similar == ()


def test_what_helped_is_known_afterwards(system: System, catalog: DrillResult) -> None:
    assert catalog.incident is not None
    incident = system.assistant.incident(catalog.incident)
    assert incident.entry_id is not None
    entry = system.assistant.knowledge.entry(incident.entry_id)
    assert entry.fix == find_experiment("bad-version-catalog").truth.fix
    assert "catalog" in entry.services
    assert "GET /products/{id}" in entry.operations
    assert entry.provenance["drill"] == "bad-version-catalog"


def test_the_same_elsewhere_is_told_apart_and_yet_recognised(inventory: DrillResult) -> None:
    assert inventory.invalid is None
    assert (inventory.score.top_service, inventory.score.top_operation) == ("inventory", "POST /reservations")
    assert inventory.score.right
    assert inventory.score.similar == "bad-version-catalog"
    assert inventory.steady_at is not None


def test_both_drills_are_kept_by_the_server(system: System, catalog: DrillResult, inventory: DrillResult) -> None:
    kept = system.assistant.drills()
    assert [one["id"] for one in kept] == [inventory.id, catalog.id]
    assert [one["right"] for one in kept] == [True, True]


@pytest.mark.browser
def test_the_page_answers_what_is_wrong_with_its_evidence(system: System, inventory: DrillResult) -> None:
    chromium_binary()
    port = system.background.settings.pages.port
    with browser_page() as page:
        page.goto(f"http://127.0.0.1:{port}")
        expect(page.get_by_text("The system now").first).to_be_visible(timeout=PATIENCE_MS)
        page.get_by_role("radiogroup").get_by_text(re.compile("inventory")).first.click()
        expect(page).to_have_url(re.compile(f"incident={inventory.incident}"), timeout=PATIENCE_MS)
        expect(page.get_by_text("What to do first").first).to_be_visible(timeout=PATIENCE_MS)
        field = page.get_by_placeholder("Ask about this incident")
        field.fill("what is wrong with checkout?")
        field.press("Enter")
        answer = page.get_by_test_id("stChatMessage").last
        expect(answer.get_by_text(re.compile("Investigated in"))).to_be_visible(timeout=PATIENCE_MS)
        expect(answer).to_contain_text("inventory")
        expect(answer).to_contain_text(re.compile(r"\[?E\d+\]?"))
        expect(answer).to_contain_text("POST /reservations")
    (question,) = system.assistant.questions(inventory.incident)
    assert question.text == "what is wrong with checkout?"
    assert {citation.kind for citation in question.citations} >= {"evidence"}


def test_a_drill_that_is_told_to_end_takes_its_fault_back_first(system: System, inventory: DrillResult) -> None:
    wait_until(lambda: not system.assistant.incidents(IncidentStatus.OPEN), "the second incident is resolved")
    argv = [sys.executable, "-m", "ui.cli", "drill", "run", "bad-version-orders", "bad-version-catalog"]
    refused = subprocess.run(argv, env=system.environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "experiment bad-version-orders: there is no such experiment; did you mean" in refused.stderr
    argv.remove("bad-version-orders")
    with subprocess.Popen(argv, env=system.environment, stderr=subprocess.PIPE, text=True) as drill:
        try:
            wait_until(lambda: system.version_of("catalog") == "1.5.0", "the bad version is deployed")
            drill.send_signal(signal.SIGTERM)
            _, said = drill.communicate(timeout=PATIENCE_SECONDS)
        finally:
            drill.kill()
    assert drill.returncode == 130, said
    assert system.version_of("catalog") == "1.4.0"


def test_everything_together_stays_small(system: System, inventory: DrillResult) -> None:
    # PSS: pages that several processes share are counted once, spread over them; RSS would count them each time.
    used = {one.pid: (one.memory_full_info().pss, " ".join(one.cmdline())[:80]) for one in system.processes()}
    together = sum(pss for pss, _ in used.values())
    listing = "\n".join(f"{pss / 2**20:6.0f} MiB  {command}" for pss, command in sorted(used.values(), reverse=True))
    assert together < MOST_BYTES, f"PSS (proportional set size) of everything is {together / 2**20:.0f} MiB:\n{listing}"


def test_everything_stops_and_leaves_no_process(system: System, inventory: DrillResult) -> None:
    processes = system.processes()
    assert "postgres" in {one.name() for one in processes}
    assert any("postgres" in command for command in system.commands())  # Or it would see no leftover either.
    assert [command for command in system.commands() if "chaostoolkit" in command] == []
    stopped = system.background.stop()
    assert {"collector", "server", "pages", "gateway", "catalog", "orders", "payments", "inventory"} <= set(stopped)
    _, left = psutil.wait_procs(processes, timeout=30)
    assert left == []
    assert system.commands() == []
    assert system.background.rows() == []


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on, all different."""
    with ExitStack() as opened:
        probes = [opened.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def wait_until(true: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < give_up_at, f"after {PATIENCE_SECONDS} s still not: {what}"
        time.sleep(0.2)
