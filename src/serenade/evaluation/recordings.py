"""Evaluate a model on labelled recordings: a folder of a corpus, or a CSV file that lists them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.corpora import read_corpus
from serenade.corpora.speaker_names import names_of_speakers
from serenade.errors import CorpusError
from serenade.evaluation.clip_sound import ClipSound
from serenade.evaluation.evaluate import Evaluation, evaluate_predictions
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.predictions import INDEX_COLUMNS
from serenade.evaluation.training_clips import REASONS, training_clips
from serenade.features.prepare import clip_ids
from serenade.files import protect_inputs
from serenade.folders import ModelFolder, RunFolder
from serenade.inference.load import load_model
from serenade.inference.locate import find_model
from serenade.inference.model import Model
from serenade.inference.parallel import Progress, map_in_order
from serenade.inference.prediction import Prediction


def evaluate_recordings(
    model: str | Path | None,
    recordings: str | Path,
    *,
    corpus: str | None = None,
    out: str | Path | None = None,
    include_training_clips: bool = False,
    jobs: int = 1,
    device: str = "cpu",
    audio: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    r"""Evaluate a model on labelled recordings, as `serenade predict` would predict them.

    Clips that the model was trained on, and clips of speakers that it was trained on, are left out. Clips
    without speech have no prediction and are counted.

    Args:
        model: what `serenade.load_model` takes: a bundled model, an ONNX file, a model folder or a run folder
            (its final model).
        recordings: a folder of a known corpus, or a CSV or TSV file that lists recordings and labels.
        corpus: name of the corpus; recognised by file names if None.
        out: the evaluation folder; if None `evaluation/<name of the recordings>` in the run of the model, or
            `evaluation-<name of the recordings>` in the current folder if the model is not of a run.
        include_training_clips: evaluate clips that the model was trained on, too.
        jobs: clips that are computed at the same time.
        device: where the model is computed, "cpu" or "cuda".
        audio: embed the sound of the most confident errors in the report.
        progress: called with (clips done, number of clips).

    Raises:
        CorpusError: no such recordings, or all of them were trained on.
        ModelError: no such model, or one that takes text.
        DeviceError: there is no such device, or no usable GPU.
        MissingExtra: "cuda" without onnxruntime-gpu.
        OutputError: the evaluation folder cannot be written.

    >>> _ = Path("voices.csv").write_text("file,emotion,speaker\ncall.wav,sadness,a\nlong.wav,fear,b\n")
    >>> evaluation = evaluate_recordings("model.onnx", "voices.csv", out="on-voices", audio=False)
    >>> evaluation.metrics["counts"]["scored"], evaluation.metrics["pooled"]["accuracy"]
    (2, 0.5)
    """
    file = find_model(model)
    loaded = load_model(file, device=device)
    loaded.windows()  # raises for models of text, before any work
    table = read_corpus(recordings, corpus)
    table = table.assign(id=clip_ids(table))
    folder = Path(out) if out else _default_out(file, Path(recordings))
    protect_inputs([folder], [file, recordings])
    EvaluationFolder(folder).check()
    table = _measured(table, ClipSound(front_end=loaded.spec.front_end), jobs=jobs)
    reasons, chosen = _chosen(table, file, loaded, include=include_training_clips)
    rows, scores = [], []
    for row, prediction in zip(chosen, _predictions(loaded, table.iloc[chosen], jobs=jobs), strict=True):
        if prediction.scores:
            rows.append(row)
            scores.append([prediction.scores[label] for label in loaded.spec.labels])
        else:
            table.loc[row, "state"] = prediction.state
        if progress is not None:
            progress(len(rows), len(chosen))
    if not len(rows):
        states = Counter(table["state"])
        why = ", ".join(f"{states[state]} {state}" for state in sorted(states))
        trained = 0 if reasons is None else sum(reasons.values())
        if trained and not len(chosen):
            why = (
                f"the model was trained on {trained} of its {len(table)} clips; evaluate other "
                "recordings. With --include-training-clips the scores are too high"
            )
        raise CorpusError(f"has no clip that can be evaluated: {why}", file=recordings)
    spec = loaded.spec
    probabilities = np.array(scores)
    kept = table.iloc[rows][[name for name in INDEX_COLUMNS if name in table]].reset_index(drop=True)
    kept["speaker"] = names_of_speakers(table).iloc[rows].to_numpy(object)
    kept["predicted"] = [spec.labels[best] for best in probabilities.argmax(1)]
    kept["confidence"] = probabilities.max(1)
    kept["temperature"], kept["unsure_below"] = spec.temperature, spec.unsure_below
    run = RunFolder.containing(file)
    metrics = evaluate_predictions(
        kept.assign(**{f"score_{label}": probabilities[:, i] for i, label in enumerate(spec.labels)}),
        labels=spec.labels,
        out=folder,
        spec=spec,
        run=run if run is not None and run.recipe.is_file() else None,
        training_clips={
            "known": reasons is not None,
            "included": include_training_clips,
            "clips": len(table),
            "runs": [{"found": sum(reasons.values()), **reasons}] if reasons is not None else [],
        },
        unusable=Counter(f"state {state}" for state in table["state"] if state not in ("ok", "")),
        audio=audio,
    )
    return Evaluation(folder=folder, metrics=metrics, data=str(recordings), models=(({}, file),))


def _measured(table: pd.DataFrame, sound: ClipSound, *, jobs: int) -> pd.DataFrame:
    """The table with the state of each clip, its length and the hash of its sound."""

    def measure(row: Any, _: Progress) -> dict[str, Any]:
        try:
            samples = sound.read(row)
        except CorpusError:
            state = "unreadable" if Path(row.file).is_file() else "missing"
            return {"state": state, "sha256": "", "duration_s": np.nan}
        digest = hashlib.sha256(np.ascontiguousarray(samples, "<f4").data).hexdigest()
        return {"state": "ok", "sha256": digest, "duration_s": len(samples) / sound.front_end.rate_hz}

    rows = list(map_in_order(measure, table.itertuples(index=False), jobs=jobs))
    return table.assign(**{name: [row[name] for row in rows] for name in ("state", "sha256", "duration_s")})


def _chosen(
    table: pd.DataFrame, file: Path, model: Model, *, include: bool
) -> tuple[dict[str, int] | None, NDArray[np.int64]]:
    """How many clips were trained on, by reason (None if that is not known), and which rows are evaluated."""
    readable = (table["state"] == "ok").to_numpy()
    known = ModelFolder(file.parent).read_trained_on()
    if known is None:
        return None, np.flatnonzero(readable)
    by_speaker = model.spec.split.get("grouped_by") != "dialogue"
    reason = training_clips(table, known, by_speaker=by_speaker).to_numpy()
    reasons = {name: int((reason == name).sum()) for name in REASONS}
    return reasons, np.flatnonzero(readable & (include | (reason == "")))


def _predictions(model: Model, table: pd.DataFrame, *, jobs: int) -> Iterator[Prediction]:
    sound = ClipSound(front_end=model.spec.front_end)

    def predict(row: Any, progress: Progress) -> Prediction:
        return model.predict(sound.read(row), rate=sound.front_end.rate_hz, progress=progress)

    return map_in_order(predict, table.itertuples(index=False), jobs=jobs)


def _default_out(file: Path, recordings: Path) -> Path:
    run = RunFolder.containing(file)
    name = recordings.resolve().stem
    return run.evaluation / name if run is not None else Path(f"evaluation-{name}")
