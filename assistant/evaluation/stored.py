from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecording:
    """A recording on disk, not read yet.

    Attributes:
        set_name: The set that it belongs to, which is its folder's name.
        id: What its header calls it; the name of its folder where the header cannot be read.
        folder: Where it lies.
    """

    set_name: str
    id: str
    folder: Path
