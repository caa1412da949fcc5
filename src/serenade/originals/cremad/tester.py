"""A folder of recordings answered by a model, in the files that the original CREMA-D tester wrote."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from serenade.audio.decode import decode
from serenade.audio.logmel import FrontEnd, log_mel, normalize
from serenade.audio.speech import SILENCE_DBFS, is_silent
from serenade.errors import UnsupportedMedia
from serenade.evaluation import figures
from serenade.evaluation.calibration import softmax
from serenade.evaluation.style import PAPER, save_png
from serenade.evaluation.worst_errors import band_centres
from serenade.features.clips import LONGEST_S
from serenade.files import write_whole
from serenade.originals.cremad import figures as original_figures
from serenade.originals.cremad.weights import CLASSES, Loaded

COLUMNS = (
    "file",
    "predicted_class",
    "predicted_class_id",
    *(f"{name}_confidence" for name in CLASSES.values()),
)
"""Of `classification_results.csv`, as the original wrote them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What the model says of one file.

    Attributes:
        file: its name in the folder.
        scores: confidence by the original's class names; empty where there is no answer.
        note: why there is none, or "".
        level_db: what the model heard, not yet normalised [shape=(frames, n_mels)]; None without an answer.
        cut: whether frames behind `max_width` were left out.
        resampled_from_hz: the file's own rate where the model's front end has another, or None.
    """

    file: str
    scores: dict[str, float]
    note: str = ""
    level_db: NDArray[np.float32] | None = None
    cut: bool = False
    resampled_from_hz: int | None = None

    @property
    def predicted(self) -> str:
        """The class with the highest score, "" without an answer."""
        return max(self.scores, key=self.scores.__getitem__, default="")

    def to_dict(self) -> dict[str, Any]:
        """The row of `classification_results.csv`: cells are empty where nothing is known."""
        place = list(CLASSES.values()).index(self.predicted) if self.scores else ""
        scores = {f"{name}_confidence": self.scores.get(name, "") for name in CLASSES.values()}
        return {"file": self.file, "predicted_class": self.predicted, "predicted_class_id": place, **scores}


def classify(
    files: Iterable[Path], model: Loaded, *, max_width: int, device: torch.device | str = "cpu"
) -> Iterator[Answer]:
    """Answer file after file; what cannot be read, or is silent, has no answer but a note.

    Args:
        files: recordings.
        model: network and Spec; the Spec's front end and temperature are used.
        max_width: frames behind this many are cut off, after the whole clip was normalised.
        device: where the network runs; it is moved there.
    """
    network, spec = model.network.to(device), model.spec
    for file in files:
        try:
            samples, rate_hz = _samples(file, spec.front_end)
        except UnsupportedMedia as cause:
            yield Answer(file=file.name, scores={}, note=cause.message)
            continue
        levels = log_mel(samples, spec.front_end)
        heard = normalize(levels, spec.front_end)[:max_width]
        with torch.inference_mode():
            features = torch.from_numpy(np.ascontiguousarray(heard.T))[None].to(device)
            logits = network(features, torch.tensor([len(heard)], device=device)).float().cpu().numpy()
        probabilities = softmax(logits, temperature=spec.temperature)[0]
        yield Answer(
            file=file.name,
            scores={CLASSES[label]: float(p) for label, p in zip(spec.labels, probabilities, strict=True)},
            level_db=levels[:max_width],
            cut=len(levels) > max_width,
            resampled_from_hz=None if rate_hz == spec.front_end.rate_hz else rate_hz,
        )


def write_results(answers: Sequence[Answer], out: Path) -> None:
    """Write `classification_results.csv`, and `confidence_distribution.png` where anything was answered."""
    with write_whole(out / "classification_results.csv") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(answer.to_dict() for answer in answers)
    answered = [answer.scores for answer in answers if answer.scores]
    if answered:
        scores = [list(each.values()) for each in answered]
        figure = original_figures.confidence_distribution(scores, list(answered[0]), theme=PAPER)
        save_png(figure, out / "confidence_distribution.png")


def draw_mel(answer: Answer, front_end: FrontEnd, out: Path) -> None:
    """Write `{stem}_mel.png` of an answered file: what the model heard of it."""
    if answer.level_db is None:
        return
    figure = figures.log_mel(
        answer.level_db,
        hop_s=front_end.hop / front_end.rate_hz,
        band_hz=band_centres(front_end),
        theme=PAPER,
    )
    save_png(figure, out / f"{Path(answer.file).stem}_mel.png")


def _samples(file: Path, front_end: FrontEnd) -> tuple[NDArray[np.float32], int]:
    """Sound at the front end's rate, and the rate that the file had.

    Raises:
        UnsupportedMedia: it cannot be read, is silent, or is no single utterance.
    """
    sound = decode(file, rate_hz=front_end.rate_hz, duration_s=LONGEST_S + 1)
    if sound.duration_s > LONGEST_S:
        raise UnsupportedMedia(
            f"is longer than {LONGEST_S / 60:.0f} minutes, and no utterance; use serenade predict --timeline",
            file=file,
        )
    if is_silent(sound.samples):
        raise UnsupportedMedia(f"is silent: its level is below {SILENCE_DBFS:.0f} dBFS", file=file)
    return sound.samples, sound.source_rate_hz
