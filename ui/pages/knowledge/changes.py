"""What differs between two revisions of an entry, drawn field by field."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from knowledge_base import FieldChange
from ui.pages.wording import as_text


def show_changes(changes: Sequence[FieldChange]) -> None:
    """Draw every change: long texts as a diff, letter for letter, short ones as before and after."""
    if not changes:
        st.caption("These two revisions say the same.")
    for change in changes:
        st.markdown(f"**{as_text(field_title(change.field))}**")
        if change.lines:
            st.code("\n".join(line.rstrip("\n") for line in change.lines), language="diff", wrap_lines=True)
        else:
            st.code(
                f"- {change.before or '(nothing)'}\n+ {change.after or '(nothing)'}", language="diff", wrap_lines=True
            )


def field_title(field: str) -> str:
    """Say a field of an entry in words."""
    named = {"fix": "What fixed it", "fault_kind": "Kind of fault", "merged_from": "Merged from"}
    return named.get(field, field.replace("_", " ").capitalize())
