"""Voice activity detection with Silero's model (silero-vad 6.2.3, MIT licence), at any level and rate.

The model, `assets/silero_vad_16k_sequence.onnx` (SHA-256
9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85), gives a probability of speech for every
32 ms. Used as it is, it misses faint clips, shouting in a high voice and single syllables, and takes some
music for speech. Hence four additions; `benchmarks/vad.py` measures the whole. All sound is brought to one
level. The probabilities are averaged over windows. Where nothing is found, short sound is repeated to fill a
window, which gives the model its context. Where still nothing is found, the sound is slowed down,
which lowers a high voice, and passed to the model again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

import serenade.assets
from serenade.audio.level import SILENCE_DBFS, level_dbfs

MODEL = Path(serenade.assets.__file__).with_name("silero_vad_16k_sequence.onnx")
"""The ONNX file."""

FRAME_S = 0.032
"""Length of a frame, for which the model gives one probability."""

_MODEL_HZ = 16_000
_FRAME = 512
_CONTEXT = 64  # samples before a frame, which the model takes in addition
_STATE = (1, 1, 128)
_LEVEL_DBFS = -20.0
_RISE_DB = 1.0  # growth of the gain in a second, at most, so that pauses are not raised to speech
_SLOWED = 0.7
_BLOCK_S = 10.0
_GAP_S = 0.3

_SHORT, _LONG = 8, 40
"""Frames in the windows over which probabilities are averaged: 0.26 s and 1.28 s."""
_SURE_SHORT, _SURE_LONG, _SURE_SLOWED = 0.85, 0.35, 0.4
"""Means that only speech reaches: in a short window, a long window, a long window of the slowed sound."""
_LIKELY = 0.2
"""Short windows with this mean are speech if they overlap with a window as above."""


class SpeechDetector:
    """Finds speech in a recording that is passed block by block, in constant memory.

    The state of the model, the level and the last probabilities are carried from block to block. A block
    below `SILENCE_DBFS` has no speech.

    Args:
        rate_hz: sample rate of the blocks.

    >>> detector = SpeechDetector(rate_hz=16_000)
    >>> detector(np.zeros(1600, dtype=np.float32))
    array([False, False, False])
    """

    def __init__(self, *, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler: Any = None
        if rate_hz != _MODEL_HZ:
            self._resampler = soxr.ResampleStream(rate_hz, _MODEL_HZ, 1, dtype="float32", quality="HQ")
        self._waiting = np.zeros(_CONTEXT, dtype=np.float32)  # begins with the context of the next frame
        self._state = _initial_state()
        self._recent = np.zeros(_LONG - 1, dtype=np.float32)
        self._level_dbfs = SILENCE_DBFS

    def __call__(self, samples: NDArray[np.float32], *, last: bool = False) -> NDArray[np.bool_]:
        """Take the next block.

        Args:
            samples: mono [shape=(n,)], finite; n may be 0.
            last: whether the recording ends here, so that its last frame is padded with zeros.

        Returns:
            Whether there is speech, for each frame of `FRAME_S` that is complete [shape=(frames,)].
        """
        gain = self._gain(samples)
        samples = (samples - samples.mean()) * gain if gain else np.zeros_like(samples)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        waiting = np.concatenate([self._waiting, samples])
        if last:
            waiting = np.pad(waiting, (0, (_CONTEXT - len(waiting)) % _FRAME))
        count = (len(waiting) - _CONTEXT) // _FRAME
        self._waiting = waiting[count * _FRAME :]
        if not count:
            return np.zeros(0, dtype=bool)
        block = waiting[: _CONTEXT + count * _FRAME]
        probabilities, self._state = _probabilities(block, self._state)
        joined = np.concatenate([self._recent, probabilities])
        self._recent = joined[-len(self._recent) :]
        if not gain:
            return np.zeros(count, dtype=bool)
        speech = _speech(joined)[-count:]
        if count < _LONG and not speech.any():
            # Without context the model is slow to recognise a single syllable: repeated, it has one.
            block = np.pad(np.resize(block[_CONTEXT:], _LONG * _FRAME), (_CONTEXT, 0))
            speech = _speech(_probabilities(block, _initial_state())[0])[:count]
        if not speech.any():
            speech = _speech_if_slowed(block[_CONTEXT:])[:count]
        return speech

    def _gain(self, samples: NDArray[np.float32]) -> np.float32:
        """The factor that brings a block to one level; 0 if it is silent."""
        level = level_dbfs(samples)
        self._level_dbfs = max(level, self._level_dbfs - _RISE_DB * len(samples) / self._rate_hz)
        gain_db = _LEVEL_DBFS - self._level_dbfs
        return np.float32(0 if level < SILENCE_DBFS else 10 ** (gain_db / 20))


def speech_ratio(
    samples: NDArray[np.float32], *, rate_hz: int, detector: SpeechDetector | None = None
) -> float:
    """Fraction of the time with speech, 0 to 1.

    Args:
        samples: mono [shape=(n,)], finite.
        rate_hz: sample rate.
        detector: that of the recording whose next block this is; None if it is a whole recording.

    >>> speech_ratio(np.zeros(16_000, dtype=np.float32), rate_hz=16_000)
    0.0
    """
    if not len(samples):
        return 0.0
    blocks = _blocks(samples, rate_hz) if detector is None else [detector(samples)]
    frames = sum(int(speech.sum()) for speech in blocks)
    return min(1.0, frames * FRAME_S * rate_hz / len(samples))


def speech_segments(samples: NDArray[np.float32], *, rate_hz: int) -> list[tuple[float, float]]:
    """Segments with speech as (start, end) in seconds, in order, at least 0.3 s apart.

    Args:
        samples: mono [shape=(n,)], finite.
        rate_hz: sample rate.

    >>> speech_segments(np.zeros(16_000, dtype=np.float32), rate_hz=16_000)
    []
    """
    speech = np.concatenate([np.zeros(0, dtype=bool), *_blocks(samples, rate_hz)])
    edges = np.flatnonzero(np.diff(speech, prepend=False, append=False)) * FRAME_S
    segments: list[tuple[float, float]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        end = min(end, len(samples) / rate_hz)
        if segments and start - segments[-1][1] < _GAP_S:
            segments[-1] = (segments[-1][0], end)
        else:
            segments.append((start, end))
    return segments


def _blocks(samples: NDArray[np.float32], rate_hz: int) -> Iterator[NDArray[np.bool_]]:
    """Whether there is speech in each frame of a recording, a block at a time."""
    detector, size = SpeechDetector(rate_hz=rate_hz), max(1, round(_BLOCK_S * rate_hz))
    for at in range(0, len(samples), size):
        yield detector(samples[at : at + size], last=at + size >= len(samples))


_State = tuple[NDArray[np.float32], NDArray[np.float32]]


def _initial_state() -> _State:
    return np.zeros(_STATE, dtype=np.float32), np.zeros(_STATE, dtype=np.float32)


def _probabilities(samples: NDArray[np.float32], state: _State) -> tuple[NDArray[np.float32], _State]:
    """Probability of each frame, and the state after them; `samples` begin with the context of the first."""
    if not samples.any():
        return np.zeros(len(samples) // _FRAME, dtype=np.float32), _initial_state()
    frames = np.lib.stride_tricks.sliding_window_view(samples, _CONTEXT + _FRAME)[::_FRAME]
    inputs = {"input": np.ascontiguousarray(frames), "h": state[0], "c": state[1]}
    probabilities, hidden, cell = _session().run(["speech_probs", "hn", "cn"], inputs)
    return probabilities, (hidden, cell)


def _speech_if_slowed(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether there is speech in each frame of `samples` [shape=(frames * 512,)], by the slowed sound."""
    slowed = soxr.resample(samples, _SLOWED, 1.0, quality="HQ")
    slowed = np.pad(slowed, (_CONTEXT, -len(slowed) % _FRAME))
    probabilities, _ = _probabilities(slowed, _initial_state())
    speech = _in_windows(probabilities, _LONG, _SURE_SLOWED) & _in_windows(probabilities, _SHORT, _LIKELY)
    middles = (np.arange(len(samples) // _FRAME) + 0.5) / _SLOWED
    return np.asarray(speech[middles.astype(int)])


def _speech(probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether there is speech in each frame [shape=(frames,)]."""
    sure = _in_windows(probabilities, _LONG, _SURE_LONG) | _in_windows(probabilities, _SHORT, _SURE_SHORT)
    return np.asarray(sure & _in_windows(probabilities, _SHORT, _LIKELY))


def _in_windows(probabilities: NDArray[np.float32], size: int, least: float) -> NDArray[np.bool_]:
    """Whether each frame is in a window of `size` frames whose mean probability is at least `least`."""
    window = np.ones(size)
    padded = np.pad(probabilities, (0, max(0, size - len(probabilities))))
    found = np.convolve(padded, window, mode="valid") >= least * size
    return np.asarray(np.convolve(found, window)[: len(probabilities)] > 0.5)


_LOCK = Lock()


def _session() -> Any:
    """The model, loaded on first use, once for all threads."""
    with _LOCK:
        return _loaded()


@cache
def _loaded() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
