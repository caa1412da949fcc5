"""Run + store → predictions → evaluation folder: every fold and seed on the clips it has not heard."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.corpora.splits import PARTS
from serenade.errors import CorpusError, ModelError, StoreError
from serenade.evaluation.calibration import softmax
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.evaluation.provenance import run_folders
from serenade.features.store import Store
from serenade.inference.spec import Spec
from serenade.networks.weights import find_weights, load_network
from serenade.training.batches import Batches
from serenade.training.loop import logits_of

_KEPT = ("file", "source", "speaker", "emotion", "corpus", "listeners_emotion", "duration_s", "start", "end")
_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What an evaluation gave.

    Attributes:
        folder: where its files lie.
        metrics: the content of `metrics.json`.
        what: which clips were evaluated, in words.
    """

    folder: Path
    metrics: dict[str, Any]
    what: str


def evaluate(
    model: str | Path,
    *,
    store: str | Path | Store | None = None,
    split: str = "test",
    out: str | Path | None = None,
    audio: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score a run (all its folds and seeds) or a single model on a store.

    On the store that a run was trained on, every fold's model answers for its own `split` part only. On any
    other store of the same front end all clips are answered; clips without a label, or with one that the
    model does not know, are answered too and counted, but not scored.

    Args:
        model: a run folder, a model folder, or a `.safetensors` file.
        store: where the clips are; a run's own store if None.
        split: which part: "train", "dev", "test" or "held-out".
        out: the evaluation folder; `RUN/evaluation` (or `RUN/evaluation/<store's name>`) if None.
        audio: carry the sound of the worst errors in the report.
        progress: called with (models done, models in all).

    Raises:
        ModelError: no model there, or one that was not trained to the end.
        StoreError: another front end, or nothing to evaluate.
    """
    path = Path(model)
    folders = list(run_folders(path).values()) if path.is_dir() else [path]
    given = _own_store(path) if store is None else store
    store = given if isinstance(given, Store) else Store.open(given)
    if (path / "run.json").is_file() and not (path / "summary.json").is_file():
        raise ModelError(
            "is a run that was not trained to its end; go on with serenade train --resume", file=path
        )
    own = _is_own(path, store)
    tables, spec = [], None
    left_out: dict[int, str] = {}
    for number, folder in enumerate(folders):
        if progress is not None:
            progress(number, len(folders))
        table, spec, unusable = _predictions(folder, store, split if own else None)
        tables.append(_marked(table, folder))
        left_out |= unusable
    if spec is None:
        raise ModelError("holds no trained model", file=path)
    what = f"the {split} part of {store.path}"
    if not own:
        what = f"all clips of {store.path} (a store that it was not trained on)"
    run = path if path.is_dir() and (path / "recipe.toml").exists() else None
    folder = Path(out) if out else _default_out(path, store, own=own, split=split)
    metrics = evaluate_predictions(
        pd.concat(tables, ignore_index=True),
        labels=spec.labels,
        out=folder,
        spec=spec,
        run=run,
        dropped=Counter(left_out.values()),
        audio=audio,
    )
    return Evaluation(folder=folder, metrics=metrics, what=what)


def _predictions(folder: Path, store: Store, part: str | None) -> tuple[pd.DataFrame, Spec, dict[int, str]]:
    """Answers of one model; why clips are missing among them, by their place in the store."""
    network, spec = load_network(folder)
    if store.front_end != spec.front_end:
        raise StoreError(
            f"has another front end than the model in {folder} was trained with; prepare it again with "
            f"--front-end {find_weights(folder).with_name('config.json')}",
            file=store.path,
        )
    index = store.index
    chosen = pd.Series(True, index=index.index)
    if part is not None:
        chosen = _part_of(folder, part)
        if not chosen.any():
            there = ", ".join(name for name in PARTS if _part_of(folder, name).any())
            raise CorpusError(f"the split has no clips in a part {part!r}; there are {there}", file=folder)
    chosen &= index["variant"] == "original"
    ok = index["state"] == "ok"
    unusable = {
        int(place): f"state: {index['state'].iloc[place]}"
        for place in np.flatnonzero((chosen & ~ok).to_numpy())
    }
    rows = np.flatnonzero((chosen & ok).to_numpy())
    if not len(rows):
        raise StoreError("holds no clip that can be evaluated", file=store.path)
    nothing = np.zeros((len(rows), len(spec.labels)), np.float32)
    probabilities = softmax(
        logits_of(network, Batches(store, rows, nothing, size=_BATCH)), temperature=spec.temperature
    )
    table = index.iloc[rows][[name for name in _KEPT if name in index]].reset_index(drop=True)
    table["predicted"] = [spec.labels[best] for best in probabilities.argmax(1)]
    table["confidence"] = probabilities.max(1)
    for place, label in enumerate(spec.labels):
        table[f"score_{label}"] = probabilities[:, place]
    return table, spec, unusable


def _part_of(folder: Path, part: str) -> pd.Series[bool]:
    """Which rows of the run's own store are in a part, as its `split.csv` says."""
    of_run = _above(folder, "split.csv")
    if of_run is None:
        raise ModelError("has no split.csv, which says whom it has not heard", file=folder)
    split = pd.read_csv(of_run / "split.csv", dtype=str, keep_default_na=False)
    return split["part"] == part


def _marked(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """With the fold and seed that a folder's name tells."""
    if folder.name.startswith("fold") and "-seed" in folder.name:
        fold, seed = folder.name.removeprefix("fold").split("-seed")
        table = table.assign(fold=int(fold), seed=int(seed))
    return table


def _above(path: Path, name: str) -> Path | None:
    """The nearest folder that holds a file of this name: a model lies in its run, a fold in the whole one."""
    for folder in (path, *list(path.absolute().parents)[:3]):
        if (folder / name).is_file():
            return folder
    return None


def _is_own(path: Path, store: Store) -> bool:
    run = _above(path, "run.json")
    if run is None:
        return False
    own: bool = json.loads((run / "run.json").read_text())["store"] == store.hash
    return own


def _own_store(path: Path) -> str:
    run = _above(path, "summary.json")
    if run is None:
        raise StoreError("is no finished run, so say which store to evaluate on: --store STORE", file=path)
    name: str = json.loads((run / "summary.json").read_text())["store"]["path"]
    return name


def _default_out(path: Path, store: Store, *, own: bool, split: str) -> Path:
    folder = path if path.is_dir() else path.parent
    name = split if own else store.path.resolve().name
    return folder / "evaluation" if own and split == "test" else folder / "evaluation" / name
