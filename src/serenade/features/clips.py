"""The features of one clip: the function that every worker runs.

The result depends only on the clip, the front end, the number of variants and the seed. It does not depend on
the order of the clips or on the worker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.decode import decode, probe
from serenade.audio.level import SILENCE_DBFS, is_silent
from serenade.audio.logmel import FrontEnd, log_mel
from serenade.audio.noisy import noisy_copy
from serenade.audio.trim import trim_silence
from serenade.audio.variants import draw_variants, make_variant
from serenade.corpora.file_checks import check_path
from serenade.corpora.row_checks import end_outside, unusable_times
from serenade.errors import UnsupportedMedia
from serenade.features.mel_folder import read_mel

LONGEST_S = 600.0
"""Longest clip in seconds: longer recordings are not utterances, and the limit bounds a worker's memory."""

NOISY = "noisy_"
"""Name of a noisy copy in the column variant, before its number."""

_ROUNDING_S = 0.01
_LONGEST_VOICE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One row of a corpus table, with what a worker needs.

    Attributes:
        id: id of the clip.
        file: path of its recording.
        start_s: its start in seconds.
        end_s: its end; None for the end of the recording.
        voices: other clips of the speaker, for the noise of noisy copies.
    """

    id: str
    file: str
    start_s: float = 0.0
    end_s: float | None = None
    voices: tuple[Clip, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """The index row of one clip or variant.

    Attributes:
        id: id of the clip; a variant's id ends in the variant's name.
        variant: "original", the name of a waveform variant, or "noisy_" and the number of a noisy copy.
        frames: number of frames; 0 for a clip that cannot be used.
        duration_s: duration of these frames in seconds.
        sha256: SHA-256 of the float32 samples at the front end's rate (of a spectrogram: of its array), so
            that identical sound is found in any file format.
        state: "ok", "missing", "silent", "too_long" or "unreadable".
        note: reason for another state than "ok"; of a clip that can be used, what a user should know: that
            its file is incomplete, or that it ends after its recording and is cut there. Only in the row of
            the clip, not in those of its variants.
        cut: whether the clip was cut at `max_duration_s` of the front end.
    """

    id: str
    variant: str = "original"
    frames: int = 0
    duration_s: float = 0.0
    sha256: str = ""
    state: str = "ok"
    note: str = ""
    cut: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the row as a dict, in the order of the index's columns."""
        return dict(vars(self))


Rendered = tuple[Row, NDArray[np.float32]]
"""A row and its frames [shape=(frames, n_mels)], in dB."""


def render(
    clip: Clip,
    *,
    front_end: FrontEnd,
    augment: int = 0,
    noisy: int = 0,
    seed: int = 0,
    trim: bool = False,
) -> Iterator[Rendered]:
    """Yield the features of a clip, of `augment` distinct variants of it, and of `noisy` noisy copies.

    Only a clip in state "ok" has variants and copies. A clip that cannot be used gives one row with a note
    and no frames; a silent clip keeps its frames.

    Args:
        clip: the clip.
        front_end: front end of the features.
        augment: number of waveform variants to draw.
        noisy: number of noisy copies (`serenade.audio.noisy`).
        seed: seed of both, used together with the clip's id.
        trim: remove silence at both ends; spectrograms (`.npy`) stay as they are.
    """
    if (found := check_path(clip.file)).state != "ok":
        yield _nothing(clip, found.state, found.reason, front_end)
        return
    if clip.file.endswith(".npy"):
        yield _ready_made(clip, front_end)
        return
    end_s = float("nan") if clip.end_s is None else clip.end_s
    if reason := unusable_times(clip.start_s, end_s):
        yield _nothing(clip, "unreadable", reason, front_end)
        return
    # More than is kept, so that a variant that is sped up still fills max_duration_s.
    limit_s = 1.0 + (LONGEST_S if front_end.max_duration_s is None else 1.5 * front_end.max_duration_s)
    duration_s = limit_s if clip.end_s is None else min(limit_s, clip.end_s - clip.start_s)
    try:
        sound = decode(clip.file, rate_hz=front_end.rate_hz, start_s=clip.start_s, duration_s=duration_s)
    except UnsupportedMedia as cause:
        yield _nothing(clip, "unreadable", _start_outside(clip) or cause.message, front_end)
        return
    samples = sound.samples
    warnings = list(sound.warnings)
    if sound.duration_s < duration_s - _ROUNDING_S:
        warnings.append(end_outside(end_s, round(clip.start_s + sound.duration_s, 4)))
    if front_end.max_duration_s is None and len(samples) > LONGEST_S * front_end.rate_hz:
        yield _nothing(
            clip,
            "too_long",
            f"is longer than {LONGEST_S / 60:.0f} minutes; cut it into utterances (columns start and end), "
            "or set max_duration_s in the front end",
            front_end,
        )
        return
    silent = is_silent(samples)
    if trim and not silent:
        samples = trim_silence(samples, rate_hz=front_end.rate_hz)
    notes = [f"the level is below {SILENCE_DBFS:.0f} dBFS"] if silent else []
    note = "; ".join(filter(None, [*notes, *warnings]))
    yield _row(clip.id, "original", samples, front_end, silent=silent, note=note)
    if augment and not silent:
        rng = generator_of(clip.id, seed)
        for name in draw_variants(augment, rng):
            varied = make_variant(samples, name, rate_hz=front_end.rate_hz, rng=rng)
            yield _row(f"{clip.id}_{name}", name, varied, front_end, silent=False)
    if noisy and not silent:
        for number in range(1, noisy + 1):
            rng = generator_of(f"{clip.id}_{NOISY}{number}", seed)
            copy = noisy_copy(
                samples, rate_hz=front_end.rate_hz, rng=rng, voices=partial(_voices, clip, front_end.rate_hz)
            )
            yield _row(f"{clip.id}_{NOISY}{number}", f"{NOISY}{number}", copy, front_end, silent=False)


def _voices(clip: Clip, rate_hz: int) -> list[NDArray[np.float32]]:
    """The samples of the other clips of the speaker that can be used, at most 10 s of each."""
    found = []
    for voice in clip.voices:
        duration_s = _LONGEST_VOICE_S if voice.end_s is None else voice.end_s - voice.start_s
        try:
            sound = decode(
                voice.file,
                rate_hz=rate_hz,
                start_s=voice.start_s,
                duration_s=min(duration_s, _LONGEST_VOICE_S),
            )
        except UnsupportedMedia:  # reported where the clip itself is decoded
            continue
        if not is_silent(sound.samples):
            found.append(sound.samples)
    return found


def generator_of(clip_id: str, seed: int) -> np.random.Generator:
    """Return the random generator of a clip.

    >>> bool(generator_of("a", 0).random() == generator_of("a", 0).random() != generator_of("b", 0).random())
    True
    """
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(clip_id.encode()).digest()[:8], "big")])


def _row(
    row_id: str,
    variant: str,
    samples: NDArray[np.float32],
    front_end: FrontEnd,
    *,
    silent: bool,
    note: str = "",
) -> Rendered:
    kept = samples[: front_end.max_samples]
    frames = log_mel(kept, front_end)
    row = Row(
        id=row_id,
        variant=variant,
        frames=len(frames),
        duration_s=len(kept) / front_end.rate_hz,
        sha256=hashlib.sha256(np.ascontiguousarray(samples, "<f4").data).hexdigest(),
        state="silent" if silent else "ok",
        note=note,
        cut=len(kept) < len(samples),
    )
    return row, frames


def _start_outside(clip: Clip) -> str:
    """Return why a clip cannot be used if it starts after the end of its recording; "" if it does not."""
    if not clip.start_s:
        return ""
    try:
        return unusable_times(clip.start_s, float("nan"), probe(clip.file).duration_s)
    except UnsupportedMedia:
        return ""


def _ready_made(clip: Clip, front_end: FrontEnd) -> Rendered:
    try:
        frames = read_mel(clip.file, front_end)
    except UnsupportedMedia as cause:
        return _nothing(clip, "unreadable", cause.message, front_end)
    flat = bool(frames.min() == frames.max())
    row = Row(
        id=clip.id,
        frames=len(frames),
        duration_s=len(frames) * front_end.hop / front_end.rate_hz,
        sha256=hashlib.sha256(np.ascontiguousarray(frames, "<f4").data).hexdigest(),
        state="silent" if flat else "ok",
        note="all values are equal" if flat else "",
    )
    return row, frames


def _nothing(clip: Clip, state: str, note: str, front_end: FrontEnd) -> Rendered:
    return Row(id=clip.id, state=state, note=note), np.empty((0, front_end.n_mels), np.float32)
