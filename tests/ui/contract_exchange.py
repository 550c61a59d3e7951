"""Imports and exports of the contract: every file that is sent is one new entry, and none is ever written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import StreamingResponse

from assistant.knowledge_values import FileProblem, ImportJob, ImportState, PlannedEntry, PlannedFile
from knowledge_base import Entry


def add_exchange(app: FastAPI, entries: Callable[[], Sequence[Entry]], jobs: dict[str, ImportJob]) -> None:
    """Answer the routes that bring entries in and take them out."""

    @app.post("/imports", status_code=202)
    def start(body: dict[str, Any]) -> ImportJob:
        if body["path"] is not None and "missing" in body["path"]:
            raise HTTPException(422, f"there is no folder {body['path']} on this machine")
        names = [file["name"] for file in body["files"]] or [f"{body['path']}/a.md", f"{body['path']}/b.md"]
        for file in body["files"]:
            base64.b64decode(file["content_base64"], validate=True)
        files = tuple(_planned(entries(), name) for name in names)
        becomes = [entry.becomes for file in files for entry in file.entries]
        job = ImportJob(
            id=f"i-{len(jobs) + 1}",
            source=body["path"] or f"{len(names)} files",
            dry_run=body["dry_run"],
            author=body["author"],
            counts={one: becomes.count(one) for one in becomes},
            total=len(becomes),
            files=files,
            digest="d",
        )
        jobs[job.id] = job
        return job

    @app.get("/imports/{job_id}")
    def look(job_id: str) -> ImportJob:
        # It comes on with every look rather than with the clock, so that tests see every stage.
        if job_id not in jobs:
            raise HTTPException(404, f"there is no import {job_id!r}")
        job = jobs[job_id]
        if job.state.is_over:
            return job
        step = {ImportState.WAITING: ImportState.READING, ImportState.READING: ImportState.WRITING}
        state = step.get(job.state, ImportState.DONE)
        if job.dry_run and state is ImportState.WRITING:
            state = ImportState.DONE
        done = state is ImportState.DONE
        update = {"state": state, "done": job.total if done else 1, "written": job.to_write if done else 0}
        jobs[job_id] = job.model_copy(update=update)
        return jobs[job_id]

    @app.get("/export")
    def export(form: Annotated[str, Query(alias="format")]) -> StreamingResponse:
        def lines() -> Iterator[bytes]:
            for entry in entries():
                yield json.dumps(entry.model_dump(mode="json"), ensure_ascii=False).encode() + b"\n"

        return StreamingResponse(lines(), media_type=f"application/{form}")


def _planned(known: Sequence[Entry], name: str) -> PlannedFile:
    if "bad" in name:
        return PlannedFile(name=name, problems=(FileProblem(severity="error", text="This is no text: it is binary."),))
    stem = "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")
    present = any(entry.id == stem for entry in known)
    planned = PlannedEntry(
        entry_id=stem,
        title=f"**{name}** says what to do",
        kind="runbook",
        becomes="unchanged" if present else "new",
        marks=("addresses_assistant",) if "orders" in name else (),
    )
    return PlannedFile(name=name, sha256="0" * 64, entries=(planned,))
