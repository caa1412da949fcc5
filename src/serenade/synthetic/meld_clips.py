"""Synthetic clips in the formats of MELD: video with AAC sound in 5.1, stereo or mono, and WAV."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from serenade.synthetic.speakers import Speaker, voice_with_emotion
from serenade.synthetic.synthesizer import RATE_HZ, synthesize

KINDS = {"5.1": 0.6, "stereo": 0.2, "mono": 0.1, "wav": 0.1}
"""Formats of a clip with their relative frequencies; all but "wav" are MP4."""

_AAC_HZ = {"5.1": 48_000, "stereo": 48_000, "mono": RATE_HZ}
_VIDEO_FPS = 5
_PHRASE_LETTERS = 24
_MAX_PHRASES = 8
_AAC_FRAME = 1024


def speak(text: str, speaker: Speaker, emotion: str, *, rng: np.random.Generator) -> NDArray[np.float32]:
    """Synthesize a text of any length, phrase by phrase, at `synthesizer.RATE_HZ` [shape=(n,)]."""
    phrases = [""]
    for word in text.split():
        if len(phrases[-1]) + len(word) > _PHRASE_LETTERS:
            phrases.append("")
        phrases[-1] += f" {word}"
    voice = voice_with_emotion(speaker, emotion, 1.0, rng)
    # A phrase without vowels ("17?!") becomes a hum.
    spoken = [phrase if any(letter in "aeiouy" for letter in phrase.lower()) else "mm" for phrase in phrases]
    return np.concatenate([synthesize(phrase, voice, rng=rng) for phrase in spoken[:_MAX_PHRASES]])


def encode(samples: NDArray[np.float32], kind: str, *, rng: np.random.Generator) -> bytes:
    """Encode a clip and return the bytes of its file.

    Args:
        samples: mono at `synthesizer.RATE_HZ` [shape=(n,)].
        kind: one of `KINDS`.
        rng: random generator for the surround channels and the video.
    """
    file = io.BytesIO()
    if kind == "wav":
        soundfile.write(file, samples, RATE_HZ, format="WAV", subtype="PCM_16")
        return file.getvalue()
    rate_hz = _AAC_HZ[kind]
    voice = samples if rate_hz == RATE_HZ else soxr.resample(samples, RATE_HZ, rate_hz)
    with av.open(file, "w", format="mp4") as container:
        video: Any = container.add_stream("mpeg4", rate=_VIDEO_FPS)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio: Any = container.add_stream("aac", rate=rate_hz, layout=kind, options={"aac_coder": "fast"})
        grey = rng.integers(0, 255, (48, 64, 1), dtype=np.uint8).repeat(3, axis=2)
        for number in range(1 + int(len(voice) / rate_hz * _VIDEO_FPS)):
            frame = av.VideoFrame.from_ndarray(np.roll(grey, number, axis=1), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        channels = _channels(voice, kind, rng)
        for start in range(0, channels.shape[1], _AAC_FRAME):
            block = np.ascontiguousarray(channels[:, start : start + _AAC_FRAME])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=kind)
            frame.sample_rate, frame.pts = rate_hz, start
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return file.getvalue()


def _channels(voice: NDArray[np.float32], kind: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """Channels L R C LFE Ls Rs, or fewer [shape=(channels, n)]; the voice is in the centre channel."""
    if kind == "mono":
        return voice[None]
    if kind == "stereo":
        return np.stack([voice, 0.8 * voice])
    noise = 0.01 * np.abs(voice).max() * rng.standard_normal((3, len(voice)), dtype=np.float32)
    return np.stack([0.3 * voice, 0.3 * voice, voice, *noise]).astype(np.float32)
