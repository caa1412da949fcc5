"""Checks of the files of a corpus: existence, readability, silence and duplicates."""

from __future__ import annotations

import os
import stat
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
from serenade.text import printable

_BLOCK_S = 60.0
"""Longer recordings are checked block by block."""


@dataclass(frozen=True, kw_only=True)
class FileCheck:
    """The result of checking one file.

    Attributes:
        state: "ok", "silent", "missing", "pointer" (of Git LFS) or "unreadable".
        reason: why it is unreadable, or why it is missing.
        duration_s: length of a recording.
        rate_hz: its sampling rate; 0 for a spectrogram.
        channels: its number of channels.
        truncation: why its sound is incomplete; "" if it is complete.
        warnings: what else a user should know, such as an inverted channel.
    """

    state: Literal["ok", "silent", "missing", "pointer", "unreadable"]
    reason: str = ""
    duration_s: float = float("nan")
    rate_hz: int = 0
    channels: int = 0
    truncation: str = ""
    warnings: tuple[str, ...] = ()


def check_path(name: str) -> FileCheck:
    """Check that a path leads to a file, without reading it: state "ok", "missing" or "unreadable".

    >>> check_path("/dev/null").reason, check_path("/nowhere/a.wav").state
    ('is a device, not a recording', 'missing')
    """
    try:
        mode = os.stat(name).st_mode
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(name):
            reason = f"is a link to {printable(os.readlink(name))}, which does not exist"
            return FileCheck(state="missing", reason=reason)
        return FileCheck(state="missing", reason="the file does not exist")
    except (OSError, ValueError) as cause:
        # A name that is too long, links in a circle, no permission for a folder.
        reason = str(getattr(cause, "strerror", cause))
        return FileCheck(state="unreadable", reason=f"cannot be opened: {reason}")
    if stat.S_ISREG(mode):
        return FileCheck(state="ok")
    kind = "a folder" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else "a device"
    return FileCheck(state="unreadable", reason=f"is {kind}, not a recording")


def check_file(name: str) -> FileCheck:
    """Check a recording or a spectrogram."""
    if (found := check_path(name)).state != "ok":
        return found
    file = Path(name)
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
    if info.duration_s is not None and info.duration_s <= _BLOCK_S:
        sound = decode(file)
        silent, duration_s = is_silent(sound.samples), info.duration_s
        truncated, warnings = sound.truncated, sound.warnings
    else:
        silent, samples = True, 0
        for block in blocks(file, rate_hz=info.rate_hz, block_s=_BLOCK_S):
            silent = silent and is_silent(block)
            samples += len(block)
            # One block with sound is enough: the rest of a long recording need not be decoded.
            if not silent and info.duration_s is not None:
                break
        duration_s = info.duration_s or samples / info.rate_hz
        truncated, warnings = info.truncated, info.warnings
    return FileCheck(
        state="silent" if silent else "ok",
        duration_s=round(duration_s, 4),
        rate_hz=info.rate_hz,
        channels=info.channels,
        truncation=warnings[0] if truncated else "",
        warnings=warnings[1:] if truncated else warnings,
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
