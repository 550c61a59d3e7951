"""`python -m telemetry.collector`: parses arguments, and speaks in exit codes (0 stopped, 2 cannot start)."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from telemetry.collector.process import CollectorSettings, collect
from telemetry.errors import CollectorError, StoreError

_CANNOT_START = 2
_LARGEST_PORT = 65_535


def main(arguments: list[str] | None = None) -> int:
    """Run a collector until it is told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    settings = _settings(arguments)
    try:
        asyncio.run(collect(settings, lambda line: print(line, flush=True)))
    except (CollectorError, StoreError) as error:
        print(f"collector: {error}", file=sys.stderr)
        return _CANNOT_START
    return 0


def _settings(arguments: list[str] | None) -> CollectorSettings:
    parser = argparse.ArgumentParser(prog="python -m telemetry.collector", description="Receive OTLP and store it.")
    parser.add_argument("--store", type=Path, required=True, help="file of the embedded store; made if missing")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--grpc-port", type=_port, default=4317, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--http-port", type=_port, default=4318, help="0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--retention-hours", type=_hours, default=24.0, help="what is older goes (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    return CollectorSettings(**vars(given))


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is 0 to {_LARGEST_PORT}, got {text!r}")
    return port


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours < 1_000_000:
        raise argparse.ArgumentTypeError(f"retention must be more than 0 hours and less than a million, got {text}")
    return hours


if __name__ == "__main__":
    sys.exit(main())
