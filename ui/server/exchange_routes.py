"""Imports and exports of the knowledge base over HTTP, and how its index is."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse

from assistant.knowledge_values import ImportJob, IndexState
from knowledge_base import ExportFormat, exported
from ui.server.import_jobs import ImportOrder
from ui.server.knowledge_bodies import ImportBody
from ui.server.knowledge_routes import Wanted
from ui.server.owned import Importing, Owned

router = APIRouter(tags=["knowledge base"])

Form = Annotated[ExportFormat, Query(alias="format")]

_MEDIA_TYPE_OF: Final = {
    ExportFormat.MARKDOWN: "text/markdown; charset=utf-8",
    ExportFormat.JSON_LINES: "application/jsonl",
    ExportFormat.ZIP: "application/zip",
}
_SUFFIX_OF: Final = {ExportFormat.MARKDOWN: "md", ExportFormat.JSON_LINES: "jsonl", ExportFormat.ZIP: "zip"}


@router.post("/imports", status_code=202)
def start_import(imports: Importing, body: ImportBody) -> ImportJob:
    """Take an import, or a preview of one; how far it is stands under `/imports/{id}`."""
    source: Path | list[tuple[str, bytes]]
    if body.path is not None:
        source, said = Path(body.path), body.path
        if not source.is_absolute() or "\0" in said:
            raise HTTPException(422, f"path must be an absolute path, got {said!r}")
    else:
        try:
            source = [(file.name, file.content()) for file in body.files]
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        said = source[0][0] if len(source) == 1 else f"{len(source)} files"
    return imports.start(
        ImportOrder(
            source=source,
            said=said,
            author=body.author,
            dry_run=body.dry_run,
            expected=body.expected,
            keep_review=body.keep_review,
        )
    )


@router.get("/imports/{job_id}")
def show_import(imports: Importing, job_id: str) -> ImportJob:
    """Say how far an import is; its files are told once it is over."""
    return imports.job(job_id)


@router.get("/export", response_class=StreamingResponse)
def export(workspace: Owned, wanted: Wanted, form: Form = ExportFormat.ZIP) -> StreamingResponse:
    """Give every entry as Markdown (importable up to 10 MiB), as JSON Lines or as a zip of Markdown."""
    pieces = exported(workspace.knowledge.every(wanted), form)
    # What cannot even be begun should be refused, and not break off.
    first = next(pieces, b"")
    return StreamingResponse(
        chain([first], pieces),
        media_type=_MEDIA_TYPE_OF[form],
        headers={"Content-Disposition": f'attachment; filename="knowledge.{_SUFFIX_OF[form]}"'},
    )


@router.get("/index")
def show_index(workspace: Owned) -> IndexState:
    """Compare the index with the records that it is made from, and say what was repaired when the server started."""
    knowledge = workspace.knowledge
    check, opening = knowledge.check(), knowledge.opening
    return IndexState(
        entries=check.findable,
        in_step=check.in_step,
        differences="" if check.in_step else str(check),
        repaired="" if opening.in_step else str(opening),
    )
