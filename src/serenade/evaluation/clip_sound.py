"""The sound of evaluated clips, decoded from their recordings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.audio.decode import decode
from serenade.audio.front_end import FrontEnd
from serenade.audio.level import is_silent
from serenade.audio.trim import trim_silence
from serenade.errors import CorpusError, UnsupportedMedia
from serenade.inference.arrays import Waveform
from serenade.inference.recordings import find_recordings

_TOLERANCE_S = 0.05
"""Decoders differ in the padding that they remove from a compressed file."""


@dataclass(frozen=True, kw_only=True)
class ClipSound:
    """Reads the clips of a table of predictions as the model's store was made.

    Attributes:
        front_end: of the model, for rate and longest duration.
        trim: whether silence at both ends is removed.
        data: folder of the recordings, if they are no longer where the table says.
    """

    front_end: FrontEnd
    trim: bool = False
    data: Path | None = None

    def read(self, row: Any) -> Waveform:
        """Return the sound of a clip [shape=(n,)].

        Args:
            row: of the table, with `file`, `start`, `end` (NaN for the whole file) and `duration_s`, the
                length that the clip must have.

        Raises:
            CorpusError: its recording is missing, unreadable, a spectrogram, or of another length.
        """
        file = self._find(str(row.file))
        start_s, end_s = _number(row, "start"), _number(row, "end")
        start_s = 0.0 if math.isnan(start_s) else start_s
        longest_s = self.front_end.max_duration_s
        duration_s = None if math.isnan(end_s) else end_s - start_s
        if duration_s is None and longest_s is not None and not self.trim:
            duration_s = longest_s + 1.0
        try:
            samples = decode(
                file, rate_hz=self.front_end.rate_hz, start_s=start_s, duration_s=duration_s
            ).samples
        except UnsupportedMedia as cause:
            raise CorpusError(cause.message, file=file) from cause
        if self.trim and not is_silent(samples):
            samples = trim_silence(samples, rate_hz=self.front_end.rate_hz)
        samples = samples[: self.front_end.max_samples]
        expected_s, found_s = _number(row, "duration_s"), len(samples) / self.front_end.rate_hz
        if abs(found_s - expected_s) > _TOLERANCE_S:  # False for NaN
            raise CorpusError(
                f"has {found_s:.2f} s where the evaluated clip has {expected_s:.2f} s, so it is another "
                "recording; name the folder of the recordings with --data DIR",
                file=file,
            )
        return samples

    def _find(self, name: str) -> Path:
        file = Path(name)
        if self.data is not None:
            parts = file.parts
            there = (self.data.joinpath(*parts[i:]) for i in range(1, len(parts)))
            file = next((path for path in there if path.is_file()), self.data / file.name)
        if file.suffix == ".npy":
            raise CorpusError(
                "is a spectrogram, and recording conditions can only be applied to sound; evaluate the "
                "model on recordings with --on FOLDER",
                file=file,
            )
        if not file.is_file():
            raise CorpusError(
                "is not there, and its sound is needed; name the folder of the recordings with --data DIR",
                file=file,
            )
        return file


def read_all(folder: Path, *, rate_hz: int) -> dict[str, Waveform]:
    """Read every recording in a folder, such as noises or room impulse responses, by its name.

    Args:
        folder: searched with its subfolders; a single file is taken as well.
        rate_hz: rate that the sound is resampled to.

    Raises:
        CorpusError: there is none, one cannot be read, or one is silent.
    """
    files: Sequence[Path] = find_recordings([folder]).files
    if not folder.exists() or (folder.is_dir() and not any(file.is_file() for file in files)):
        raise CorpusError("holds no recordings; name a folder of sound files", file=folder)
    found = {}
    for file in files:
        try:
            samples = decode(file, rate_hz=rate_hz).samples
        except UnsupportedMedia as cause:
            raise CorpusError(cause.message, file=file) from cause
        if not samples.any():
            raise CorpusError("is silent; remove it from the folder", file=file)
        found[file.name] = samples
    return found


def _number(row: Any, name: str) -> float:
    value = getattr(row, name, math.nan)
    return math.nan if pd.isna(value) or value == "" else float(value)
