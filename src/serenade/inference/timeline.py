"""Emotion over time in recordings longer than the model's window.

Windows of one length, each overlapping the next by half, are heard one after the other; a stretch of half a
window is answered by the mean of the two windows over it, each weighing as much as it holds speech. Memory
does not grow with the recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from serenade.inference.clip import Clip, Waveform, clip_of
from serenade.inference.model import Model
from serenade.inference.prediction import Prediction, Quality

Scores = npt.NDArray[np.float64]

_LEAST_S = 0.25
"""A last piece shorter than this has no row of its own."""


def timeline(
    model: Model,
    halves: Iterable[Waveform],
    *,
    file: str | None = None,
    resampled_from_hz: int | None = None,
) -> Iterator[Prediction]:
    """Answer each half window of a long recording as it arrives.

    Args:
        model: which model to ask.
        halves: the recording, cut into half windows [shape=(samples,)] at the model's rate; the last one
            may be shorter.
        file: path of the recording, for the answers.
        resampled_from_hz: its own rate, if another than the model's.

    Yields:
        One answer a half window, without gaps or overlap.
    """
    rate_hz = model.spec.front_end.rate_hz
    clips = (
        clip_of(half, rate_hz=rate_hz, resampled_from_hz=resampled_from_hz, file=file)
        for half in _without_crumb(halves, least=round(_LEAST_S * rate_hz))
    )
    start_s = 0.0
    before: _Heard | None = None
    clip = next(clips, None)
    while clip is not None:
        following = next(clips, None)
        if following is not None:
            after = _heard(model, _joined(clip, following))
        else:
            after = _heard(model, clip) if start_s == 0 else None
        around = [heard for heard in (before, after) if heard is not None]
        yield answer(
            model,
            _mean(around) if clip.has_speech else None,
            quality=clip.quality,
            start=start_s,
            file=file,
        )
        start_s += clip.quality.duration_s
        before, clip = after, following


def _without_crumb(halves: Iterable[Waveform], *, least: int) -> Iterator[Waveform]:
    """The same sound, its last piece joined to the one before it if that is too short to be heard alone."""
    before: Waveform | None = None
    for half in halves:
        if before is not None and len(half) < least:
            half = np.concatenate([before, half])
        elif before is not None:
            yield before
        before = half
    if before is not None and len(before):
        yield before


def answer(
    model: Model, scores: Scores | None, *, quality: Quality, start: float = 0.0, file: str | None = None
) -> Prediction:
    """The prediction of a model's probabilities [shape=(labels,)]; None where there is no speech."""
    named = {} if scores is None else dict(zip(model.spec.labels, map(float, scores), strict=True))
    return Prediction.of(
        named,
        quality=quality,
        model=model.name,
        start=start,
        end=start + quality.duration_s,
        file=file,
        unsure_below=model.spec.unsure_below,
    )


_Heard = tuple[Scores, float]  # probabilities of a window, and how much speech it holds


def _joined(left: Clip, right: Clip) -> Clip:
    """Two halves as one window."""
    duration_s = left.quality.duration_s + right.quality.duration_s
    speech_s = sum(half.quality.speech_ratio * half.quality.duration_s for half in (left, right))
    quality = Quality(
        duration_s=duration_s,
        speech_ratio=speech_s / duration_s,
        level_dbfs=max(left.quality.level_dbfs, right.quality.level_dbfs),
        clipped=left.quality.clipped or right.quality.clipped,
    )
    return Clip(np.concatenate([left.samples, right.samples]), quality, left.file)


def _heard(model: Model, window: Clip) -> _Heard | None:
    if not window.has_speech:
        return None
    return model.probabilities([window.samples])[0], window.quality.speech_ratio


def _mean(heard: Sequence[_Heard]) -> Scores:
    weights = np.array([weight for _, weight in heard])
    return np.average(np.stack([scores for scores, _ in heard]), axis=0, weights=weights)
