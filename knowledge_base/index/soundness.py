"""Whether an index in a folder can be read at all: `python -m knowledge_base.index.soundness FOLDER COLLECTION`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import chromadb

_READ_AT_ONCE: Final = 1000
_READING_SECONDS: Final = 600
_UNSOUND: Final = 1
_OF_LENGTH_ONE: Final = 0.01


def problem_of_vectors(collection: chromadb.Collection, *, thorough: bool) -> str | None:
    """Read vectors and say what is wrong with them, None where nothing is.

    Args:
        collection: Whose vectors.
        thorough: Read all, which takes seconds for 100,000; or only the first ones, which come from the graph, and the
            last ones, which come from the log.

    Raises:
        Exception: Whatever Chroma raises where it cannot read one.
    """
    count = collection.count()
    offsets = range(0, count, _READ_AT_ONCE) if thorough else sorted({0, max(0, count - _READ_AT_ONCE)})
    for offset in offsets:
        page = collection.get(limit=_READ_AT_ONCE, offset=offset, include=["embeddings"])
        vectors = np.asarray(page["embeddings"] if page["embeddings"] is not None else [], dtype=np.float32)
        if len(vectors) != min(_READ_AT_ONCE, count - offset):
            return f"lacks vectors of some of its {count} rows"
        if len(vectors) and np.abs(np.linalg.norm(vectors, axis=1) - 1).max() > _OF_LENGTH_ONE:
            return "holds vectors that nobody wrote"
    return None


def problem_of_folder(folder: Path, collection: str) -> str | None:
    """Let another process read every vector, and say what it met; None where nothing is wrong.

    Chroma's graph is rewritten in place, and reading one that was written by half can end the process.
    """
    # The package need not be installed, only importable here.
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        reader = subprocess.run(
            [sys.executable, "-m", __spec__.name, str(folder), collection],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_READING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"could not be read within {_READING_SECONDS} s"
    if reader.returncode == 0:
        return None
    if reader.returncode < 0:
        return f"ended the process that read it ({signal.Signals(-reader.returncode).name})"
    said = reader.stderr.strip().splitlines()
    return f"cannot be read: {said[-1] if said else f'exit code {reader.returncode}'}"


def _main(folder: str, collection: str) -> int:
    import chromadb  # noqa: PLC0415 - the caller of this file's functions has it already
    from chromadb.config import Settings  # noqa: PLC0415 - as chromadb

    client = chromadb.PersistentClient(folder, Settings(anonymized_telemetry=False))
    if collection not in {known.name for known in client.list_collections()}:
        return 0  # Ended before there was anything in it.
    problem = problem_of_vectors(client.get_collection(collection, embedding_function=None), thorough=True)
    if problem is not None:
        print(problem, file=sys.stderr)
        return _UNSOUND
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:3]))
