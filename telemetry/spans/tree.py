"""Who called whom within a frame of spans, whatever is missing from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Positions = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

NONE: Final = -1
_INCOMING: Final = ("SERVER", "CONSUMER")
_OUTGOING: Final = ("CLIENT", "PRODUCER")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTree:
    """The links of a frame of spans, by position in the frame.

    Attributes:
        parent: Position of each span's parent, `NONE` for roots and orphans. No span is its own parent; longer
            cycles may occur, so nothing here may be followed upwards without end.
        root: Whether a span says that it has no parent, which an orphan does not.
        repeated: Whether an earlier row has the same trace and span id: the same span, sent twice.
        service: Service of each span, empty where it is not known.
        kind: Kind of each span, empty where it is not known.
        parent_service: Service of each span's parent, empty without a parent in the frame.
    """

    parent: Positions
    root: Flags
    repeated: Flags
    service: Texts
    kind: Texts
    parent_service: Texts

    @property
    def entry(self) -> Flags:
        """Which spans are requests to a service: its server and consumer spans, and work that begins by itself.

        Where kinds are not known: spans whose parent is in another service, or nowhere to be found.
        """
        incoming = among(self.kind, _INCOMING)
        unknown = self.kind == ""
        begins = self.root & ~incoming & ~among(self.kind, _OUTGOING)
        from_elsewhere = unknown & ((self.parent == NONE) | (self.parent_service != self.service))
        chosen: Flags = (incoming | begins | from_elsewhere) & ~self.repeated
        return chosen

    @property
    def called(self) -> Flags:
        """Which spans are the far end of a call whose near end, their parent, is in the frame."""
        crosses = (self.parent_service != self.service) & (self.kind != "CLIENT")
        parent_kind = np.where(self.parent == NONE, "", self.kind[self.parent])
        to_itself = among(self.kind, _INCOMING) & among(parent_kind, _OUTGOING)
        chosen: Flags = (self.parent != NONE) & (crosses | to_itself) & ~self.repeated
        return chosen


def span_tree(spans: pd.DataFrame) -> SpanTree:
    """Link the spans of a frame; orphans, repeated spans, cycles and missing columns are all fine."""
    traces, ids, parents = (texts(spans, column) for column in ("trace_id", "span_id", "parent_span_id"))
    keys = pd.Index(traces + "/" + ids, dtype=object)
    repeated = np.asarray(keys.duplicated(), dtype=np.bool_)
    firsts = np.flatnonzero(~repeated)
    found = keys[firsts].get_indexer(pd.Index(traces + "/" + parents, dtype=object))
    root = parents == ""
    parent = np.where((found == NONE) | root, NONE, firsts[found] if len(firsts) else NONE).astype(np.intp)
    parent[(ids == parents) & ~root] = NONE
    service = texts(spans, "service")
    return SpanTree(
        parent=parent,
        root=root,
        repeated=repeated,
        service=service,
        kind=texts(spans, "kind"),
        parent_service=np.where(parent == NONE, "", service[parent]) if len(spans) else service,
    )


def texts(spans: pd.DataFrame, column: str) -> Texts:
    """Give a column as texts; a missing column or value is the empty text."""
    if column not in spans.columns:
        return np.full(len(spans), "", dtype=object)
    return spans[column].to_numpy(dtype=object, na_value="")


def failed(spans: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Give 1.0 for spans that failed and 0.0 for others; NaN throughout where spans carry no status."""
    if "status" not in spans.columns:
        return np.full(len(spans), np.nan)
    return among(texts(spans, "status"), ("ERROR",)).astype(np.float64)


def among(values: Any, wanted: Iterable[str]) -> Flags:
    """Say which values are one of those wanted."""
    chosen = np.zeros(len(values), dtype=np.bool_)
    for text in wanted:
        chosen |= values == text
    return chosen
