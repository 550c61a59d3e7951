"""What a metric is about, told from the words in its name: conventions differ between systems, words hardly do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Meaning(StrEnum):
    """What a metric measures."""

    LATENCY = "latency"
    SUCCESS = "success"
    FAILURE = "failure"
    TRAFFIC = "traffic"
    PROCESSOR = "processor"
    MEMORY = "memory"
    DISK = "disk"
    HANDLES = "handles"
    QUEUE = "queue"
    NETWORK = "network"
    OTHER = "other"


# What runs out; network traffic follows the requests and says little by itself.
RESOURCES: Final = frozenset({Meaning.PROCESSOR, Meaning.MEMORY, Meaning.DISK})
# What fills up when something further down is slow or gone: more often an effect than a cause.
BACKLOGS: Final = frozenset({Meaning.HANDLES, Meaning.QUEUE})

# The first that has a word in the name wins: `cpu_time` is about the processor, `failed_requests` about failures.
_WORDS: Final[tuple[tuple[Meaning, frozenset[str]], ...]] = (
    (Meaning.SUCCESS, frozenset({"success", "successful", "availability", "available", "successes"})),
    (
        Meaning.FAILURE,
        frozenset(
            {"error", "errors", "fail", "failed", "failure", "failures", "fault", "faults", "5xx", "exception"}
            | {"exceptions", "timeouts", "rejected"}
        ),
    ),
    (Meaning.PROCESSOR, frozenset({"cpu", "processor", "throttled", "throttling"})),
    (Meaning.MEMORY, frozenset({"memory", "mem", "heap", "rss", "swap", "oom"})),
    (Meaning.DISK, frozenset({"disk", "diskio", "fs", "filesystem", "iops", "io", "blkio"})),
    (Meaning.HANDLES, frozenset({"fd", "fds", "descriptor", "descriptors", "socket", "sockets", "threads", "thread"})),
    (Meaning.QUEUE, frozenset({"connection", "connections", "pool", "queue", "queued", "backlog", "lag"})),
    (
        Meaning.LATENCY,
        frozenset({"latency", "latencies", "duration", "elapsed", "response", "delay", "rt", "rtt", "wait"}),
    ),
    (
        Meaning.NETWORK,
        frozenset({"network", "net", "bytes", "packets", "receive", "transmit", "rx", "tx", "bandwidth"}),
    ),
    (
        Meaning.TRAFFIC,
        frozenset({"request", "requests", "workload", "ops", "qps", "rps", "tps", "throughput", "calls", "hits"}),
    ),
)
_PERCENT: Final = re.compile(r"%|percent|(?:^|[_.\s])ratio|utili[sz]ation|usage_?rate|_?pct", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+[a-z]*")


@dataclass(frozen=True, slots=True)
class MetricMeaning:
    """What is known of a metric by its name.

    Attributes:
        meaning: What it measures.
        of_limit: Whether it is a share of what there is (a percentage, a ratio).
        of_node: Whether it is about the machine that instances share.
        as_client: Whether it is what the service sees as a caller of others.
        preference: Which of several metrics of the same meaning tells most, the lowest first: means add up over
            calls, high percentiles are mostly noise.
    """

    meaning: Meaning
    of_limit: bool
    of_node: bool
    as_client: bool
    preference: int


@lru_cache(maxsize=4096)
def meaning_of(metric: str) -> MetricMeaning:
    """Tell what a metric is about from its name."""
    words = {word.lower() for word in _WORD.findall(metric)}
    meaning = next((meaning for meaning, known in _WORDS if words & known), Meaning.OTHER)
    return MetricMeaning(
        meaning=meaning,
        of_limit=bool(_PERCENT.search(metric)),
        of_node=bool(words & {"node", "host", "machine"}),
        as_client=bool(words & {"client", "upstream", "outbound", "source"}),
        preference=_preference(words),
    )


def _preference(words: set[str]) -> int:
    if words & {"average", "avg", "mean"}:
        return 0
    for rank, names in enumerate((("p90", "90"), ("p95", "95"), ("p75", "75"), ("p50", "50", "median")), 1):
        if words & set(names):
            return rank
    return 9 if words & {"p99", "99", "999", "max", "min"} else 5
