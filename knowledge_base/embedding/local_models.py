"""Models that are on this machine already: where they lie, and loading them without a look at the network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from knowledge_base.errors import ModelUnavailable

WEIGHTS: Final = "model.safetensors"
# Read by the libraries when they are imported, so they are set before that.
_STAY_AT_HOME: Final = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def folder_of_model(model: Path | str) -> Path:
    """Find a model: a folder, or a name found in the local Hugging Face cache.

    Raises:
        ModelUnavailable: It is not on this machine.
    """
    if Path(model).is_dir():
        return Path(model)
    if isinstance(model, Path):
        raise ModelUnavailable(str(model), "there is no such folder")
    os.environ.update(_STAY_AT_HOME)
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - only after the environment is set

        return Path(snapshot_download(model, local_files_only=True))
    except Exception as error:  # A missing library, a malformed name, an empty cache: all mean that it is not here.
        raise ModelUnavailable(
            model, "is neither a folder nor in the local Hugging Face cache; download it there first, or give a folder"
        ) from error


def weights_in(folder: Path, name: str) -> Path:
    """Give the file with a model's weights.

    Raises:
        ModelUnavailable: There is none in a format that carries no code.
    """
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise ModelUnavailable(name, f"there is no {WEIGHTS} in {folder}; give a folder that has it")
    return weights


@contextmanager
def loading(name: str, folder: Path, *, threads: int, instead: str) -> Iterator[None]:
    """Set everything up for loading a model, and translate what goes wrong.

    Args:
        name: What the model is called.
        folder: Where it lies.
        threads: Most processor threads that torch may use; this holds for the whole process.
        instead: What to do where the libraries are not installed.

    Raises:
        ModelUnavailable: It cannot be loaded.
    """
    os.environ.update(_STAY_AT_HOME)
    try:
        import torch  # noqa: PLC0415 - seconds to import, and only after the environment is set
        from transformers.utils import logging  # noqa: PLC0415 - as torch

        torch.set_num_threads(threads)
        shown = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()  # type: ignore[no-untyped-call] # Standard error is for our own progress.
        try:
            yield
        finally:
            if shown:
                logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    except ImportError as error:
        raise ModelUnavailable(name, f"needs torch and sentence-transformers ({error}); {instead}") from error
    except Exception as error:  # The library raises whatever the broken file at hand made it raise.
        raise ModelUnavailable(name, f"cannot be loaded from {folder}: {error}") from error
