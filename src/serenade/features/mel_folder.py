"""The folder of ready-made spectrograms that the CREMA-D seed writes and reads, one `.npy` a clip.

`{folder}/{EMO}/{stem}_original.npy` and `{stem}_{variant}.npy`, each the raw dB array
[shape=(n_mels, frames)] float32, with `frontend.json` beside them. The original has no such file, and nothing
then tells its spectrograms from those of another rate or hop: we ask instead of guessing.
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
    """The front end that made a folder's spectrograms: as its `frontend.json` says, or as `given`.

    Raises:
        StoreError: neither is there, or they disagree.
    """
    file = Path(folder) / FRONT_END_FILE
    told = read_front_end(file) if file.is_file() else None
    if told is None and given is None:
        raise StoreError(
            "holds ready-made spectrograms and no frontend.json that says how they were made; "
            "give --front-end FILE",
            file=folder,
        )
    if told is not None and given is not None and told != given:
        raise StoreError("says another front end than the one that was given", file=file)
    return told or given or FrontEnd()


def read_front_end(file: str | Path) -> FrontEnd:
    """The front end that a JSON or TOML file tells.

    Args:
        file: holds the fields of a front end, or has them under `front_end` as a recipe or a store.json does.

    Raises:
        StoreError: no such file, or not JSON or TOML.
        RecipeError: a field that no front end has.
    """
    file = Path(file)
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
    except OSError as cause:
        raise StoreError(f"cannot be read: {cause.strerror}", file=file) from cause
    except ValueError as cause:
        raise StoreError(f"is no JSON or TOML ({cause})", file=file) from cause
    if not isinstance(content, dict):
        raise StoreError("does not hold the fields of a front end", file=file)
    return FrontEnd.from_dict(content.get("front_end", content))


def read_mel(file: str | Path, front_end: FrontEnd) -> NDArray[np.float32]:
    """One ready-made spectrogram, turned to frames first [shape=(frames, n_mels)], dB.

    Raises:
        UnsupportedMedia: no array of numbers, or not one that `front_end` can have made.
    """
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as cause:
        raise UnsupportedMedia(f"cannot be read as an array ({cause})", file=file) from cause
    if not isinstance(array, np.ndarray) or array.ndim != 2 or not np.issubdtype(array.dtype, np.floating):
        raise UnsupportedMedia("is not a spectrogram: two axes of floats are wanted", file=file)
    if array.shape[0] != front_end.n_mels or array.shape[1] == 0:
        raise UnsupportedMedia(
            f"has shape {array.shape}, and the front end makes ({front_end.n_mels}, frames)", file=file
        )
    if not np.isfinite(array).all():
        raise UnsupportedMedia("holds NaN or infinite values", file=file)
    low, high = float(array.min()), float(array.max())
    if front_end.scale == "db" and (
        (front_end.db_ref == "max" and high > _SLACK_DB)
        or (front_end.top_db is not None and high - low > front_end.top_db + _SLACK_DB)
    ):
        raise UnsupportedMedia(
            f"holds values from {low:.1f} to {high:.1f}, which the front end (dB, db_ref {front_end.db_ref}, "
            f"top_db {front_end.top_db}) cannot make",
            file=file,
        )
    return np.ascontiguousarray(array.T, np.float32)
