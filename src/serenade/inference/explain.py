"""Explain a prediction by occlusion: how the probability changes when a part of the sound is removed.

Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2, with
patches of time and frequency in place of those of an image. Only the inputs and outputs of the model are
used, so every model of sound can be explained. A drop shows what the model uses, not what people would use.
A network with attention over time also returns its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.decode import decode
from serenade.errors import ModelError
from serenade.inference.arrays import Waveform, waveform_of
from serenade.inference.model import Model
from serenade.inference.prediction import Prediction
from serenade.inference.sound import Recording, media_of
from serenade.inference.windows import Windows

MAX_TIMES, MIN_TIME_S = 12, 0.2
"""Most steps of time, and the length of the shortest one."""

BANDS = 6
"""Frequency bands, of equal width on the mel scale (HTK)."""

GAIN = 0.01
"""A removed patch is lowered by 40 dB: digital silence would be unlike any recording."""

BATCH = 8
_N_FFT, _HOP = 512, 128


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """How much each part of a recording contributes to its prediction.

    A drop is the probability of the emotion minus that without the part: positive where the part speaks for
    the emotion, negative where it speaks against it.

    Attributes:
        prediction: what is explained. Of a recording that is longer than the model's window, the stretch
            with the highest confidence in the emotion of the recording.
        emotion: whose probability is explained.
        probability: of the emotion, with nothing removed.
        edges_s: bounds of the steps of time, in seconds from the start of the stretch `[shape=(times + 1,)]`.
        edges_hz: bounds of the frequency bands in Hz `[shape=(bands + 1,)]`.
        drop: by patch of time and frequency `[shape=(bands, times)]`.
        drop_over_time: by step of time, all frequencies removed `[shape=(times,)]`.
        drop_over_frequency: by band, at all times `[shape=(bands,)]`.
        attention: of a network with attention over time, the weight of each step of time in its pooling, by
            steps of equal length over the stretch; they sum to 1 `[shape=(steps,)]`. None for other networks,
            such as the bundled models. Attention shows which steps are used most, not what they speak for.
        samples: the explained sound, mono at `rate_hz` `[shape=(n,)]`.
        rate_hz: sample rate.
    """

    prediction: Prediction
    emotion: str
    probability: float
    edges_s: NDArray[np.float64]
    edges_hz: NDArray[np.float64]
    drop: NDArray[np.float64]
    drop_over_time: NDArray[np.float64]
    drop_over_frequency: NDArray[np.float64]
    attention: NDArray[np.float64] | None
    samples: Waveform
    rate_hz: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without the sound."""
        return {
            "prediction": self.prediction.to_dict(),
            "emotion": self.emotion,
            "probability": round(self.probability, 4),
            "method": "occlusion",
            "edges_s": np.round(self.edges_s, 4).tolist(),
            "edges_hz": np.round(self.edges_hz, 1).tolist(),
            "drop": np.round(self.drop, 4).tolist(),
            "drop_over_time": np.round(self.drop_over_time, 4).tolist(),
            "drop_over_frequency": np.round(self.drop_over_frequency, 4).tolist(),
            "attention": None if self.attention is None else np.round(self.attention, 5).tolist(),
        }


def explain(
    model: Model,
    recording: Recording,
    *,
    emotion: str | None = None,
    rate: float | None = None,
    track: int | None = None,
) -> Explanation | None:
    """Explain the prediction of a recording.

    The model is run about 90 times.

    Args:
        model: of sound alone.
        recording: as for `Model.predict`; a file object can be read only once, so pass a path, the bytes or
            samples.
        emotion: one of the model's labels; None for the predicted one.
        rate: samples per second, if the recording is an array.
        track: number of the audio track, from 1; None for the first that is not silent.

    Returns:
        The explanation; None if there is no speech.

    Raises:
        UnsupportedMedia: the recording cannot be decoded as sound.
        ModelError: the model takes more than sound, or has no such label.

    >>> from serenade import load_model
    >>> explanation = explain(load_model("model.onnx"), "call.wav")
    >>> explanation.emotion, explanation.drop.shape
    ('sadness', (6, 10))
    """
    labels, rate_hz = model.labels, model.spec.front_end.rate_hz
    if emotion is not None and emotion not in labels:
        raise ModelError(f"has no label {emotion!r}; it has {', '.join(labels)}", file=model.file)
    model.windows()  # refuses models of more than sound
    rows = [row for row in model.segments(recording, rate=rate, track=track) if row.scores]
    if not rows:
        return None
    mean = {label: sum(row.scores[label] for row in rows) for label in labels}
    explained = emotion or max(mean, key=lambda label: mean[label])
    best = max(rows, key=lambda row: row.scores[explained])
    start, end = best.start, best.end
    media = media_of(recording, rate=rate)
    if media is None:
        samples = waveform_of(recording, rate=rate, rate_hz=rate_hz)
        samples = samples[round(start * rate_hz) : round(end * rate_hz)]
    else:
        samples = decode(media, rate_hz=rate_hz, start_s=start, duration_s=end - start, track=track).samples
    samples = samples[: Windows.of_predict(model._graph).whole]

    def probability(waveforms: Sequence[Waveform]) -> NDArray[np.float64]:
        found = model._graph.probabilities(waveforms)
        of_explained: NDArray[np.float64] = found[:, model.spec.labels.index(explained)]
        if labels == model.spec.labels:
            return of_explained
        total = found[:, [model.spec.labels.index(label) for label in labels]].sum(axis=1)
        relative: NDArray[np.float64] = of_explained / np.maximum(total, np.finfo(total.dtype).tiny)
        return relative

    whole = float(probability([samples])[0])
    edges_s, edges_hz, over_time, over_frequency, patches = occlusion(
        samples, probability, rate_hz=rate_hz, whole=whole
    )
    return Explanation(
        prediction=best,
        emotion=explained,
        probability=whole,
        edges_s=edges_s,
        edges_hz=edges_hz,
        drop=patches,
        drop_over_time=over_time,
        drop_over_frequency=over_frequency,
        attention=model._graph.attention(samples),
        samples=samples,
        rate_hz=rate_hz,
    )


def occlusion(
    samples: Waveform,
    probability: Callable[[Sequence[Waveform]], NDArray[np.float64]],
    *,
    rate_hz: int,
    whole: float,
) -> tuple[NDArray[np.float64], ...]:
    """Remove one part of the sound after the other, and measure what the probability loses.

    Args:
        samples: mono `[shape=(n,)]`.
        probability: of waveforms `[shape=(waveforms,)]`.
        rate_hz: sample rate.
        whole: the probability of `samples`.

    Returns:
        Bounds in seconds and in Hz, and the drops over time, over frequency and over both
        `[shape=(bands, times)]`.
    """
    n = len(samples)
    times = int(np.clip(n / rate_hz / MIN_TIME_S, 1, MAX_TIMES))
    top_mel = 2595 * np.log10(1 + rate_hz / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top_mel, BANDS + 1) / 2595) - 1)
    edges_s = np.linspace(0, n / rate_hz, times + 1)
    spectrum = _spectrum(samples)
    step = np.clip(np.arange(len(spectrum)) * _HOP * times // max(n, 1), 0, times - 1)
    band = np.clip(np.searchsorted(edges_hz, np.fft.rfftfreq(_N_FFT, 1 / rate_hz), "right") - 1, 0, BANDS - 1)

    def without(masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
        found = [
            probability([_sound(np.where(mask, GAIN, 1.0) * spectrum, n) for mask in masks[i : i + BATCH]])
            for i in range(0, len(masks), BATCH)
        ]
        return whole - np.concatenate(found)

    in_step = [(step == number)[:, None] for number in range(times)]
    in_band = [(band == number)[None, :] for number in range(BANDS)]
    over_time, over_frequency = without(in_step), without(in_band)
    both = without([rows & columns for columns in in_band for rows in in_step])
    return edges_s, edges_hz, over_time, over_frequency, both.reshape(BANDS, times)


def _spectrum(samples: Waveform) -> NDArray[np.complex128]:
    """Short-time spectrum `[shape=(frames, bins)]`; `_sound` inverts it."""
    padded = np.pad(samples.astype(np.float64), (_N_FFT // 2, _N_FFT))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
    return np.asarray(np.fft.rfft(frames * _window()))


def _sound(spectrum: NDArray[np.complex128], n: int) -> Waveform:
    frames = np.fft.irfft(spectrum, _N_FFT) * _window()
    total = np.zeros((len(frames) - 1) * _HOP + _N_FFT)
    weight = np.zeros_like(total)
    for number, frame in enumerate(frames):
        total[number * _HOP : number * _HOP + _N_FFT] += frame
        weight[number * _HOP : number * _HOP + _N_FFT] += _window() ** 2
    sound = total / np.maximum(weight, 1e-9)
    return sound[_N_FFT // 2 : _N_FFT // 2 + n].astype(np.float32)


def _window() -> NDArray[np.float64]:
    return np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT))
