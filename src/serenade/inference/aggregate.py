"""Several segments of a recording as one prediction."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby

from serenade.inference.prediction import Prediction, Quality


def mean_prediction(segments: Iterable[Prediction], *, unsure_below: float) -> Prediction:
    """One prediction for consecutive segments: the mean of their scores, weighted by seconds of speech.

    Args:
        segments: in the order of time, at least one.
        unsure_below: the mean is "unsure" if its confidence is below this.

    Raises:
        ValueError: there are no segments.
    """
    scores: dict[str, float] = {}
    adapted_s = adaptation_s = checked_s = distance_s = 0.0
    duration_s = speech_s = power = 0.0
    clipped = False
    speakers: set[str | None] = set()
    warnings: dict[str, None] = {}
    first: Prediction | None = None
    for last in segments:
        first = first or last
        speakers.add(last.speaker)
        quality = last.quality
        weight = quality.speech_ratio * quality.duration_s
        for label, score in last.scores.items():
            scores[label] = scores.get(label, 0.0) + weight * score
        if last.adaptation is not None:
            adapted_s += weight
            adaptation_s += weight * last.adaptation
        if last.domain_distance is not None:
            checked_s += weight
            distance_s += weight * last.domain_distance
        duration_s += quality.duration_s
        speech_s += weight
        power += quality.duration_s * 10 ** (quality.level_dbfs / 10)
        clipped = clipped or quality.clipped
        warnings.update(dict.fromkeys(quality.warnings))
    if first is None:
        raise ValueError("there are no segments")
    return Prediction.of(
        scores,
        quality=Quality(
            duration_s=duration_s,
            speech_ratio=speech_s / duration_s,
            level_dbfs=10 * math.log10(power / duration_s),
            clipped=clipped,
            resampled_from_hz=first.quality.resampled_from_hz,
            warnings=tuple(warnings),
        ),
        model=first.model,
        start=first.start,
        end=last.end,
        file=first.file,
        unsure_below=unsure_below,
        adaptation=adaptation_s / adapted_s if adapted_s else None,
        speaker=first.speaker if len(speakers) == 1 else None,
        domain_distance=distance_s / checked_s if checked_s else None,
    )


def merge_neighbours(segments: Iterable[Prediction]) -> Iterator[Prediction]:
    """Neighbouring segments of the same emotion, state and speaker as one, for captions and annotations."""
    for (_, state, _), same in groupby(
        segments, key=lambda segment: (segment.emotion, segment.state, segment.speaker)
    ):
        # The mean of unsure predictions is unsure, too.
        yield mean_prediction(same, unsure_below=math.inf if state == "unsure" else 0.0)
