"""Folders of `.npy` spectrograms, as the original CREMA-D generator writes them.

Each file `{folder}/{EMO}/{stem}_original.npy` or `{stem}_{variant}.npy` is a float32 array in dB
[shape=(n_mels, frames)]. serenade adds `frontend.json`. Without it, the sampling rate and hop of the
spectrograms are unknown, and the user must give the front end.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade.audio.logmel import FrontEnd
from serenade.errors import StoreError, UnsupportedMedia

FRONT_END_FILE = "frontend.json"

_SLACK_DB = 1e-3


def front_end_of(folder: str | Path, given: FrontEnd | None = None) -> FrontEnd:
    """Return the front end of a folder's spectrograms: from its `frontend.json`, or as `given`.

    Raises:
        StoreError: both are missing, or they differ.
    """
    file = Path(folder) / FRONT_END_FILE
    recorded = read_front_end(file) if file.is_file() else None
    if recorded is None and given is None:
        raise StoreError(
            "has spectrograms (.npy) but no frontend.json with their front end; give --front-end FILE",
            file=folder,
        )
    if recorded is not None and given is not None and recorded != given:
        raise StoreError("has another front end than the one that was given", file=file)
    return recorded or given or FrontEnd()


def read_front_end(file: str | Path) -> FrontEnd:
    """Read a front end from a JSON or TOML file.

    Args:
        file: has the fields of a front end at the top or under `front_end`, as a store.json does.

    Raises:
        StoreError: the file is missing, or is neither JSON nor TOML.
        RecipeError: a field is unknown or its value impossible.
    """
    file = Path(file)
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
    except OSError as cause:
        raise StoreError(f"cannot be read: {cause.strerror}", file=file) from cause
    except ValueError as cause:
        raise StoreError(f"is neither JSON nor TOML ({cause})", file=file) from cause
    if not isinstance(content, dict):
        raise StoreError("does not have the fields of a front end", file=file)
    store = content.get("store")  # of a recipe
    content = store if isinstance(store, dict) else content
    return FrontEnd.from_dict(content.get("front_end", content))


def read_mel(file: str | Path, front_end: FrontEnd) -> NDArray[np.float32]:
    """Read a spectrogram, transposed to [shape=(frames, n_mels)], in dB.

    Raises:
        UnsupportedMedia: the file is not an array of numbers, or `front_end` cannot have made it.
    """
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as cause:
        raise UnsupportedMedia(f"cannot be read as an array ({cause})", file=file) from cause
    if not isinstance(array, np.ndarray) or array.ndim != 2 or not np.issubdtype(array.dtype, np.floating):
        raise UnsupportedMedia("is not a spectrogram: it must be an array of floats with two axes", file=file)
    if array.shape[0] != front_end.n_mels or array.shape[1] == 0:
        raise UnsupportedMedia(
            f"has shape {array.shape}, but the front end makes ({front_end.n_mels}, frames)", file=file
        )
    if not np.isfinite(array).all():
        raise UnsupportedMedia("has NaN or infinite values", file=file)
    low, high = float(array.min()), float(array.max())
    if front_end.scale == "db" and (
        (front_end.db_ref == "max" and high > _SLACK_DB)
        or (front_end.top_db is not None and high - low > front_end.top_db + _SLACK_DB)
    ):
        raise UnsupportedMedia(
            f"has values from {low:.1f} to {high:.1f}, which the front end (dB, db_ref {front_end.db_ref}, "
            f"top_db {front_end.top_db}) cannot make",
            file=file,
        )
    return np.ascontiguousarray(array.T, np.float32)
