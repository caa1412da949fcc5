"""Short recordings that are predicted in one computation.

The rows of a batch have similar lengths: padding is computed, too. Other recordings of a batch change a
probability by rounding only, less than 1e-6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from serenade.inference.model import Model
from serenade.inference.prediction import Prediction
from serenade.inference.segment import Segment
from serenade.inference.sound import Recording, open_sound
from serenade.inference.windows import Windows, read_start

_LONGEST = 1.25
"""Length of the longest recording of a computation, relative to the shortest."""


def short_segment(model: Model, recording: Recording) -> Segment | None:
    """A recording that `Model.predict` predicts in one window; None if it is longer.

    Args:
        model: a model of sound alone.
        recording: a file, as for `Model.predict`.

    Raises:
        UnsupportedMedia: the recording cannot be decoded as sound.
    """
    windows = Windows.of_predict(model._graph)
    sound = open_sound(recording, rate=None, rate_hz=windows.rate_hz, block_s=windows.block_s)
    return read_start(sound, windows)[1]


def predict_segments(model: Model, segments: Sequence[Segment]) -> list[Prediction]:
    """Predict several short recordings; each prediction is that of `Model.predict`.

    Args:
        model: a model of sound alone.
        segments: from `short_segment`.

    Raises:
        ModelError: the graph fails.

    >>> from serenade import load_model
    >>> model = load_model("model.onnx")
    >>> segments = [short_segment(model, name) for name in ("call.wav", "speaker/0.wav")]
    >>> [prediction.emotion for prediction in predict_segments(model, segments)]
    ['sadness', 'sadness']
    """
    scores: dict[int, npt.NDArray[np.float64]] = {}
    for group in _groups(segments):
        rows = model._graph.rows([segments[index].samples for index in group])
        scores.update(zip(group, rows, strict=True))
    return [
        model._graph.prediction(scores.get(index), quality=segment.quality)
        for index, segment in enumerate(segments)
    ]


def _groups(segments: Sequence[Segment]) -> Iterator[list[int]]:
    """The places of segments with speech, those of similar lengths together."""
    lengths = {index: len(segment.samples) for index, segment in enumerate(segments) if segment.has_speech}
    group: list[int] = []
    for index in sorted(lengths, key=lengths.__getitem__):
        if group and lengths[index] > _LONGEST * lengths[group[0]]:
            yield group
            group = []
        group.append(index)
    if group:
        yield group
