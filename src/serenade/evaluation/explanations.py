"""Explain a few predictions of an evaluation: the most confident ones, correct and wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.evaluation.clip_sound import ClipSound
from serenade.evaluation.evaluate import Evaluation
from serenade.evaluation.figures.style import save_png
from serenade.evaluation.folder import MAX_EXPLANATIONS, EvaluationFolder
from serenade.evaluation.graphs import graph_of, rows_of
from serenade.evaluation.predictions import labelled, one_per_clip
from serenade.inference.explain import explain
from serenade.inference.model import Model
from serenade.output.explanation import new_figure


def explain_predictions(
    done: Evaluation,
    *,
    clips: int,
    data: Path | None = None,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write `explanations.json` and a figure for each of the most confident predictions.

    Args:
        done: the evaluation; its files are read from its folder.
        clips: number of predictions, at most 6; one half of them correct, the other half wrong.
        data: folder of the recordings, if they are no longer where the evaluation says.
        device: where the models are computed, "cpu" or "cuda".
        progress: called with (predictions done, number of predictions).

    Returns:
        How many predictions were explained; clips without detected speech are skipped.

    Raises:
        CorpusError: a recording is missing or differs.
        ModelError: the model takes more than sound, or cannot be exported.
    """
    folder = EvaluationFolder(done.folder)
    metrics, table = folder.read()
    chosen = most_confident(labelled(table, metrics["labels"]), min(clips, MAX_EXPLANATIONS))
    records: list[dict[str, Any]] = []
    seen = 0
    for keys, path in done.models:
        rows = rows_of(chosen, keys)
        if rows.empty:
            continue
        model = Model(graph_of(path, device=device))
        sound = ClipSound(front_end=model.spec.front_end, trim=done.trim, data=data)
        for row in rows.itertuples(index=False):
            samples, rate_hz = sound.read(row), model.spec.front_end.rate_hz
            found = explain(model, samples, rate=rate_hz, emotion=str(row.predicted))
            seen += 1
            if progress is not None:
                progress(seen, len(chosen))
            if found is None:
                continue
            name = Path(str(row.file)).name
            figure = folder.figure(f"explanation{len(records) + 1}")
            save_png(new_figure(found, name=name), figure)
            records.append({"id": row.id, "name": name, "label": row.emotion} | found.to_dict())
    folder.write_explanations({"explanations": records})
    return len(records)


def most_confident(scored: pd.DataFrame, clips: int) -> pd.DataFrame:
    """Return the most confident correct and wrong predictions, one half each, of different clips.

    >>> scored = pd.DataFrame({"id": list("abcd"), "emotion": ["x"] * 4, "predicted": ["x", "y", "x", "y"],
    ...                        "confidence": [0.5, 0.6, 0.7, 0.8]})
    >>> most_confident(scored, 2)["id"].tolist()
    ['c', 'd']
    """
    ordered = one_per_clip(scored).sort_values("confidence", ascending=False, kind="stable")
    correct = ordered["emotion"] == ordered["predicted"]
    return pd.concat([ordered[correct].head(clips - clips // 2), ordered[~correct].head(clips // 2)])
