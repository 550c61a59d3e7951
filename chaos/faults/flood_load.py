"""What a flood sends: the same GET request again and again. Run by Locust; started by `request_flood.py`."""

from __future__ import annotations

import json
import random
import signal
import time
from argparse import ArgumentParser
from typing import Any, Final

from locust import FastHttpUser, constant_throughput, events, task

_NETWORK_SECONDS: Final = 10.0
_SPARE_SECONDS: Final = 15


def take_arguments(parser: ArgumentParser) -> None:
    """Add what a flood needs to know to Locust's own arguments."""
    parser.add_argument("--path", required=True, help="what is asked for, with its query")
    parser.add_argument("--rate", type=float, required=True, help="requests a second of each user")
    parser.add_argument("--limit", type=int, required=True, help="seconds after which the process is ended for sure")


def arm(environment: Any, **_: Any) -> None:
    """Have the kernel end this process should Locust ever miss its own end."""
    signal.alarm(environment.parsed_options.limit + _SPARE_SECONDS)


def announce(user_count: int, **_: Any) -> None:
    """Say that everybody is at work; whoever started the flood waits for this line."""
    print(json.dumps({"users": user_count}), flush=True)


for _hook, _listener in (
    (events.init_command_line_parser, take_arguments),
    (events.test_start, arm),
    (events.spawning_complete, announce),
):
    _hook.add_listener(_listener)  # type: ignore[no-untyped-call]  # Locust leaves it without types.


class Flooder(FastHttpUser):
    """One of many who ask for the same thing, faster than anybody reads."""

    connection_timeout = _NETWORK_SECONDS
    network_timeout = _NETWORK_SECONDS

    def wait_time(self) -> float:
        """Give the seconds until the next request of this user."""
        seconds: float = constant_throughput(self.environment.parsed_options.rate)(self)
        return seconds

    def on_start(self) -> None:
        """Begin at a moment of one's own, so that the requests of all users spread over time."""
        # Locust has replaced this sleep by one that lets the other users run.
        time.sleep(random.uniform(0, 1 / self.environment.parsed_options.rate))  # noqa: S311 -- no secret

    @task
    def ask(self) -> None:
        """Ask once; what comes back does not matter, how long it took does."""
        self.client.get(self.environment.parsed_options.path, name="flood")
