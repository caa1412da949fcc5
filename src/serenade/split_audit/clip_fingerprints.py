"""What is computed of the sound of each clip, block by block: memory does not grow with its length."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade.audio.decode import Blocks
from serenade.errors import UnsupportedMedia
from serenade.files import sha256_of
from serenade.split_audit.fingerprint import HOP, RATE_HZ, Landmarks

_BLOCK = 30 * RATE_HZ // HOP * HOP
"""Samples that are analysed at once."""
_FULL_SCALE = 32_768


@dataclass(frozen=True, kw_only=True)
class ClipSound:
    """Which sound a clip is: a file, or a part of one.

    Attributes:
        file: path of a recording or spectrogram.
        start_s: where it begins; 0 for a whole file.
        duration_s: how long it is; None for the rest of the file.
    """

    file: str
    start_s: float = 0.0
    duration_s: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Fingerprint:
    """What identifies the sound of a clip.

    Attributes:
        sha256: of the bytes of the file; "" for a part of a file.
        sound: SHA-256 of the decoded samples as 16-bit mono; "" for silence and spectrograms.
        landmarks: for similar sounds; those of a second analysis, half a hop later, are `later`.
        later: see `landmarks`.
        duration_s: length in seconds.
        error: why it could not be decoded; "" otherwise.
    """

    sha256: str
    sound: str = ""
    landmarks: Landmarks
    later: Landmarks
    duration_s: float = 0.0
    error: str = ""


def fingerprint_clips(
    clips: Sequence[ClipSound], *, jobs: int = 1, progress: Callable[[], object] = lambda: None
) -> list[Fingerprint]:
    """Compute the fingerprints of clips, some at a time.

    Args:
        clips: what to decode.
        jobs: number of threads.
        progress: called after each clip.
    """

    def computed(clip: ClipSound) -> Fingerprint:
        found = fingerprint_clip(clip)
        progress()
        return found

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(computed, clips))


def fingerprint_clip(clip: ClipSound) -> Fingerprint:
    """Compute the fingerprint of a clip; one that cannot be decoded has the reason in `error`.

    >>> found = fingerprint_clip(ClipSound(file="call.wav"))
    >>> found.duration_s, found.error, found.landmarks.hashes.size > 20
    (2.0, '', True)
    """
    is_whole = clip.start_s == 0 and clip.duration_s is None
    nothing = Landmarks.joined([])
    try:
        sha256 = sha256_of(Path(clip.file)) if is_whole else ""
        if clip.file.lower().endswith(".npy"):
            return Fingerprint(sha256=sha256, landmarks=nothing, later=nothing)
        return _decoded(clip, sha256)
    except (UnsupportedMedia, OSError) as cause:
        reason = cause.message if isinstance(cause, UnsupportedMedia) else str(cause)
        return Fingerprint(sha256="", landmarks=nothing, later=nothing, error=reason)


def _decoded(clip: ClipSound, sha256: str) -> Fingerprint:
    import soxr

    blocks = Blocks(clip.file, start_s=clip.start_s, duration_s=clip.duration_s)
    digest, count, peak = hashlib.sha256(), 0, 0
    first, later = _BlockLandmarks(), _BlockLandmarks(skip=HOP // 2)
    resampler = None
    for block in blocks:
        if resampler is None:  # the rate of some formats is known only now
            resampler = soxr.ResampleStream(blocks.rate_hz, RATE_HZ, 1, dtype="float32")
        quantised = np.clip(np.rint(block * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
        digest.update(quantised.tobytes())
        count, peak = count + len(block), max(peak, int(np.abs(quantised).max(initial=0)))
        resampled = resampler.resample_chunk(block)
        first.push(resampled)
        later.push(resampled)
    if resampler is not None:
        last = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        first.push(last)
        later.push(last)
    return Fingerprint(
        sha256=sha256,
        sound=digest.hexdigest() if peak else "",  # all silent clips are alike
        landmarks=first.finish(),
        later=later.finish(),
        duration_s=count / blocks.rate_hz,
    )


class _BlockLandmarks:
    """Landmarks of samples that arrive in blocks of any length."""

    def __init__(self, *, skip: int = 0) -> None:
        self._skip = skip
        self._rest = np.zeros(0, np.float32)
        self._start = 0
        self._parts: list[tuple[int, Landmarks]] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take samples at `RATE_HZ`; the first ones of all are skipped."""
        skipped = min(self._skip, len(samples))
        self._skip -= skipped
        self._rest = np.concatenate([self._rest, samples[skipped:]])
        while len(self._rest) > _BLOCK:
            self._parts.append((self._start // HOP, Landmarks.of(self._rest[:_BLOCK])))
            self._rest, self._start = self._rest[_BLOCK:], self._start + _BLOCK

    def finish(self) -> Landmarks:
        """Return the landmarks of all samples."""
        if len(self._rest):
            self._parts.append((self._start // HOP, Landmarks.of(self._rest)))
        return Landmarks.joined(self._parts)
