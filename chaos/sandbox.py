"""The shop on this machine: started, stopped, and deployed to, from any process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Final

from chaos.deploy import Deployment, deploy_event, send_event
from chaos.errors import AlreadyRunning, BadArgument, EventNotSent, NoSandbox, SandboxError
from chaos.orphaned_database import end_orphaned_database
from chaos.ports import require_free
from chaos.processes import Processes, Running
from chaos.readiness import answers, said_json
from chaos.sandbox_settings import SandboxSettings
from chaos.sandbox_state import (
    SECRETS_NAME,
    STATE_NAME,
    SandboxState,
    Secrets,
    plan,
    read_secrets,
    read_state,
    service_environment,
)
from chaos.shop.database import prepare
from chaos.shop.errors import DatabaseError
from chaos.shop.services import SERVICES, ServiceSpec
from chaos.shop.services import service as service_spec
from chaos.state_file import StateFile
from telemetry import utc_now

SANDBOX_VARIABLE: Final = "FIREDRILL_SANDBOX"
DATABASE_PROCESS: Final = "database"
PROXY_PROCESS: Final = "proxy"
LOAD_PROCESS: Final = "load"
# All that our processes get of the environment of whoever started them: the shop must not see the keys of models.
_INHERITED: Final = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV")
_DATABASE_GRACE_SECONDS: Final = 20.0

Told = Callable[[str], None]


class Sandbox:
    """The shop's processes in a folder: database, link proxy, five services, load.

    Several of these may look at one folder, each in a process of its own.

    Attributes:
        folder: Where everything about it is kept.
        processes: Its processes, and those of the faults.
        inherited: What these get of the environment of whoever started them.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.folder = folder
        self.processes = Processes(folder / "processes")
        self._state = StateFile(folder / STATE_NAME)
        self._secrets = StateFile(folder / SECRETS_NAME)
        self._data = folder / "database"
        self.inherited = {key: environ[key] for key in _INHERITED if key in environ} | {"PYTHONUNBUFFERED": "1"}

    @property
    def state_path(self) -> Path:
        """What the variable FIREDRILL_SANDBOX must name for faults to find this sandbox."""
        return self._state.path

    def state(self) -> SandboxState:
        """Say what runs where.

        Raises:
            NoSandbox: Nothing runs.
        """
        return read_state(self._state)

    def secrets(self) -> Secrets:
        """Give the addresses of the database.

        Raises:
            NoSandbox: Nothing runs.
        """
        return read_secrets(self._secrets)

    def start(self, settings: SandboxSettings, *, load: bool = True, told: Told = lambda _: None) -> SandboxState:
        """Start everything and wait until all of it is ready; stop everything when a part does not start.

        `told` is given the name of each part as it becomes ready.

        Raises:
            AlreadyRunning: Some of it runs already.
            PortTaken: A port is in use; nothing was started.
            DidNotStart: A part died or was not ready in time.
        SandboxError: The database cannot be used.
        """
        with self._state.locked():  # Who comes second waits, and then finds it running.
            for running in self.processes.running():
                raise AlreadyRunning(running.name, running.pid)
            state = plan(settings)
            for port in (*state.ports, settings.control_port):
                require_free(port)
            try:
                state = self._start_parts(state, settings, told)
                self._state.write(state.model_dump(mode="json"))
                if load:
                    self.start_load(settings.load_users, daily=settings.load_daily)
                    told(LOAD_PROCESS)
            except BaseException:
                self.stop()
                raise
        return state

    def stop(self) -> None:
        """Stop everything, those who ask before those who answer; no harm where nothing runs."""
        services = {spec.name for spec in SERVICES}
        recorded = {running.name for running in (*self.processes.running(), *self.processes.lost())}
        self._stop_together(recorded - services - {PROXY_PROCESS, DATABASE_PROCESS})
        self._stop_together(recorded & services)
        self.processes.stop(PROXY_PROCESS)
        self.processes.stop(DATABASE_PROCESS, _DATABASE_GRACE_SECONDS)
        end_orphaned_database(self._data, _DATABASE_GRACE_SECONDS)
        self.processes.stop_all()
        self._state.delete()
        self._secrets.delete()

    def deploy(self, service: str, version: str) -> Deployment:
        """Restart a service as a version, on its port, and wait until it is ready; tell the telemetry.

        Raises:
            BadArgument: There is no such service or version; nothing was touched.
            DidNotStart: The new version did not start, so the service is down; deploy another.
        """
        with self._state.locked():
            state = self.state()
            before = state.service(service)
            spec = service_spec(service)
            if version not in spec.versions:
                raise BadArgument(f"version of {service}", version, spec.versions)
            if version != before.version:
                return self._replace(spec, state, version, previous_version=before.version)
            if self.processes.find(service) is None:  # It died, or never came up as this version.
                return self._replace(spec, state, version, previous_version=before.previous_version)
            return Deployment(service=service, version=version, previous_version=version, restarted=False)

    def roll_back(self, service: str) -> Deployment:
        """Deploy the version that ran before the last deployment; where there was none, see that the service runs.

        Raises:
            BadArgument: There is no such service; nothing was touched.
            DidNotStart: As `deploy`.
        """
        with self._state.locked():
            state = self.state()
            now = state.service(service)
            if now.previous_version is not None:
                return self._replace(service_spec(service), state, now.previous_version, previous_version=None)
            if self.processes.find(service) is None:  # It died, or an earlier roll-back could not start it.
                return self._replace(service_spec(service), state, now.version, previous_version=None)
            return Deployment(service=service, version=now.version, previous_version=now.version, restarted=False)

    def start_load(self, users: int, *, daily: bool = False) -> Running:
        """Let customers visit the shop until told to stop; `daily` has the hours of a day change their number.

        Raises:
            AlreadyRunning: They do already.
            DidNotStart: The load generator cannot be executed.
        """
        environment = {
            **self.inherited,
            "GATEWAY_URL": self.state().service("gateway").url,
            "SHOP_LOAD_USERS": str(users),
            "SHOP_LOAD_SHAPE": "daily" if daily else "steady",
        }
        return self.processes.start(LOAD_PROCESS, (sys.executable, "-m", "chaos.shop.load"), env=environment)

    def _replace(
        self, spec: ServiceSpec, state: SandboxState, version: str, previous_version: str | None
    ) -> Deployment:
        before = state.service(spec.name)
        changed = state.with_service(
            before.model_copy(update={"version": version, "previous_version": previous_version})
        )
        # Before it is true: whoever finds a deployment half done must know where it came from.
        self._state.write(changed.model_dump(mode="json"))
        problem = self._tell(changed, spec.name, version, before.version)
        self.processes.stop(spec.name)
        self._start_service(spec, changed, self.secrets().database_urls)
        return Deployment(
            service=spec.name,
            version=version,
            previous_version=before.version,
            restarted=True,
            event_problem=problem,
        )

    def _tell(self, state: SandboxState, service: str, version: str, previous_version: str) -> str | None:
        if state.otlp_endpoint is None:
            return None
        event = deploy_event(service, version, previous_version, state.environment, utc_now())
        try:
            send_event(event, state.otlp_endpoint)
        except EventNotSent as error:  # A collector that is down must not hold up a roll-back.
            return str(error)
        return None

    def _start_parts(self, state: SandboxState, settings: SandboxSettings, told: Told) -> SandboxState:
        with ThreadPoolExecutor(max_workers=len(SERVICES) + 2) as pool:
            database = pool.submit(self._start_database, settings, told)
            parts: list[Future[Any]] = [database]

            def start_service(spec: ServiceSpec) -> None:
                urls = database.result() if spec.database_role else {}
                self._start_service(spec, state, urls)
                told(spec.name)

            try:
                proxy = pool.submit(self._start_proxy, state, settings.control_port, told)
                parts += [proxy, *(pool.submit(start_service, spec) for spec in SERVICES)]
                for part in as_completed(parts):
                    part.result()
            except BaseException:
                for part in parts:
                    part.cancel()
                self.stop()  # Those on their way notice that their process is gone, and give up.
                raise
        return state.model_copy(update={"control_url": proxy.result()})

    def _start_database(self, settings: SandboxSettings, told: Told) -> Mapping[str, str]:
        admin_url = settings.database_url
        if admin_url is None:
            argv = (sys.executable, "-m", "chaos.shop.database", "--data", str(self._data))
            running = self.processes.start(
                DATABASE_PROCESS,
                argv,
                env=self.inherited,
                ready=said_json,
                timeout_seconds=settings.start_seconds,
            )
            admin_url = str(running.announced["admin_url"])
        try:
            urls = prepare(admin_url)
        except DatabaseError as error:
            raise SandboxError(str(error)) from error
        secrets = Secrets(admin_url=admin_url, database_urls=urls)
        self._secrets.write(secrets.model_dump(mode="json"))
        told(DATABASE_PROCESS)
        return urls

    def _start_proxy(self, state: SandboxState, control_port: int, told: Told) -> str:
        argv = [sys.executable, "-m", "chaos.proxy", "--control-port", str(control_port)]
        for link in state.links.values():
            callee = state.services[link.callee].port
            argv += ["--link", f"{link.name}={link.port}:127.0.0.1:{callee}"]
        ports = [link.port for link in state.links.values()] + ([control_port] if control_port else [])
        running = self.processes.start(PROXY_PROCESS, argv, env=self.inherited, ready=said_json, ports=ports)
        told(PROXY_PROCESS)
        return str(running.announced["control_url"])

    def _start_service(self, spec: ServiceSpec, state: SandboxState, database_urls: Mapping[str, str]) -> None:
        service = state.services[spec.name]
        self.processes.start(
            spec.name,
            (sys.executable, "-m", spec.module),
            env=service_environment(spec, state, database_urls, self.inherited),
            ready=answers(f"{service.url}/ready"),
            ports=(service.port,),
            timeout_seconds=state.start_seconds,
        )

    def _stop_together(self, names: Iterable[str]) -> None:
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(self.processes.stop, names))


def find_sandbox(environ: Mapping[str, str] = os.environ) -> Sandbox:
    """Find the running sandbox that the variable FIREDRILL_SANDBOX names.

    Raises:
        NoSandbox: The variable is not set, or no sandbox runs there.
    """
    path = environ.get(SANDBOX_VARIABLE, "")
    if not path:
        raise NoSandbox(f"set {SANDBOX_VARIABLE} to the {STATE_NAME} of a running sandbox")
    sandbox = Sandbox(Path(path).parent, environ)
    sandbox.state()
    return sandbox
