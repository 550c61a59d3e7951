"""Getting hold of a port, and saying who has it where that fails."""

from __future__ import annotations

import socket

import psutil

from telemetry.errors import CollectorError


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes a free one.

    Raises:
        CollectorError: The port is taken, and by whom if that can be told, or the host is not ours.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        opened = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise CollectorError(f"cannot listen on {host}: {error}; give an address of this machine") from error
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen()
        opened.setblocking(False)
    except OSError as error:
        opened.close()
        raise cannot_listen(host, port, error) from error
    return opened


def cannot_listen(host: str, port: int, error: Exception) -> CollectorError:
    """Say why a port cannot be had."""
    holder = _holder_of(port)
    if holder:
        return CollectorError(f"port {port} on {host} is taken by {holder}; stop that, or choose another port (0: any)")
    return CollectorError(f"cannot listen on port {port} of {host}: {error}; choose another port (0: any free one)")


def _holder_of(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                if connection.pid is None:
                    return "a process of another user"
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return ""  # It ended meanwhile, or we may not look.
    return ""
