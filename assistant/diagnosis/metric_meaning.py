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
    (Meaning.SUCCESS, frozenset({"success", "successful", "availability", "successes"})),
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
        frozenset({"latency", "latencies", "duration", "elapsed", "responsetime", "delay", "rt", "rtt", "wait"}),
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
_FUNCTION: Final = re.compile(r"^(rate|irate|increase|mean|avg|sum|max|min)\((.*)\)$", re.DOTALL)
_ENDINGS: Final = ("total", "bucket", "count", "sum")
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


@dataclass(frozen=True, slots=True)
class MetricName:
    """A metric's name, taken apart.

    Attributes:
        base: The name without function, labels, the service's own name, and `_total`, `_count`, `_sum`, `_bucket`.
        ending: Which of these endings it had, without the underscore; empty for none.
        function: What was done to it (`rate(...)`, `mean(...)`), empty for nothing.
        labels: `{...}` as written, empty for none.
    """

    base: str
    ending: str
    function: str
    labels: str


@lru_cache(maxsize=8192)
def name_of(metric: str, service: str = "") -> MetricName:
    """Take the name of a metric apart.

    Args:
        metric: As recorded.
        service: Whose metric it is; many exporters write it into the name, and it says nothing about the meaning.
    """
    wrapped = _FUNCTION.match(metric)
    function, inner = (wrapped.group(1), wrapped.group(2)) if wrapped else ("", metric)
    plain, brace, labels = inner.partition("{")
    if service:
        plain = re.sub(rf"(?<![A-Za-z0-9]){re.escape(service)}(?![A-Za-z0-9])", "", plain) or plain
    ending = next((one for one in _ENDINGS if plain.lower().endswith(f"_{one}")), "")
    base = plain[: -len(ending) - 1] if ending else plain
    return MetricName(base.strip("_-:. "), ending, function, brace + labels)


@lru_cache(maxsize=8192)
def meaning_of(metric: str, service: str = "") -> MetricMeaning:
    """Tell what a metric is about from the words in its name; labels and the service's own name are not looked at."""
    name = name_of(metric, service)
    words = {word.lower() for word in _WORD.findall(name.base)}
    if {"response", "time"} <= words:
        words.add("responsetime")
    meaning = next((meaning for meaning, known in _WORDS if words & known), Meaning.OTHER)
    if meaning is Meaning.LATENCY and name.ending == "count":
        meaning = Meaning.TRAFFIC  # How often it was measured.
    return MetricMeaning(
        meaning=meaning,
        of_limit=bool(_PERCENT.search(name.base)),
        of_node=bool(words & {"node", "host", "machine"}),
        as_client=bool(words & {"client", "upstream", "outbound", "source"}),
        preference=0 if name.function in {"mean", "avg"} else _preference(words),
    )


def _preference(words: set[str]) -> int:
    if words & {"average", "avg", "mean"}:
        return 0
    for rank, names in enumerate((("p90", "90"), ("p95", "95"), ("p75", "75"), ("p50", "50", "median")), 1):
        if words & set(names):
            return rank
    return 9 if words & {"p99", "99", "999", "max", "min"} else 5
