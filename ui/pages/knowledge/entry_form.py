"""Writing a new entry, and editing one without writing over what somebody else wrote meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import streamlit as st

from knowledge_base import Entry, Revision
from ui.pages.heading import author
from ui.pages.incident_view import kind_title
from ui.pages.knowledge.changes import show_changes
from ui.pages.knowledge.entry_fields import (
    EntryFields,
    edited,
    entry_kinds,
    fault_kinds,
    fields_of,
    new_entry,
    problems_of,
    severities,
)
from ui.pages.scene import TAB_PARAMETER, VIEW_PARAMETER, Scene, choose, open_entry
from ui.pages.telling import attempt, tell
from ui.pages.wording import as_text

_NEW: Final = "new_entry"
_TEXT_HEIGHT_PIXELS: Final = 130
_NAMES_HEIGHT_PIXELS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """An entry as its editor saw it, and the number of its latest revision then."""

    entry: Entry
    based_on: int


def show_new_entry(scene: Scene) -> None:
    """Draw an empty form; what is written becomes a draft."""
    st.caption("It becomes a draft, is found at once with that mark, and counts as known when somebody approves it.")
    with st.form(_NEW, enter_to_submit=True):
        _draw_fields(_NEW, EntryFields())
        st.form_submit_button("Save the draft", type="primary", icon=":material/save:", on_click=_create, args=(scene,))


def show_edit(scene: Scene, entry: Entry) -> None:
    """Draw a form that holds an entry; says so when somebody else changed it since it was opened."""
    revisions = scene.client.knowledge.revisions(entry.id)
    editing = _editing(entry, revisions)
    if revisions and revisions[-1].number > editing.based_on:
        _say_it_changed(scene, editing, revisions[-1])
    with st.form(_prefix(entry.id), enter_to_submit=True):
        _draw_fields(_prefix(entry.id), fields_of(editing.entry))
        st.form_submit_button(
            "Save", type="primary", icon=":material/save:", on_click=_save, args=(scene, entry.id)
        )  # fmt: skip
    st.caption("Every edit is kept: the history shows what changed, and takes it back.")


def _editing(entry: Entry, revisions: list[Revision]) -> Editing:
    """Give what the form began with; it begins anew whenever nothing of it is on the page."""
    key = _editing_key(entry.id)
    known: Editing | None = st.session_state.get(key)
    if known is None or f"{_prefix(entry.id)}_title" not in st.session_state:
        known = Editing(entry=entry, based_on=revisions[-1].number if revisions else 0)
        st.session_state[key] = known
    return known


def _say_it_changed(scene: Scene, editing: Editing, latest: Revision) -> None:
    who = latest.author or "Somebody"
    st.warning(
        f"{as_text(who)} changed this entry while you were writing. What you wrote is still in the form; "
        "nothing is saved until you choose.",
        icon=":material/call_split:",
    )
    with st.expander("What they changed", expanded=True):
        entry_id = editing.entry.id
        show_changes(scene.client.knowledge.differences(entry_id, editing.based_on, latest.number))
    with st.container(horizontal=True):
        seen = replace(editing, based_on=latest.number)
        st.button("I have seen it: mine may replace theirs", on_click=_keep_mine, args=(seen,))
        st.button("Drop mine, start from theirs", on_click=_drop_mine, args=(entry_id,))


def _draw_fields(prefix: str, shown: EntryFields) -> None:
    def key(name: str) -> str:
        return f"{prefix}_{name}"

    st.text_input("Title", shown.title, key=key("title"), max_chars=300)
    with st.container(key=f"wrapping_{prefix}_labels"):
        kind, fault, severity = st.columns(3)
    kinds, faults, severe = entry_kinds(), fault_kinds(shown.fault_kind), severities()
    kind.selectbox("Kind", kinds, kinds.index(shown.kind), key=key("kind"))
    fault.selectbox(
        "Kind of fault", faults, faults.index(shown.fault_kind), key=key("fault_kind"), format_func=kind_title
    )
    severity.selectbox(
        "Severity", severe, severe.index(shown.severity), key=key("severity"), format_func=lambda one: one or "not sure"
    )
    st.text_area("Symptoms: what it looks like", shown.symptoms, key=key("symptoms"), height=_TEXT_HEIGHT_PIXELS)
    st.text_area("Cause, once known", shown.cause, key=key("cause"), height=_TEXT_HEIGHT_PIXELS)
    st.text_area("What fixes it, once known", shown.fix, key=key("fix"), height=_TEXT_HEIGHT_PIXELS)
    with st.container(key=f"wrapping_{prefix}_names"):
        services, operations, signals = st.columns(3)
    services.text_area(
        "Services, one a line, the cause's first", shown.services, key=key("services"), height=_NAMES_HEIGHT_PIXELS
    )
    operations.text_area("Operations, one a line", shown.operations, key=key("operations"), height=_NAMES_HEIGHT_PIXELS)
    signals.text_area("Signals that moved, one a line", shown.signals, key=key("signals"), height=_NAMES_HEIGHT_PIXELS)
    environment, team = st.columns(2)
    environment.text_input("Environment (optional)", shown.environment, key=key("environment"), max_chars=200)
    team.text_input("Team (optional)", shown.team, key=key("team"), max_chars=200)
    st.text_area("Notes: impact, timeline, steps", shown.notes, key=key("notes"), height=_TEXT_HEIGHT_PIXELS)


def _read(prefix: str) -> EntryFields:
    said = {field.name: st.session_state.get(f"{prefix}_{field.name}", field.default) for field in fields(EntryFields)}
    return EntryFields(**{name: value or "" for name, value in said.items()})


def _create(scene: Scene) -> None:
    written = _read(_NEW)
    if not _is_whole(written):
        return
    client = scene.client.knowledge
    made = attempt(
        lambda: client.create(new_entry(written, author()), author()), lambda now: f"“{now.title}” is saved."
    )
    if made is not None:
        choose(TAB_PARAMETER, None)
        open_entry(made.id)


def _save(scene: Scene, entry_id: str) -> None:
    editing: Editing = st.session_state[_editing_key(entry_id)]
    written = _read(_prefix(entry_id))
    if not _is_whole(written):
        return
    saved = attempt(
        lambda: scene.client.knowledge.edit(edited(editing.entry, written), author(), editing.based_on),
        lambda now: f"“{now.title}” is saved.",
    )
    if saved is not None:
        st.session_state.pop(_editing_key(entry_id), None)
        choose(VIEW_PARAMETER, None)


def _is_whole(written: EntryFields) -> bool:
    problems = problems_of(written)
    if problems:
        tell(" ".join(problems), well=False)
    return not problems


def _keep_mine(seen: Editing) -> None:
    st.session_state[_editing_key(seen.entry.id)] = seen


def _drop_mine(entry_id: str) -> None:
    st.session_state.pop(_editing_key(entry_id), None)
    for field in fields(EntryFields):
        st.session_state.pop(f"{_prefix(entry_id)}_{field.name}", None)


def _prefix(entry_id: str) -> str:
    return f"edit_{entry_id}"


def _editing_key(entry_id: str) -> str:
    return f"editing_{entry_id}"
