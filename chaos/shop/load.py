"""Load on the shop: customers who come steadily, or as the hours of a day bring them.

Run it with `python -m chaos.shop.load`. It reads the environment: `GATEWAY_URL`; `SHOP_LOAD_USERS` (12), the customers
at once, which a day multiplies; `SHOP_LOAD_SEED` (0); `SHOP_LOAD_SHAPE` (`steady` or `daily`); `SHOP_DAY_SECONDS`
(600), how long a day of the daily shape takes. It is a locustfile too, for those who want Locust's own pages.
"""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import gevent  # type: ignore[import-untyped]
from locust import LoadTestShape
from locust.env import Environment

from chaos.shop.customers import JOURNEY_SECONDS, Customer

DEFAULT_USERS = 12
DEFAULT_DAY_SECONDS = 600
SHAPES = ("steady", "daily")
BAD_USE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """How much load to make.

    Attributes:
        gateway_url: Base address of the shop.
        users: Customers at once; the average of the day, where there is one.
        daily: Whether the hours of a day change their number.
        day_seconds: How many seconds a day takes.
    """

    gateway_url: str
    users: int
    daily: bool
    day_seconds: int


def read_load_settings(environ: Mapping[str, str]) -> LoadSettings:
    """Read what load to make from environment variables.

    Raises:
        ValueError: A value is missing or makes no sense; the message says which.
    """
    url = environ.get("GATEWAY_URL", "").strip().rstrip("/")
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"GATEWAY_URL must look like http://127.0.0.1:8000, not {url!r}")
    shape = environ.get("SHOP_LOAD_SHAPE", "").strip() or "steady"
    if shape not in SHAPES:
        raise ValueError(f"SHOP_LOAD_SHAPE must be one of {', '.join(SHAPES)}, not {shape!r}")
    return LoadSettings(
        gateway_url=url,
        users=_whole(environ, "SHOP_LOAD_USERS", DEFAULT_USERS, 1, 500),
        daily=shape == "daily",
        day_seconds=_whole(environ, "SHOP_DAY_SECONDS", DEFAULT_DAY_SECONDS, 10, 86_400),
    )


def share_of_average(hour: float) -> float:
    """Say how busy an hour of the day is: about 1 on average, 0.35 at night, the most in the evening."""
    # Half a sine from six in the morning until midnight, and a wave on it that lifts noon and evening.
    if hour < 6:
        return 0.35
    day = math.sin(math.pi * (hour - 6) / 18)
    return 0.35 + 1.25 * day + 0.25 * day * math.sin(2 * math.pi * (hour - 17) / 9)


class _Day(LoadTestShape):
    # Locust itself would take up any public shape it finds in a locustfile.
    abstract = True

    def __init__(self, settings: LoadSettings) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._settings = settings

    def tick(self) -> tuple[int, float]:
        elapsed: float = self.get_run_time()  # type: ignore[no-untyped-call]
        hour = elapsed / self._settings.day_seconds * 24 % 24
        users = max(1, round(self._settings.users * share_of_average(hour)))
        return users, self._settings.users / JOURNEY_SECONDS


def run(settings: LoadSettings) -> None:
    """Make load until SIGTERM or SIGINT."""
    environment = Environment(
        user_classes=[Customer],
        host=settings.gateway_url,
        shape_class=_Day(settings) if settings.daily else None,
        catch_exceptions=True,
    )
    runner = environment.create_local_runner()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, runner.quit)
    if settings.daily:
        runner.start_shape()
    else:
        # Coming one after the other over the length of a journey, they stay spread evenly over it.
        runner.start(settings.users, spawn_rate=settings.users / JOURNEY_SECONDS)
    runner.greenlet.join()


def main() -> int:
    """Make load as the environment says, and give the exit code."""
    try:
        settings = read_load_settings(os.environ)
    except ValueError as error:
        print(f"no load: {error}", file=sys.stderr)
        return BAD_USE
    run(settings)
    return 0


def _whole(environ: Mapping[str, str], key: str, default: int, smallest: int, largest: int) -> int:
    value = environ.get(key, "").strip() or str(default)
    if not value.isdecimal() or not smallest <= int(value) <= largest:
        raise ValueError(f"{key} must be a whole number from {smallest} to {largest}, not {value!r}")
    return int(value)


if __name__ == "__main__":
    sys.exit(main())
