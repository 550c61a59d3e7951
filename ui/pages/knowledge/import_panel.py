"""Bringing entries in: what would become of every file is shown before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st

from assistant.client import ServerRefused
from assistant.knowledge_values import ImportJob, ImportState
from ui.pages.connection import redrawing_alone
from ui.pages.heading import author
from ui.pages.knowledge.import_view import entry_rows, in_words, problem_rows
from ui.pages.scene import TAB_PARAMETER, Scene, choose, chosen
from ui.pages.telling import attempt, tell
from ui.pages.wording import as_text, count

JOB_PARAMETER: Final = "job"
REDRAW_SECONDS: Final = 0.5
# The server takes files up to 48 MiB in one request.
_LARGEST_UPLOAD_MEGABYTES: Final = 45
_TYPES: Final = ("md", "markdown", "txt", "html", "htm", "json", "jsonl", "ndjson", "zip")
_SOURCE_KEY: Final = "import_source"
_UPLOAD_KEY: Final = "import_upload"
_PATH_KEY: Final = "import_path"
_KEEP_KEY: Final = "import_keeps_review"
_TABLE_HEIGHT_PIXELS: Final = 400
_ROWS_AT_ONCE: Final = 10
_NARROW_PIXELS: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What was previewed, so that just that can be written.

    Attributes:
        job_id: Of the preview.
        path: Where it lies on the server's machine, None for files that were sent.
        files: Name and content of files that were sent.
        keep_review: Whether entries keep the review status that they say they had.
    """

    job_id: str
    path: Path | None
    files: tuple[tuple[str, bytes], ...]
    keep_review: bool


def show_import(scene: Scene) -> None:
    """Draw the import that is under way, or the ways to begin one."""
    job_id = chosen(JOB_PARAMETER)
    if job_id is None:
        _draw_sources(scene)
        return
    try:
        job = scene.client.knowledge.import_job(job_id)
    except ServerRefused as error:
        st.warning("This import is not known any longer; the server remembers them until it is started again.")
        st.text(error.detail)
        _draw_begin_again()
        return
    if job.state.is_over:
        _draw_result(scene, job)
    else:
        _draw_progress(scene, job.id)


def _draw_sources(scene: Scene) -> None:
    st.caption(
        "Runbooks and post-mortems as Markdown, HTML or JSON Lines, or a zip of these. They are read as text: nothing "
        "in them is executed, no link is followed. You see what would become of them before anything is written."
    )
    st.checkbox(
        "This is a backup from Firedrill: keep the review status that each entry had",
        key=_KEEP_KEY,
        help="Otherwise everything that is new becomes a draft, whatever it says of itself.",
    )
    with st.container(key="wrapping_import"):
        uploaded, from_disk = st.columns(2, gap="large")
    with uploaded.form("import_files"):
        st.file_uploader(
            "Files from your machine",
            _TYPES,
            accept_multiple_files=True,
            key=_UPLOAD_KEY,
            max_upload_size=_LARGEST_UPLOAD_MEGABYTES,
        )
        st.form_submit_button(
            "Preview these files", type="primary", icon=":material/preview:", on_click=_preview_files, args=(scene,)
        )
    with from_disk.form("import_folder"):
        st.text_input(
            "A folder, file or Git checkout on the server's machine", key=_PATH_KEY, placeholder="/srv/runbooks"
        )
        st.caption("Whole, with its folders; what is hidden is left out. A checkout's commit is kept with each entry.")
        st.form_submit_button("Preview this folder", icon=":material/preview:", on_click=_preview_path, args=(scene,))


def _preview_files(scene: Scene) -> None:
    files = [(file.name, file.getvalue()) for file in st.session_state.get(_UPLOAD_KEY) or ()]
    if not files:
        tell("Choose at least one file to preview.", well=False)
        return
    if sum(len(content) for _, content in files) > _LARGEST_UPLOAD_MEGABYTES * 2**20:
        tell(f"These are more than {_LARGEST_UPLOAD_MEGABYTES} MB; put them in a folder of the server.", well=False)
        return
    _preview(scene, None, files)


def _preview_path(scene: Scene) -> None:
    said = str(st.session_state.get(_PATH_KEY) or "").strip()
    if not said:
        tell("Write which folder to preview, such as /srv/runbooks.", well=False)
        return
    _preview(scene, Path(said), [])


def _preview(scene: Scene, path: Path | None, files: list[tuple[str, bytes]]) -> None:
    client, keep_review = scene.client.knowledge, bool(st.session_state.get(_KEEP_KEY))
    job = attempt(
        lambda: client.start_import(path, files, author=author(), dry_run=True, keep_review=keep_review),
        lambda job: f"Looking at {job.source}; nothing is written yet.",
    )
    if job is not None:
        # Kept for the second step: what is applied is what was previewed.
        st.session_state[_SOURCE_KEY] = Source(job_id=job.id, path=path, files=tuple(files), keep_review=keep_review)
        choose(JOB_PARAMETER, job.id)


@redrawing_alone(run_every=REDRAW_SECONDS)
def _draw_progress(scene: Scene, job_id: str) -> None:
    job = scene.client.knowledge.import_job(job_id)
    if job.state.is_over:
        st.rerun()
    st.progress(min(1.0, job.done / job.total) if job.total else 0.0, text=as_text(in_words(job)))
    st.caption("It goes on when you leave this page; this address leads back to it.")


def _draw_result(scene: Scene, job: ImportJob) -> None:
    st.markdown(f"**{'Preview of' if job.dry_run else 'Import of'} {as_text(job.source)}**")
    if job.state is not ImportState.DONE:
        st.error(as_text(job.problem or f"The import {job.state}."), icon=":material/error:")
    elif not job.dry_run:
        st.success(
            f"{count(job.written, 'entry is', 'entries are')} written, as drafts to be reviewed.",
            icon=":material/check:",
        )
        st.page_link(scene.review_page, label="Review them", icon=":material/fact_check:")
    st.caption(as_text(in_words(job)))
    if job.dry_run and job.state is ImportState.DONE:
        _draw_apply(scene, job)
    else:
        _draw_begin_again()
    _draw_tables(job)


def _draw_apply(scene: Scene, job: ImportJob) -> None:
    kept: Source | None = st.session_state.get(_SOURCE_KEY)
    with st.container(horizontal=True, vertical_alignment="center"):
        if not job.to_write:
            st.info("There is nothing to write: all of it is known already, or cannot be taken.")
        elif kept is None or kept.job_id != job.id:
            st.info("To write this, choose the files again: they were not kept with this address.")
        else:
            st.button(
                f"Write {count(job.to_write, 'entry', 'entries')}",
                type="primary",
                icon=":material/save:",
                on_click=_apply,
                args=(scene, kept, job.digest),
            )
        _draw_begin_again()


def _apply(scene: Scene, source: Source, digest: str) -> None:
    job = attempt(
        lambda: scene.client.knowledge.start_import(
            source.path, source.files, author=author(), expected=digest, keep_review=source.keep_review
        ),
        lambda job: f"Importing {job.source}.",
    )
    if job is not None:
        st.session_state.pop(_SOURCE_KEY, None)
        choose(JOB_PARAMETER, job.id)


def _draw_begin_again() -> None:
    st.button("Choose something else", icon=":material/arrow_back:", on_click=_begin_again)


def _begin_again() -> None:
    st.session_state.pop(_SOURCE_KEY, None)
    choose(JOB_PARAMETER, None)
    choose(TAB_PARAMETER, "import")


def _draw_tables(job: ImportJob) -> None:
    # Cells of a data frame are plain text, whatever a file calls itself.
    narrow = st.column_config.TextColumn(width=_NARROW_PIXELS)
    problems = problem_rows(job)
    if problems:
        st.markdown(f"**What is amiss** :orange-badge[{len(problems)}]")
        st.dataframe(
            problems,
            hide_index=True,
            column_config={"severity": narrow, "file": st.column_config.TextColumn(width="medium")},
            alt="What is amiss, file by file",
        )
    rows = entry_rows(job)
    if rows:
        st.markdown("**What becomes of each entry**")
        st.dataframe(
            rows,
            hide_index=True,
            height=_TABLE_HEIGHT_PIXELS if len(rows) > _ROWS_AT_ONCE else "auto",
            column_config={
                "becomes": narrow,
                "kind": narrow,
                "title": st.column_config.TextColumn(width="large"),
            },
            alt="What becomes of each entry",
        )
    elif job.state is ImportState.DONE:
        st.caption("No entry was found in it.")
