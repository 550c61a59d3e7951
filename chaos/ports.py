from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import ExitStack

import psutil

from chaos.errors import PortTaken, ProcessError

LOOPBACK = "127.0.0.1"


def require_free(port: int, host: str = LOOPBACK) -> None:
    """Make sure that a server could listen on a port now.

    Raises:
        PortTaken: Somebody listens there already; says who, where the system tells.
        ProcessError: We may not listen there.
    """
    with socket.socket() as probe:
        # As servers do: without it a port in TIME_WAIT after a restart would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise ProcessError(f"port {port} needs rights that this user lacks; choose one above 1023") from error
        except OSError as error:
            raise PortTaken(port, *_listener(port)) from error


def choose_ports(wanted: Iterable[int]) -> list[int]:
    """Give the wanted ports, with a free one in place of each 0; all of them differ."""
    chosen = list(wanted)
    with ExitStack() as held:  # All are held until the last is known, so that none is given twice.
        for index, port in enumerate(chosen):
            if port:
                continue
            probe = held.enter_context(socket.socket())
            probe.bind((LOOPBACK, 0))
            while (found := int(probe.getsockname()[1])) in chosen:
                probe = held.enter_context(socket.socket())
                probe.bind((LOOPBACK, 0))
            chosen[index] = found
    return chosen


def _listener(port: int) -> tuple[int | None, str]:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return connection.pid, psutil.Process(connection.pid).name()
    except psutil.Error:
        pass  # Other people's processes may be hidden from us; then the port alone has to do.
    return None, ""
