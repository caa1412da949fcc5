"""Several stretches of a recording as one answer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby

from serenade.inference.prediction import Prediction, Quality


def summary(stretches: Iterable[Prediction], *, unsure_below: float) -> Prediction:
    """One answer for consecutive stretches: the mean of their scores, weighted by seconds of speech.

    Raises:
        ValueError: there are no stretches.
    """
    scores: dict[str, float] = {}
    duration_s = speech_s = power = 0.0
    clipped = False
    first: Prediction | None = None
    for last in stretches:
        first = first or last
        quality = last.quality
        weight = quality.speech_ratio * quality.duration_s
        for label, score in last.scores.items():
            scores[label] = scores.get(label, 0.0) + weight * score
        duration_s += quality.duration_s
        speech_s += weight
        power += quality.duration_s * 10 ** (quality.level_dbfs / 10)
        clipped = clipped or quality.clipped
    if first is None:
        raise ValueError("no stretches to sum up")
    return Prediction.of(
        scores,
        quality=Quality(
            duration_s=duration_s,
            speech_ratio=speech_s / duration_s,
            level_dbfs=10 * math.log10(power / duration_s),
            clipped=clipped,
            resampled_from_hz=first.quality.resampled_from_hz,
        ),
        model=first.model,
        start=first.start,
        end=last.end,
        file=first.file,
        unsure_below=unsure_below,
    )


def merged(stretches: Iterable[Prediction]) -> Iterator[Prediction]:
    """Neighbours of the same emotion and state as one stretch, for captions and annotation tiers."""
    for (_, state), same in groupby(stretches, key=lambda stretch: (stretch.emotion, stretch.state)):
        # A mean of unsure answers stays unsure, and one of sure ones sure.
        yield summary(same, unsure_below=math.inf if state == "unsure" else 0.0)
