"""How an entry came to be: its revisions, the difference between any two, and going back to one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from knowledge_base import Entry, Revision
from ui.pages.address import choice_in_address
from ui.pages.entry_card import show_entry_texts
from ui.pages.heading import author
from ui.pages.knowledge.changes import show_changes
from ui.pages.scene import Scene
from ui.pages.telling import attempt
from ui.pages.wording import count, day_and_time


def show_history(scene: Scene, entry: Entry) -> None:
    """Draw the revisions beside what differs between the two that are chosen."""
    revisions = scene.client.knowledge.revisions(entry.id)
    if len(revisions) < 2:
        st.caption("It was written once and never changed; every edit will be kept here, and can be taken back.")
        for revision in revisions:
            st.text(revision_line(revision))
        return
    with st.container(key="wrapping_history"):
        listed, compared = st.columns([2, 3], gap="large")
    with listed:
        st.caption(f"{count(len(revisions), 'revision', 'revisions')}, the latest first")
        for revision in reversed(revisions):
            _draw_revision(scene, revision, is_latest=revision.number == revisions[-1].number)
    with compared:
        _draw_difference(scene, entry, revisions)


def revision_line(revision: Revision) -> str:
    """Say a revision in one line, as plain text."""
    who = revision.author or "nobody named"
    note = revision.note or ("first written" if revision.number == 1 else "edited")
    return f"{revision.number} · {note} · {who} · {day_and_time(revision.at)}"


def _draw_revision(scene: Scene, revision: Revision, *, is_latest: bool) -> None:
    with st.container(border=True, gap="xsmall"):
        st.text(revision_line(revision))
        if is_latest:
            st.caption("What it says now")
            return
        with st.expander("As it was then", type="compact"):
            st.text(revision.entry.title)
            show_entry_texts(revision.entry, with_fix=True)
        st.button(
            f"Restore revision {revision.number}",
            key=f"restore_{revision.entry.id}_{revision.number}",
            icon=":material/history:",
            on_click=_restore,
            args=(scene, revision),
        )


def _draw_difference(scene: Scene, entry: Entry, revisions: Sequence[Revision]) -> None:
    by_number = {str(revision.number): revision_line(revision) for revision in revisions}
    newest_first = tuple(reversed(by_number))
    with st.container(border=True):
        # The first option is what stands when the address says nothing: the last change.
        earlier = (newest_first[1], newest_first[0], *newest_first[2:])
        before = choice_in_address("before", "Compare", earlier, by_number.__getitem__)
        after = choice_in_address("after", "with", newest_first, by_number.__getitem__)
        show_changes(scene.client.knowledge.differences(entry.id, int(before), int(after)))


def _restore(scene: Scene, revision: Revision) -> None:
    attempt(
        lambda: scene.client.knowledge.restore(revision.entry.id, revision.number, author()),
        lambda now: f"“{now.title}” is again as revision {revision.number} had it.",
    )
