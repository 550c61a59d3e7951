"""The page of what is known: find an entry and read it, write one, bring many in, take all out."""

from __future__ import annotations

from typing import Final

from ui.pages.address import choice_in_address
from ui.pages.heading import show_heading
from ui.pages.knowledge.entry_form import show_new_entry
from ui.pages.knowledge.entry_page import show_opened
from ui.pages.knowledge.export_panel import show_export
from ui.pages.knowledge.find_panel import show_find
from ui.pages.knowledge.import_panel import show_import
from ui.pages.scene import ENTRY_PARAMETER, TAB_PARAMETER, Scene, chosen

FIND, NEW, IMPORT, EXPORT = "find", "new", "import", "export"
_TABS: Final = {
    FIND: ":material/search: Find",
    NEW: ":material/add: New entry",
    IMPORT: ":material/upload: Import",
    EXPORT: ":material/download: Export",
}


def show_knowledge(scene: Scene) -> None:
    """Draw the chosen part of the page, or the entry that is opened."""
    show_heading("What is known", "Incidents and runbooks, and how far people have vouched for them.")
    wanted = chosen(ENTRY_PARAMETER)
    if wanted is not None:
        show_opened(scene, wanted)
        return
    tab = choice_in_address(TAB_PARAMETER, "What to do", tuple(_TABS), _TABS.__getitem__, as_bar=True)
    if tab == NEW:
        show_new_entry(scene)
    elif tab == IMPORT:
        show_import(scene)
    elif tab == EXPORT:
        show_export(scene)
    else:
        show_find(scene)
