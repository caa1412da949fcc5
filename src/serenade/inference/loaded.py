"""A loaded model: what it is, and what is chosen before it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from serenade.adaptation import Adaptation
from serenade.errors import ModelError
from serenade.inference.graph import SOUND_ONLY, Graph
from serenade.inference.labels import chosen_labels
from serenade.inference.precision import threshold_of
from serenade.inference.windows import Segments, Windows
from serenade.spec import Spec


class LoadedModel:
    """The labels, threshold, windows and adaptation of a model; `serenade.inference.model.Model` predicts.

    Attributes:
        spec: its labels, front end, calibration and origin.
        file: its ONNX file.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.spec: Spec = graph.spec
        self.file: Path = graph.file

    def __repr__(self) -> str:
        return f"<Model {self.spec.name} {self.spec.version}: {', '.join(self.labels)}>"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its predictions: those of the Spec, or some of them (`restricted_to`)."""
        return self._graph.labels or self.spec.labels

    def restricted_to(self, labels: Sequence[str] | None) -> Self:
        """Return the same model, its predictions restricted to some of its labels.

        Their probabilities are divided by their sum, so that they sum to 1 again; a confidence then only
        compares these labels with each other. Speaker adaptation uses all labels.

        Args:
            labels: at least two, by name or in another spelling ("angry"); None for all.

        Raises:
            ModelError: the model does not have such a label, a label is there twice, or there is only one.

        >>> from serenade import load_model
        >>> model = load_model("model.onnx").restricted_to(["neutral", "anger"])
        >>> model.labels, model.predict("call.wav").emotion
        (('anger', 'neutral'), 'neutral')
        """
        if labels is None:
            return type(self)(replace(self._graph, labels=None))
        chosen = chosen_labels(labels, self.spec.labels, file=self.file)
        return type(self)(replace(self._graph, labels=chosen))

    def with_precision(self, precision: float) -> Self:
        """Return the same model, its predictions `unsure` unless a precision can be expected.

        The threshold is the confidence at and above which this share of the predictions was correct, for
        speakers that were held out in training. Recordings that are unlike the training data have fewer
        correct ones.

        Args:
            precision: share of correct predictions among those that are not `unsure`, from 0.5 to 0.95; the
                next step of 0.05.

        Raises:
            ModelError: out of range, not reached by the model, or the model has no thresholds.

        >>> from serenade import load_model
        >>> model = load_model("model.onnx")
        >>> [used.predict("call.wav").state for used in (model, model.with_precision(0.9))]
        ['ok', 'unsure']
        """
        threshold = threshold_of(self.spec.precision_thresholds, precision, file=self.file)
        return type(self)(replace(self._graph, spec=replace(self.spec, unsure_below=threshold)))

    @property
    def has_timeline(self) -> bool:
        """Whether `timeline` can be used: a model of sound alone, without dialogue context."""
        return self._graph.inputs == SOUND_ONLY

    def windows(
        self,
        *,
        window_s: float | None = None,
        hop_s: float | None = None,
        segments: Segments = "windows",
    ) -> Windows:
        """How a recording is cut for a timeline; arguments as for `timeline`.

        Raises:
            ModelError: the model takes more than sound, or a window or hop is out of range.
        """
        if not self.has_timeline:
            raise ModelError(
                "predicts utterances (it takes text or dialogue context), so it has no timeline; use a model "
                "of sound alone",
                file=self.file,
            )
        if segments == "speech":
            if hop_s is not None:
                raise ModelError("segments by speech detection have no hop; leave it out", file=self.file)
            return Windows.of_speech(self._graph, longest_s=window_s)
        return Windows.of(self._graph, window_s=window_s, hop_s=hop_s)

    @property
    def adaptation(self) -> Adaptation:
        """How predictions are corrected by unlabelled clips of a speaker.

        Raises:
            ModelError: the model has no speaker adaptation.
        """
        if self.spec.adaptation is None:
            raise ModelError(
                "has no speaker adaptation; train a model on more speakers (at least 5 in dev)",
                file=self.file,
            )
        return self.spec.adaptation
