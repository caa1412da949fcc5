"""The domain check of a model: natural speech, and corpora that it was not trained on, without and with it.

    python benchmarks/domain.py MODEL --data DIR [--every N] [--out FILE.json]

DIR has the folders meeting (recordings of meetings) and those of corpora; speakers that the model was trained
on are skipped. FILE is read by `serenade.training.card_results`.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from serenade import Model, Prediction, load_model, read_corpus
from serenade.domain import sharpened
from serenade.evaluation.calibration import reliability
from serenade.evaluation.training_clips import training_clips
from serenade.files import write_json
from serenade.folders import ModelFolder

CORPORA = ("cremad", "emodb", "emovo", "nemo", "ravdess")


def unchecked(row: Prediction, *, unsure_below: float) -> tuple[str, float, bool]:
    """Emotion, confidence and whether it is unsure, as they are without the check."""
    confidence = float(sharpened(list(row.scores.values()), row.domain_distance or 0.0).max())
    return str(row.emotion), confidence, confidence < unsure_below


def measure_meetings(model: Model, files: Iterable[Path]) -> dict[str, Any]:
    """How many stretches of natural speech get which prediction."""
    before, after, count = Counter[str](), Counter[str](), 0
    for file in files:
        count += 1
        for row in model.timeline(file):
            if row.scores:
                emotion, _, is_unsure = unchecked(row, unsure_below=model.spec.unsure_below)
                before["unsure" if is_unsure else emotion] += 1
                after["unsure" if row.state == "unsure" else emotion] += 1
    return {"files": count, "stretches": before.total(), "before": dict(before), "after": dict(after)}


def measure_corpus(model: Model, folder: Path, *, every: int) -> dict[str, Any] | None:
    """Accuracy and calibration on the speakers of a corpus that were not trained on; None without any."""
    table = read_corpus(folder)
    name = str(table["corpus"].iloc[0])
    if (known := ModelFolder(model.file.parent).read_trained_on()) is not None:
        table = table[training_clips(table.assign(sha256=""), known, by_speaker=True) == ""]
    elif name in {corpus["name"] for corpus in model.spec.corpora}:
        return None
    table = table[table["emotion"].isin(model.spec.labels) & table["start"].isna()].iloc[::every]
    if table.empty:
        return None
    rows = []
    for file, emotion in zip(table["file"], table["emotion"], strict=True):
        row = model.predict(file)
        if row.scores:
            _, confidence, is_unsure = unchecked(row, unsure_below=model.spec.unsure_below)
            rows.append(
                (row.emotion == emotion, confidence, row.confidence, is_unsure, row.state == "unsure")
            )
    correct, before, after, unsure_before, unsure_after = map(np.array, zip(*rows, strict=True))
    return {
        "corpus": name,
        "clips": len(rows),
        "accuracy": float(correct.mean()),
        "confidence_before": float(before.mean()),
        "confidence_after": float(after.mean()),
        "ece_before": reliability(before, correct).ece,
        "ece_after": reliability(after, correct).ece,
        "unsure_before": float(unsure_before.mean()),
        "unsure_after": float(unsure_after.mean()),
    }


def main() -> None:
    """Print the figures, and write them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="name, file or folder of a model with a domain check")
    parser.add_argument("--data", type=Path, required=True, help="folder of meeting and the corpora")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth clip of a corpus")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON file with the figures")
    chosen = parser.parse_args()
    model = load_model(chosen.model)
    if model.spec.domain is None:
        parser.error(f"{chosen.model} has no domain check; train it again")
    meetings = measure_meetings(model, sorted((chosen.data / "meeting").glob("*.flac")))
    print(meetings)
    corpora = []
    for name in CORPORA:
        if (chosen.data / name).is_dir():
            if (row := measure_corpus(model, chosen.data / name, every=chosen.every)) is not None:
                corpora.append(row)
                print(row)
        else:
            print(f"{name}: not in {chosen.data}, skipped")
    if chosen.out is not None:
        write_json(chosen.out, {"meetings": meetings, "corpora": corpora})


if __name__ == "__main__":
    main()
