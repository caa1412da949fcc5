"""MELD's clips become the fixed spectrograms of the original: `X_audio_{train,val,test}.npy`.

As `audio_to_spectrogram.ipynb` (clow427/MELD-emotion-recognition) makes them: the first 3.0 s at 16 kHz,
128 mels from the lowest up, dB below the clip's maximum, scaled to 0 … 1 over the clip, then zeros on the
right up to 128 columns. Unlike there, a row of zeros has a reason beside it, and 5.1 sound is mixed down by
the weights of `serenade.audio.decode.downmix` instead of averaged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.audio.decode import decode, probe
from serenade.audio.level import is_silent
from serenade.audio.logmel import MELD_SEED, log_mel, normalize
from serenade.corpora.readers.meld import FOLDERS, read_meld
from serenade.errors import UnsupportedMedia
from serenade.features.alignment import TEXT_PICKLE, check_vectors, read_vectors

SHAPE = (128, 128, 1)
"""Of one clip: mels, lowest first; columns of 32 ms; one channel."""

PARTS = {"train": "train", "dev": "val", "test": "test"}
"""What the original calls MELD's parts in the names of its files."""

LONG_S = 30.0
"""A clip longer than this is no utterance: it was cut out wrongly (two of the test part last minutes)."""


@dataclass(frozen=True, kw_only=True)
class ClipNote:
    """What is stored with the spectrogram of a clip.

    Attributes:
        status: "ok"; "cut", longer than 3.0 s, the first 3.0 s are taken; "long", the same, but longer than
            `LONG_S`; "silent"; "missing" and "corrupt", zeros stand in its place.
        duration_s: of the whole clip, 0 where it is missing or corrupt.
        note: why it is corrupt.
    """

    status: str
    duration_s: float = 0.0
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The spectrogram of a clip [shape=(128, 128, 1)], 0 to 1; digital silence is zeros.

    Args:
        samples: mono at 16 kHz [shape=(n,)]; samples after 3.0 s are ignored.

    >>> image = spectrogram(np.sin(np.arange(48_000, dtype=np.float32)))
    >>> image.shape, float(image.min()), float(image.max()), bool(image[:, 94:].any())
    ((128, 128, 1), 0.0, 1.0, False)
    """
    mels = normalize(log_mel(samples, MELD_SEED), MELD_SEED).T[:, : SHAPE[1]]
    image = np.zeros(SHAPE, np.float32)
    image[:, : mels.shape[1], 0] = mels
    return image


def spectrogram_of(file: str) -> tuple[NDArray[np.float32], ClipNote]:
    """The spectrogram of a file's first 3.0 s, zeros where it is not there or not sound, and which it is."""
    if not os.path.isfile(file):
        return np.zeros(SHAPE, np.float32), ClipNote(status="missing")
    try:
        sound = decode(file, rate_hz=MELD_SEED.rate_hz, duration_s=MELD_SEED.max_duration_s)
        duration_s = probe(file).duration_s or sound.duration_s
    except UnsupportedMedia as cause:
        return np.zeros(SHAPE, np.float32), ClipNote(status="corrupt", note=cause.message)
    status = "ok"
    if is_silent(sound.samples):
        status = "silent"
    elif duration_s > LONG_S:
        status = "long"
    elif duration_s > (MELD_SEED.max_duration_s or LONG_S):
        status = "cut"
    return spectrogram(sound.samples), ClipNote(status=status, duration_s=round(duration_s, 3))


def rows_in_order(meld: str | Path) -> dict[str, pd.DataFrame]:
    """MELD's table by part, train, val and test, in the order in which the original has its rows.

    That is the order of the dialogues in `text_emotion.pkl`, if it is beside the tables, else that of
    the tables; within a dialogue the utterances follow each other.

    Raises:
        CorpusError: see `read_meld`; or the pickle lacks a dialogue or an utterance, which is named.
    """
    table = read_meld(meld)
    order: Sequence[Sequence[str]] = [()] * len(FOLDERS)
    pickle = Path(meld) / TEXT_PICKLE
    table.attrs["notes"].append(
        f"dialogues in the order of {TEXT_PICKLE if pickle.is_file() else 'the tables'}"
    )
    if pickle.is_file():
        vectors = read_vectors(pickle)
        check_vectors(table, vectors, file=pickle)
        order = [list(part) for part in vectors]
    rows = {}
    for part, dialogues in zip(FOLDERS, order, strict=True):
        some = table[table["split"] == part]
        if dialogues:
            place = {f"{part}/{dialogue}": number for number, dialogue in enumerate(dialogues)}
            some = some.iloc[np.argsort(some["dialogue"].map(place).to_numpy(), kind="stable")]
        if len(some):
            rows[PARTS[part]] = some.reset_index(drop=True)
    return rows


def ids_of(rows: pd.DataFrame, notes: Sequence[ClipNote]) -> pd.DataFrame:
    """The table `ids_*.csv` of a part: the utterance of each row of its array, and the status of its clip.

    Args:
        rows: of `rows_in_order`.
        notes: of `spectrogram_of`, in that order.
    """
    ids = pd.DataFrame(
        {
            "dialogue": rows["dialogue"].str.partition("/")[2].astype(int),
            "utterance": rows["utterance"],
            "rank": rows["rank"],
            "row": np.arange(len(rows)),
            "label": rows["emotion"],
        }
    )
    return ids.join(pd.DataFrame([note.to_dict() for note in notes]))
