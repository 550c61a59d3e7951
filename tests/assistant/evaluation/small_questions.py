"""Small sets of questions: runbooks, incidents as alerts, and drills that were diagnosed already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SUBJECTS = (
    "disk filling with logs",
    "certificate about to expire",
    "replication lagging behind",
    "queue without consumers",
    "clock drifting apart",
    "quota of memory exceeded",
    "deployment stuck at half",
    "backup missing since yesterday",
    "cache evicting hot keys",
    "leader election flapping",
    "firewall dropping packets",
    "index corrupted after upgrade",
)


def put_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in values), encoding="utf-8")
    return path


def put_runbooks(folder: Path) -> Path:
    """Write a runbook for each subject, and two questions about each."""
    corpus = [
        {
            "id": f"rb-{number}",
            "text": f"---\ntitle: Secret{number}\n---\n# Secret{number}\n\n## Meaning\n\n{subject}.\n",
        }
        for number, subject in enumerate(SUBJECTS)
    ]
    put_lines(folder / "corpus.jsonl", corpus)
    queries = [
        {"query": query, "form": form, "relevant": [f"rb-{number}"]}
        for number, subject in enumerate(SUBJECTS)
        for form, query in (("name", subject), ("description", f"There is a {subject} somewhere."))
    ]
    put_lines(folder / "queries.jsonl", queries)
    return folder


def incident(number: int, kind: str, split: str) -> dict[str, Any]:
    """Give an incident whose alerts move as its kind does, on an instance of its own."""
    instance = f"shop-{number % 3}"
    moved = {"cpu": ("cpu_usage", "threads"), "memory": ("mem_usage", "heap"), "loss": ("net_receive", "retries")}
    alerts = [
        {"signal": "metric", "where": instance, "what": what, "direction": "up"} for what in (*moved[kind], "latency")
    ]
    return {
        "id": f"{split}-{kind}-{number}",
        "system": "small",
        "split": split,
        "instance": instance,
        "kind": kind,
        "alerts": [*alerts, {"signal": "metric", "where": f"side-{number % 2}", "what": "qps", "direction": "down"}],
    }


def put_incidents(path: Path, *, asked_of_each: int = 7) -> Path:
    """Write six known incidents of each of three kinds, and some that are asked about."""
    cases = [incident(number, kind, "train") for kind in ("cpu", "memory", "loss") for number in range(6)]
    cases += [incident(n, kind, "test") for kind in ("cpu", "memory", "loss") for n in range(asked_of_each)]
    return put_lines(path, cases)
