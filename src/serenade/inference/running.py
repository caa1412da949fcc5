"""Speaker adaptation in the course of a recording or stream: earlier predictions correct later ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from serenade.inference.adaptation import SpeakerState, logits_of
from serenade.inference.graph import Graph
from serenade.inference.prediction import Prediction, Quality


class RunningAdaptation:
    """The speakers of one recording or stream so far.

    A prediction depends on earlier sound only. Without a speaker, or for a model without speaker adaptation,
    it is not corrected.

    Args:
        graph: the model.
        adapt: False to name the speakers only.

    >>> from serenade import load_model
    >>> running = RunningAdaptation(load_model("adapted.onnx")._graph)
    >>> quality = Quality(duration_s=2.5, speech_ratio=0.8, level_dbfs=-23.0, clipped=False)
    >>> prediction = running.prediction(np.array([0.3, 0.7]), speaker="Ann", quality=quality)
    >>> prediction.emotion, prediction.speaker, prediction.adaptation
    ('neutral', 'Ann', 0.0)
    """

    def __init__(self, graph: Graph, *, adapt: bool = True) -> None:
        self._graph = graph
        self._adaptation = graph.spec.adaptation if adapt else None
        self._states: dict[str, SpeakerState] = {}

    def prediction(
        self,
        scores: npt.NDArray[np.float64] | None,
        *,
        speaker: str,
        quality: Quality,
        start: float = 0.0,
        file: str | None = None,
        is_clip: bool = True,
    ) -> Prediction:
        """The prediction of a segment.

        Args:
            scores: as for `Graph.prediction`, as all that is not named here.
            speaker: name; "" if it is not known.
            quality: of the segment.
            start: in seconds.
            file: name of the recording.
            is_clip: whether later predictions are corrected by this one.
        """
        adaptation = self._adaptation
        if not speaker or scores is None or adaptation is None:
            prediction = self._graph.prediction(scores, quality=quality, start=start, file=file)
            return replace(prediction, speaker=speaker or None)
        state = self._states.setdefault(speaker, SpeakerState(adaptation))
        graph = replace(self._graph, speaker=state.speaker)
        prediction = graph.prediction(scores, quality=quality, start=start, file=file)
        if is_clip:
            state.add(logits_of(scores[: len(graph.spec.labels)]))
        return replace(prediction, speaker=speaker)
