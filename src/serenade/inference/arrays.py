"""Sound in memory as mono samples at a model's rate: NumPy arrays, PyTorch tensors, lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from serenade.audio.downmix import Downmix
from serenade.errors import UnsupportedMedia

Waveform = npt.NDArray[np.float32]
"""Mono samples, full scale 1 [shape=(samples,)]."""

MAX_CHANNELS = 8
"""A second axis longer than this is not of channels; more likely the array is a spectrogram."""

RATES_HZ = (1_000, 384_000)
"""Lowest and highest sample rate of an array."""

_PEAK = 100.0
"""A peak beyond this, 40 dB above full scale, means that integers became floats without scaling."""


def waveform_of(samples: Any, *, rate: float | None, rate_hz: int) -> Waveform:
    """Mix an array to mono and resample it.

    Args:
        samples: what `numpy.asarray` accepts, or a PyTorch tensor on any device. Its shape is `(samples,)`,
            `(samples, channels)`, or `(channels, samples)` where the first axis has at most 8 entries and is
            the shorter one. Floats have full scale 1. Signed integers are PCM of their full range, unsigned
            8-bit integers PCM with 128 as zero. Integers of 64 bits, which a list becomes, are 16-bit PCM.
        rate: samples per second.
        rate_hz: the rate to resample to.

    Raises:
        UnsupportedMedia: another shape or type, empty, not finite, or an impossible rate.

    >>> waveform_of(np.array([0, 16384, -32768], dtype=np.int16), rate=16_000, rate_hz=16_000)
    array([ 0. ,  0.5, -1. ], dtype=float32)
    >>> waveform_of([[0.5, 0.0, 0.25], [0.5, 0.0, 0.75]], rate=16_000, rate_hz=16_000)
    array([0.5, 0. , 0.5], dtype=float32)
    >>> waveform_of(np.zeros((128, 300)), rate=16_000, rate_hz=16_000)
    Traceback (most recent call last):
        ...
    serenade.errors.UnsupportedMedia: an array of shape (128, 300) is not sound: ...
    """
    source_hz = whole_rate(rate)
    array = _scaled(_to_numpy(samples))
    mono = array if array.ndim == 1 else Downmix()(np.ascontiguousarray(_channels_last(array)))
    if source_hz == rate_hz:
        return mono
    waveform: Waveform = np.asarray(soxr.resample(mono, source_hz, rate_hz))
    if not len(waveform):
        raise UnsupportedMedia(f"an array of {len(mono)} samples is too short at {source_hz:,} Hz")
    return waveform


def whole_rate(rate: float | None) -> int:
    """Return a sample rate that samples in memory may have.

    Raises:
        UnsupportedMedia: none, not a whole number, or out of range.

    >>> whole_rate(16_000.0)
    16000
    """
    if rate is None:
        raise UnsupportedMedia("an array has no sample rate; pass it, such as rate=16000")
    low, high = RATES_HZ
    try:
        valid = not isinstance(rate, bool) and low <= rate <= high and rate == int(rate)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise UnsupportedMedia(
            f"rate= must be the samples per second of the array, a whole number from {low:,} to {high:,}, "
            f"not {rate!r:.40}"
        )
    return int(rate)


def _to_numpy(samples: Any) -> npt.NDArray[Any]:
    if hasattr(
        samples, "detach"
    ):  # a PyTorch tensor, which NumPy takes only from the CPU and not as bfloat16
        samples = samples.detach().cpu()
        samples = samples.float() if samples.is_floating_point() else samples
    try:
        array = np.asarray(samples)
    except ValueError:
        raise UnsupportedMedia("a list of lists of different lengths is not sound") from None
    if array.size == 0:
        raise UnsupportedMedia(f"an array of shape {array.shape} is empty; it must have at least one sample")
    if not (array.ndim == 1 or (array.ndim == 2 and _channel_axis(array.shape) is not None)):
        raise UnsupportedMedia(
            f"an array of shape {array.shape} is not sound: it must be (samples,), (samples, channels) or "
            f"(channels, samples), with at most {MAX_CHANNELS} channels"
        )
    return array


def _channel_axis(shape: tuple[int, ...]) -> int | None:
    """The axis of channels of a two-dimensional array; None if neither can be."""
    first, second = shape
    if first <= MAX_CHANNELS and first < second:
        return 0
    return 1 if second <= MAX_CHANNELS else None


def _channels_last(array: Waveform) -> Waveform:
    return array.T if _channel_axis(array.shape) == 0 else array


def _scaled(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The array as floats of full scale 1."""
    kind = array.dtype
    if kind == np.uint8:
        return np.asarray((array.astype(np.float32) - 128) / 128, dtype=np.float32)
    if np.issubdtype(kind, np.signedinteger):
        bits = 16 if kind.itemsize == 8 else 8 * kind.itemsize
        full = 2.0 ** (bits - 1)
        if kind.itemsize == 8 and not (-full <= array.min() and array.max() < full):
            raise UnsupportedMedia(
                "64-bit integers, as in a list, must be 16-bit PCM, from -32,768 to 32,767; convert other "
                "PCM to its own type, such as numpy.int32"
            )
        return (array / full).astype(np.float32)
    if not np.issubdtype(kind, np.floating):
        raise UnsupportedMedia(
            f"an array of {kind} is not sound; floats, signed integers and 8-bit unsigned integers are"
        )
    with np.errstate(over="ignore"):
        floats = array.astype(np.float32)
    peak = float(np.abs(floats).max())
    if not np.isfinite(peak):
        raise UnsupportedMedia("an array with NaN or infinity is not sound; repair the recording first")
    if peak > _PEAK:
        raise UnsupportedMedia(
            f"floats must have full scale 1, and the peak of this array is {peak:,.0f}; divide 16-bit PCM "
            "by 32768"
        )
    return floats
