"""Checkpoints: the state of training after an epoch, written whole, with a checksum."""

from __future__ import annotations

import hashlib
import pickle
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from serenade.errors import ModelError
from serenade.files import write_whole

_CHECKSUM = "sha256"
_DAMAGED = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    MemoryError,
    struct.error,
    pickle.UnpicklingError,
)
"""What torch raises for bytes or values that are not a checkpoint."""


def save_checkpoint(file: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values with their checksum, whole or not at all."""
    save_torch_file(file, {**state, _CHECKSUM: _digest(state)})


def load_checkpoint(file: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote; no code in the file is run.

    Raises:
        ModelError: not a checkpoint of serenade, or damaged: also where a single bit was changed.
    """
    state = load_torch_file(file)
    if not isinstance(state, dict) or not isinstance(state.get(_CHECKSUM), str):
        raise ModelError(f"is not a checkpoint that this version of serenade wrote; {_REMEDY}", file=file)
    expected = state.pop(_CHECKSUM)
    if _digest(state) != expected:
        raise ModelError(f"is damaged (its checksum does not match); {_REMEDY}", file=file)
    return state


def save_torch_file(file: Path, content: Any) -> None:
    """`torch.save`, whole or not at all."""
    with write_whole(file, "wb") as out:
        try:
            torch.save(content, out)
        except RuntimeError as cause:
            # The system's error (the disk is full) is hidden by torch's failure to close its archive.
            if isinstance(cause.__context__, OSError):
                raise cause.__context__ from None
            raise


def load_torch_file(file: Path) -> Any:
    """`torch.load` of tensors and plain values; no code in the file is run.

    Raises:
        ModelError: it cannot be read so.
    """
    with restoring(file), warnings.catch_warnings(action="ignore"):  # strange pickles: the error suffices
        return torch.load(file, map_location="cpu", weights_only=True)


@contextmanager
def restoring(file: Path) -> Iterator[None]:
    """Turn what torch raises for a file of the wrong content into one sentence.

    Raises:
        ModelError: the file is damaged, or of another network.
    """
    try:
        yield
    except _DAMAGED as cause:
        reason = " ".join((str(cause) or type(cause).__name__).split())[:120]
        raise ModelError(f"is not a readable checkpoint ({reason}); {_REMEDY}", file=file) from cause


_REMEDY = "remove the file and train again"


def _digest(value: Any) -> str:
    digest = hashlib.sha256()
    _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    """Add a value to a hash: its type, its length, and what is in it."""
    if isinstance(value, Tensor):
        digest.update(f"tensor {value.dtype} {tuple(value.shape)}".encode())
        # As bytes, because numpy has no bfloat16.
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, Mapping):
        digest.update(f"mapping {len(value)}".encode())
        for key, entry in value.items():
            _add(digest, key)
            _add(digest, entry)
    elif isinstance(value, list | tuple):
        digest.update(f"list {len(value)}".encode())
        for entry in value:
            _add(digest, entry)
    else:
        digest.update(f"{type(value).__name__} {value!r} ".encode())
