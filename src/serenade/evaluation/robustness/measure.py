"""Predict the clips of an evaluation under every recording condition, and score each condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.errors import CorpusError
from serenade.evaluation import figures
from serenade.evaluation.clip_sound import ClipSound, read_all
from serenade.evaluation.evaluate import Evaluation
from serenade.evaluation.figures.style import PAPER, save_png
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.graphs import graph_of, rows_of
from serenade.evaluation.predictions import labelled
from serenade.evaluation.robustness.conditions import Condition, Surroundings, conditions
from serenade.evaluation.robustness.table import condition_rows
from serenade.features.clips import generator_of
from serenade.inference.arrays import Waveform
from serenade.inference.graph import Graph
from serenade.inference.parallel import Progress, map_in_order

BATCH = 8
"""Conditions of one clip that are predicted at once."""

VOICES = 40
"""Clips that babble is drawn from."""

MIN_SAMPLES = 400


@dataclass(frozen=True, kw_only=True)
class RobustnessOptions:
    """What a robustness evaluation is made of.

    Attributes:
        data: folder of the recordings, if they are no longer where the evaluation says.
        noise: folder of recorded noises; None for synthetic noise only.
        rooms: folder of room impulse responses; None for a synthetic one.
        limit: most clips of each model; a random sample if there are more.
        jobs: clips that are computed at the same time.
        device: where the models are computed, "cpu" or "cuda".
    """

    data: Path | None = None
    noise: Path | None = None
    rooms: Path | None = None
    limit: int = 300
    jobs: int = 1
    device: str = "cpu"


def evaluate_robustness(
    done: Evaluation,
    *,
    options: RobustnessOptions,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write `robustness.json`, `robustness.csv` and `robustness.png` of an evaluation.

    Every model predicts the clips that it was evaluated on, in each of
    `serenade.evaluation.robustness.conditions`. The sound is decoded from the recordings, and the model runs
    as an ONNX graph.

    Args:
        done: the evaluation; its files are read from its folder.
        options: folders, number of clips, jobs.
        progress: called with (clips done, number of clips).

    Returns:
        The content of `robustness.json`: `clips`, `available`, `limit`, `noise`, `rooms`, `conditions` (see
        `condition_rows`), and `same_predictions`, the share of clips whose prediction from the clean
        recording is that of the evaluation; it is below 1 where the recordings are other copies.

    Raises:
        CorpusError: no labelled clip, or a recording that is missing or differs.
        ModelError: the model takes more than sound, or cannot be exported.
    """
    evaluation = EvaluationFolder(done.folder)
    metrics, table = evaluation.read()
    labels = metrics["labels"]
    scored = labelled(table, labels)
    if scored.empty:
        raise CorpusError(
            "has no labelled clip, so no recording condition can be scored", file=evaluation.predictions
        )
    front_end_rate = int(metrics["model"]["front_end"]["rate_hz"])
    noises = {} if options.noise is None else read_all(options.noise, rate_hz=front_end_rate)
    rooms = {} if options.rooms is None else read_all(options.rooms, rate_hz=front_end_rate)
    chosen = [(path, _sampled(rows_of(scored, keys), options.limit)) for keys, path in done.models]
    total = sum(len(rows) for _, rows in chosen)
    tables = []
    listed = conditions(has_noises=bool(noises))
    for path, rows in chosen:
        if rows.empty:
            continue
        graph = graph_of(path, device=options.device)
        sound = ClipSound(front_end=graph.spec.front_end, trim=done.trim, data=options.data)
        around = Surroundings(
            rate_hz=front_end_rate,
            voices=_voices(rows, sound),
            noises=list(noises.values()),
            rooms=list(rooms.values()),
        )
        for clip in _predictions(graph, rows, sound, around, listed, jobs=options.jobs):
            tables.append(clip)
            if progress is not None:
                progress(len(tables), total)
    predicted = pd.concat(tables, ignore_index=True)
    content = {
        "clips": total,
        "available": len(scored),
        "limit": options.limit,
        "noise": sorted(noises),
        "rooms": sorted(rooms),
        "group": metrics["group"],
        "headline": metrics["headline"],
        "same_predictions": _agreement(predicted, scored, listed[0].name),
        "conditions": condition_rows(predicted, listed, labels, group=metrics["group"]),
    }
    evaluation.write_robustness(content)
    save_png(figures.robustness(content, theme=PAPER), evaluation.figure("robustness"))
    return content


def _agreement(predicted: pd.DataFrame, evaluated: pd.DataFrame, clean: str) -> float:
    """The share of clips whose prediction from the clean recording is that of the evaluation."""
    keys = [name for name in ("id", "fold", "seed") if name in evaluated]
    found = predicted[predicted["condition"] == clean].merge(evaluated, on=keys, suffixes=("", "_before"))
    return float((found["predicted"] == found["predicted_before"]).mean())


def _sampled(rows: pd.DataFrame, limit: int) -> pd.DataFrame:
    """At most `limit` rows, drawn at random, in their order."""
    if len(rows) <= limit:
        return rows
    return rows.iloc[np.sort(np.random.default_rng(0).choice(len(rows), limit, replace=False))]


def _voices(rows: pd.DataFrame, sound: ClipSound) -> list[tuple[str, Waveform]]:
    return [(str(row.speaker), sound.read(row)) for row in _sampled(rows, VOICES).itertuples(index=False)]


def _predictions(
    graph: Graph,
    rows: pd.DataFrame,
    sound: ClipSound,
    around: Surroundings,
    listed: Sequence[Condition],
    *,
    jobs: int,
) -> Iterator[pd.DataFrame]:
    """A table for each clip, a row for each condition."""
    keep = [name for name in ("id", "speaker", "dialogue", "emotion", "fold", "seed") if name in rows]

    def predict(row: Any, _: Progress) -> pd.DataFrame:
        samples = sound.read(row)
        changed = [
            _long_enough(
                condition.apply(samples, around, str(row.speaker), generator_of(str(row.id), number))
            )
            for number, condition in enumerate(listed)
        ]
        scores = _probabilities(graph, changed)
        return pd.DataFrame(
            {
                **{name: getattr(row, name) for name in keep},
                "condition": [condition.name for condition in listed],
                "predicted": [graph.spec.labels[best] for best in scores.argmax(1)],
                "confidence": scores.max(1),
                "is_unsure": scores.max(1) < graph.spec.unsure_below,
            }
        )

    return map_in_order(predict, rows.itertuples(index=False), jobs=jobs)


def _long_enough(samples: Waveform) -> Waveform:
    """The samples, padded with zeros if there are hardly any."""
    return samples if len(samples) >= MIN_SAMPLES else np.pad(samples, (0, MIN_SAMPLES - len(samples)))


def _probabilities(graph: Graph, waveforms: Sequence[Waveform]) -> NDArray[np.float64]:
    batches = [waveforms[i : i + BATCH] for i in range(0, len(waveforms), BATCH)]
    return np.concatenate([graph.probabilities(batch) for batch in batches])
