"""Where training stands, written whole after every epoch, so that a killed run goes on as if nothing was."""

from __future__ import annotations

import pickle
import struct
import warnings
from pathlib import Path
from typing import Any

import torch

from serenade.errors import ModelError
from serenade.files import write_whole

LAST = "last.ckpt"
BEST = "best.ckpt"

_DAMAGED = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    struct.error,
    pickle.UnpicklingError,
)
"""What torch raises over bytes that are no checkpoint: it reads them before it checks them."""


def save_checkpoint(file: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values, whole or not at all."""
    with write_whole(file, "wb") as out:
        try:
            torch.save(state, out)
        except RuntimeError as cause:
            # What the system said (the disk is full) is hidden by torch's failure to close its archive.
            if isinstance(cause.__context__, OSError):
                raise cause.__context__ from None
            raise


def load_checkpoint(file: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote; nothing in the file is run.

    Raises:
        ModelError: not a checkpoint, or damaged.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of strange pickles: the error says it
            state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except _DAMAGED as cause:
        reason = (str(cause) or type(cause).__name__).splitlines()[0][:120]
        raise ModelError(f"is not a readable checkpoint ({reason}); train again", file=file) from cause
    return state
