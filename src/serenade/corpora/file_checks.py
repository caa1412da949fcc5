"""Checks of the files of a corpus: existence, readability, silence and duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from serenade.audio.decode import blocks, decode, probe
from serenade.audio.discovery import is_lfs_pointer
from serenade.audio.level import is_silent
from serenade.errors import UnsupportedMedia
from serenade.files import sha256_of

_BLOCK_S = 60.0
"""Longer recordings are checked block by block."""


@dataclass(frozen=True, kw_only=True)
class FileCheck:
    """The result of checking one file.

    Attributes:
        state: "ok", "silent", "missing", "pointer" (of Git LFS) or "unreadable".
        reason: why it is unreadable.
        duration_s: length of a recording.
        rate_hz: its sampling rate; 0 for a spectrogram.
        channels: its number of channels.
        truncation: why its sound is incomplete; "" if it is complete.
    """

    state: Literal["ok", "silent", "missing", "pointer", "unreadable"]
    reason: str = ""
    duration_s: float = float("nan")
    rate_hz: int = 0
    channels: int = 0
    truncation: str = ""


def check_file(name: str) -> FileCheck:
    """Check a recording or a spectrogram."""
    file = Path(name)
    if not file.is_file():
        return FileCheck(state="missing")
    try:
        if is_lfs_pointer(file):
            return FileCheck(state="pointer")
        return _check_spectrogram(file) if file.suffix == ".npy" else _check_recording(file)
    except UnsupportedMedia as cause:
        return FileCheck(state="unreadable", reason=cause.message)
    except OSError as cause:
        return FileCheck(state="unreadable", reason=cause.strerror or str(cause))


def find_identical(files: Sequence[str], threads: ThreadPoolExecutor) -> tuple[tuple[str, ...], ...]:
    """Find groups of files with the same bytes; only files of the same size are hashed."""
    of_size: dict[int, list[str]] = {}
    for file in files:
        of_size.setdefault(Path(file).stat().st_size, []).append(file)
    candidates = [file for same in of_size.values() if len(same) > 1 for file in same]
    of_hash: dict[str, list[str]] = {}
    for file, digest in zip(candidates, threads.map(sha256_of, candidates), strict=True):
        of_hash.setdefault(digest, []).append(file)
    return tuple(sorted(tuple(sorted(group)) for group in of_hash.values() if len(group) > 1))


def _check_recording(file: Path) -> FileCheck:
    info = probe(file)
    truncation = ""
    if info.duration_s is not None and info.duration_s <= _BLOCK_S:
        sound = decode(file)
        silent, duration_s = is_silent(sound.samples), info.duration_s
        truncation = sound.warnings[0] if sound.truncated else ""
    else:
        silent, samples = True, 0
        for block in blocks(file, rate_hz=info.rate_hz, block_s=_BLOCK_S):
            silent = silent and is_silent(block)
            samples += len(block)
            # One block with sound is enough: the rest of a long recording need not be decoded.
            if not silent and info.duration_s is not None:
                break
        duration_s = info.duration_s or samples / info.rate_hz
        truncation = info.warnings[0] if info.truncated else ""
    return FileCheck(
        state="silent" if silent else "ok",
        duration_s=round(duration_s, 4),
        rate_hz=info.rate_hz,
        channels=info.channels,
        truncation=truncation,
    )


def _check_spectrogram(file: Path) -> FileCheck:
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, OSError) as cause:
        return FileCheck(
            state="unreadable", reason=f"is not a NumPy array ({cause}); compute it again from the recording"
        )
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        return FileCheck(
            state="unreadable",
            reason=f"is not a spectrogram (shape {array.shape}; two axes of finite numbers are expected)",
        )
    return FileCheck(state="silent" if np.ptp(array) == 0 else "ok")
