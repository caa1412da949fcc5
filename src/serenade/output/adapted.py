"""Predictions adapted to their speakers, in two passes over the recordings.

How a clip is corrected depends on all clips of its speaker. So the first pass predicts all recordings and
keeps them in an unfinished file, which an interrupted run continues; the second one corrects them. Memory: a
few numbers per prediction.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.adaptation import Adaptation, Speaker
from serenade.domain import sharpened
from serenade.errors import SerenadeError, UnsupportedMedia
from serenade.files import fitting_name, hash_of, sha256_of
from serenade.inference.adaptation import SpeakerState, adapted_probabilities, logits_of
from serenade.inference.prediction import Failure, Prediction, restricted
from serenade.inference.speakers import Speakers
from serenade.inference.windows import mean_of
from serenade.output.format import Layout, OutputFormat, Recording
from serenade.output.records import stamp_of
from serenade.output.resumable import ResumableFile
from serenade.output.writer import Predict
from serenade.schema import build


def _nothing(files: Sequence[Path]) -> Iterator[Recording]:
    return iter(())


@dataclass(kw_only=True)
class AdaptedPredictions:
    """Predictions for recordings, adapted to their speakers; `predict` is for `PredictionWriter.write`.

    Attributes:
        files: all recordings, in order.
        adaptation: of the model.
        speakers: who speaks.
        labels: all labels of the model; the first pass predicts all of them.
        chosen: the labels that predictions are restricted to; None for all.
        unsure_below: of the model.
        first_pass: yields the predictions of each recording, without adaptation.
        is_timeline: each prediction is written; else the mean of those of a recording.
        settings: what the first pass depends on, besides the recordings; None if it is not to be continued.
        out: the output file; None for stdout.
        overwrite: predict all again.
        enrolled: the speakers by name, known after the first pass.
    """

    files: Sequence[Path]
    adaptation: Adaptation
    speakers: Speakers
    labels: Sequence[str]
    unsure_below: float
    chosen: Sequence[str] | None = None
    first_pass: Predict = _nothing
    is_timeline: bool = False
    settings: Mapping[str, Any] | None = None
    out: Path | None = None
    overwrite: bool = False
    enrolled: dict[str, Speaker] = field(default_factory=dict)

    def predict(self, missing: Sequence[Path]) -> Iterator[Recording]:
        """Yield the predictions of some of the recordings, corrected by all of them."""
        wanted = set(missing)
        with self._unadapted() as unadapted:
            for _ in unadapted.extend(self.first_pass(unadapted.missing)):
                pass
            self._enrol(map(_from_json, unadapted.texts()))
            for file, recording in zip(self.files, map(_from_json, unadapted.texts()), strict=True):
                if file in wanted:
                    yield self._adapted(recording)

    def predict_all(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """Yield predictions that are held in memory, such as those of texts, corrected by all of them."""
        kept = list(recordings)
        self._enrol(kept)
        return map(self._adapted, kept)

    def discard(self) -> None:
        """Remove what the first pass has kept; to be called when the output is complete."""
        if self.settings is not None and self.out is not None:
            _kept_at(self.out).unlink(missing_ok=True)

    def _enrol(self, recordings: Iterable[Recording]) -> None:
        states: dict[str, SpeakerState] = defaultdict(lambda: SpeakerState(self.adaptation))
        for recording in recordings:
            for row in recording:
                if isinstance(row, Prediction) and row.scores and (name := self._speaker_of(row)):
                    states[name].add(logits_of(self._probabilities(row)))
        self.enrolled = {name: state.speaker for name, state in states.items()}

    @contextmanager
    def _unadapted(self) -> Iterator[ResumableFile]:
        with tempfile.TemporaryDirectory() as temporary:
            is_kept = self.settings is not None and self.out is not None
            file = ResumableFile(
                _base_of(self.out) if is_kept and self.out is not None else Path(temporary) / "predictions",
                format=_ROWS,
                layout=Layout(labels=self.labels),
                settings=self.settings or {},
                inputs=self.files,
                overwrite=self.overwrite,
            )
            try:
                yield file
            finally:
                file.close()

    def _adapted(self, recording: Recording) -> Recording:
        if isinstance(recording[0], Failure):
            return recording
        rows = [self._adapted_row(row) for row in recording if isinstance(row, Prediction)]
        return rows if self.is_timeline else [mean_of(iter(rows), unsure_below=self.unsure_below)]

    def _adapted_row(self, row: Prediction) -> Prediction:
        name = self._speaker_of(row)
        speaker = self.enrolled.get(name) if row.scores else None
        is_corrected = speaker is not None and speaker.trust > 0
        if not is_corrected and (self.chosen is None or not row.scores):
            return replace(row, speaker=name or None, adaptation=None if speaker is None else 0.0)
        scores = row.scores
        if speaker is not None and is_corrected:
            (adapted,) = adapted_probabilities([self._probabilities(row)], speaker)
            scores = dict(zip(self.labels, map(float, adapted), strict=True))
        return Prediction.of(
            restricted(scores, self.chosen),
            quality=row.quality,
            model=row.model,
            start=row.start,
            end=row.end,
            file=row.file,
            unsure_below=self.unsure_below,
            adaptation=None if speaker is None else speaker.trust,
            domain_distance=None if is_corrected else row.domain_distance,
            speaker=name or None,
        )

    def _speaker_of(self, row: Prediction) -> str:
        return row.speaker or self.speakers.of(row.file or "", start=row.start, end=row.end)

    def _probabilities(self, row: Prediction) -> NDArray[np.float64]:
        """The probabilities before the domain check lowered a confidence."""
        return sharpened([row.scores[label] for label in self.labels], row.domain_distance or 0.0)


def adapted_settings(spec: str, files: Sequence[Path]) -> dict[str, Any]:
    """What adapted predictions depend on besides the model: the speakers, and all of the recordings.

    Args:
        spec: the value of `--speakers`.
        files: all recordings.
    """
    return {
        "speakers": spec,
        "file of speakers": sha256_of(spec) if Path(spec).is_file() else None,
        "recordings": hash_of({str(file): stamp_of(file) for file in files}),
    }


def _write_rows(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield one line of JSON for each recording, with every digit of the scores."""
    for recording in recordings:
        rows = [asdict(row) if isinstance(row, Prediction) else row.to_dict() for row in recording]
        yield json.dumps(rows) + "\n"


_ROWS = OutputFormat(
    name="unadapted predictions", about="", suffixes=(), write=_write_rows, is_resumable=True
)


def _from_json(line: str) -> Recording:
    return [_failure(row) if "error" in row else build(Prediction, row) for row in json.loads(line)]


def _failure(row: Mapping[str, Any]) -> Failure:
    error = row["error"]
    kind = UnsupportedMedia if error["code"] == UnsupportedMedia.code else SerenadeError
    return Failure(file=row["file"], error=kind(error["message"], file=error["file"]))


def _base_of(out: Path) -> Path:
    return out.with_name(fitting_name(f".{out.name}", ".unadapted"))


def _kept_at(out: Path) -> Path:
    base = _base_of(out)
    return base.with_name(fitting_name(base.name, ".part"))
