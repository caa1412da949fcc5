"""Clips as MELD's are: film sound in 5.1, stereo and mono, AAC beside a picture in mp4, and plain wav."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from serenade.synthetic.speakers import Speaker, manner_of
from serenade.synthetic.voice import RATE_HZ, say

KINDS = {"5.1": 0.6, "stereo": 0.2, "mono": 0.1, "wav": 0.1}
"""Forms of a clip and how often each is there; all but "wav" are mp4."""

_AAC_HZ = {"5.1": 48_000, "stereo": 48_000, "mono": RATE_HZ}
_PICTURES_A_S = 5
_PIECE_LETTERS = 24
_MOST_PIECES = 8
_AAC_FRAME = 1024


def speak(text: str, speaker: Speaker, emotion: str, *, rng: np.random.Generator) -> NDArray[np.float32]:
    """Say a text of any length, a few words at a time [shape=(n,)], at `voice.RATE_HZ`."""
    pieces = [""]
    for word in text.split():
        if len(pieces[-1]) + len(word) > _PIECE_LETTERS:
            pieces.append("")
        pieces[-1] += f" {word}"
    manner = manner_of(speaker, emotion, 1.0, rng)
    # What has no letters that can be said ("17?!") is hummed.
    said = [piece if any(letter in "aeiouy" for letter in piece.lower()) else "mm" for piece in pieces]
    return np.concatenate([say(piece, manner, rng=rng) for piece in said[:_MOST_PIECES]])


def encode(samples: NDArray[np.float32], kind: str, *, rng: np.random.Generator) -> bytes:
    """A clip's file.

    Args:
        samples: mono at `voice.RATE_HZ` [shape=(n,)].
        kind: one of `KINDS`.
        rng: of the noise in the channels around, and of the picture.
    """
    file = io.BytesIO()
    if kind == "wav":
        soundfile.write(file, samples, RATE_HZ, format="WAV", subtype="PCM_16")
        return file.getvalue()
    rate_hz = _AAC_HZ[kind]
    voice = samples if rate_hz == RATE_HZ else soxr.resample(samples, RATE_HZ, rate_hz)
    with av.open(file, "w", format="mp4") as container:
        picture: Any = container.add_stream("mpeg4", rate=_PICTURES_A_S)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound: Any = container.add_stream("aac", rate=rate_hz, layout=kind, options={"aac_coder": "fast"})
        grey = rng.integers(0, 255, (48, 64, 1), dtype=np.uint8).repeat(3, axis=2)
        for number in range(1 + int(len(voice) / rate_hz * _PICTURES_A_S)):
            frame = av.VideoFrame.from_ndarray(np.roll(grey, number, axis=1), format="rgb24")
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        channels = _channels(voice, kind, rng)
        for start in range(0, channels.shape[1], _AAC_FRAME):
            part = np.ascontiguousarray(channels[:, start : start + _AAC_FRAME])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=kind)
            frame.sample_rate, frame.pts = rate_hz, start
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return file.getvalue()


def _channels(voice: NDArray[np.float32], kind: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """L R C LFE Ls Rs, or fewer [shape=(channels, n)]; in film the voice is in the middle."""
    if kind == "mono":
        return voice[None]
    if kind == "stereo":
        return np.stack([voice, 0.8 * voice])
    around = 0.01 * np.abs(voice).max() * rng.standard_normal((3, len(voice)), dtype=np.float32)
    return np.stack([0.3 * voice, 0.3 * voice, voice, *around]).astype(np.float32)
