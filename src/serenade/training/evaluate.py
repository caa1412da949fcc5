"""Run + store → predictions → evaluation folder: every fold and seed on the clips it has not heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.corpora import PARTS
from serenade.errors import CorpusError, ModelError, StoreError
from serenade.evaluation.calibration import softmax
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.features.store import ABOUT, FRAMES, INDEX, Store
from serenade.files import protect_inputs
from serenade.folders import ModelFolder, RunFolder
from serenade.networks.registry import Network
from serenade.networks.weights import find_weights, load_network
from serenade.spec import Spec
from serenade.training.data.dialogues import batches_to_answer
from serenade.training.data.inputs import Inputs
from serenade.training.dev import predict_logits

_KEPT = (
    *("file", "source", "speaker", "emotion", "corpus", "listeners_emotion", "duration_s", "start", "end"),
    *("dialogue", "rank", "text", "state"),
)


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
    split: str | None = None,
    out: str | Path | None = None,
    audio: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score a run (all its folds and seeds) or a single model on a store.

    On the store that a run was trained on, every fold's model answers for its own `split` part only. On any
    other store of the same front end all clips are answered; clips without a label, or with one that the
    model does not know, are answered too and counted, but not scored. A model that does without its sound or
    its text is asked once more without each.

    Args:
        model: a run folder, a model folder, or a `.safetensors` file.
        store: where the clips are; a run's own store if None.
        split: which part: "train", "dev", "test" (when None) or "held-out". Another store has no parts.
        out: the evaluation folder; `RUN/evaluation` (or `RUN/evaluation/<store's name>`) if None.
        audio: carry the sound of the worst errors in the report.
        progress: called with (models done, models in all).

    Raises:
        ModelError: no model there, or one that was not trained to the end.
        StoreError: another front end, nothing to evaluate, or a part of a store that has none.

    >>> evaluation = evaluate("run", audio=False)
    >>> evaluation.metrics["counts"]["clips"], 0 <= evaluation.metrics["pooled"]["uar"] <= 1
    (12, True)
    """
    path = Path(model)
    run_folder = RunFolder(path)
    folders = [run.path for run in run_folder.fold_runs()] if path.is_dir() else [path]
    given = own_store(path) if store is None else store
    store = given if isinstance(given, Store) else Store.open(given)
    if run_folder.record.is_file():
        run_folder.read_summary()
    own = _is_own(path, store)
    if split is not None and not own:
        raise StoreError(
            f"is not the store that the model was trained on, so it has no part {split!r}; leave --split "
            "away to evaluate all its clips",
            file=store.path,
        )
    split = split or "test"
    target = Path(out) if out else _default_out(path, store, own=own, split=split)
    protect_inputs([target], [path, store.path])
    protect_inputs(target.glob("*"), _files_read(folders, store))
    tables, spec = [], None
    withheld: dict[str, list[pd.DataFrame]] = {}
    left_out: dict[int, str] = {}
    for number, folder in enumerate(folders):
        if progress is not None:
            progress(number, len(folders))
        asked, unusable = _asked(folder, store, split if own else None)
        table, spec = asked.answers(), asked.spec
        tables.append(_marked(table, folder))
        for modality in ("sound", "text") if "present" in asked.network.takes else ():
            answers = asked.answers(without=modality)
            withheld.setdefault(modality, []).append(_marked(answers, folder))
        left_out |= unusable
    if spec is None:
        raise ModelError("holds no trained model", file=path)
    what = f"the {split} part of {store.path}"
    if not own:
        what = f"all clips of {store.path} (a store that it was not trained on)"
    run = path if path.is_dir() and run_folder.recipe.exists() else None
    metrics = evaluate_predictions(
        pd.concat(tables, ignore_index=True),
        labels=spec.labels,
        out=target,
        spec=spec,
        run=run,
        dropped=Counter(left_out.values()),
        without={name: pd.concat(rows, ignore_index=True) for name, rows in withheld.items()},
        audio=audio,
    )
    return Evaluation(folder=target, metrics=metrics, what=what)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A model, and the rows of a store that it answers for.

    Attributes:
        rows: positions in the store's index [shape=(n,)].
        prior: how often each label is in the train part: the answer where a row has nothing to go by.
    """

    network: Network
    spec: Spec
    store: Store
    rows: NDArray[np.int64]
    prior: NDArray[np.float32] | None

    def answers(self, *, without: str = "") -> pd.DataFrame:
        """A row an answer, with its scores; the sound or the text withheld if asked."""
        spec, inputs = self.spec, Inputs.of_spec(self.store, self.spec, takes=self.network.takes)
        if without:
            inputs.withhold(without)
        batches = batches_to_answer(self.store, self.rows, inputs, n_classes=len(spec.labels))
        probabilities = softmax(
            predict_logits(self.network, batches) + np.asarray(spec.shift or 0, np.float32),
            temperature=spec.temperature,
        )
        if self.prior is not None and not self.network.takes & {"present", "dialogues"}:
            probabilities[~inputs.present[self.rows].any(1)] = self.prior
        index = self.store.index
        table = index.iloc[self.rows][[name for name in _KEPT if name in index]].reset_index(drop=True)
        table["predicted"] = [spec.labels[best] for best in probabilities.argmax(1)]
        table["confidence"] = probabilities.max(1)
        for place, label in enumerate(spec.labels):
            table[f"score_{label}"] = probabilities[:, place]
        return table


def _asked(folder: Path, store: Store, part: str | None) -> tuple[_Asked, dict[int, str]]:
    """A model and its rows; why clips are missing among them, by their place in the store."""
    network, spec = load_network(folder)
    if "features" in network.takes and store.front_end != spec.front_end:
        raise StoreError(
            f"has another front end than the model in {folder} was trained with; prepare it again with "
            f"--front-end {ModelFolder(find_weights(folder).parent).config}",
            file=store.path,
        )
    index = store.index
    chosen = pd.Series(True, index=index.index)
    if part is not None:
        chosen = _part_of(folder, store, part)
        if not chosen.any():
            there = ", ".join(name for name in PARTS if _part_of(folder, store, name).any())
            raise CorpusError(f"the split has no clips in a part {part!r}; there are {there}", file=folder)
    chosen &= index["variant"] == "original"
    # By dialogue every row is scored, as the published figures are, also where there is nothing to go by.
    whole = part is not None and spec.split.get("grouped_by") == "dialogue"
    ok = pd.Series(Inputs.of_spec(store, spec, takes=network.takes).present.any(1), index=index.index)
    ok |= whole or "dialogues" in network.takes
    unusable = {
        int(place): f"state: {index['state'].iloc[place]}"
        for place in np.flatnonzero((chosen & ~ok).to_numpy())
    }
    rows = np.flatnonzero((chosen & ok).to_numpy())
    if not len(rows):
        raise StoreError("holds no clip that can be evaluated", file=store.path)
    prior = _shares(folder, store, spec.labels) if whole else None
    return _Asked(network=network, spec=spec, store=store, rows=rows, prior=prior), unusable


def _shares(folder: Path, store: Store, labels: tuple[str, ...]) -> NDArray[np.float32]:
    """How often each label is in the train part [shape=(classes,)]."""
    counts = (
        store.index.loc[_part_of(folder, store, "train"), "emotion"].value_counts().reindex(labels).fillna(0)
    )
    return (counts / counts.sum()).to_numpy(np.float32)


def _part_of(folder: Path, store: Store, part: str) -> pd.Series[bool]:
    """Which rows of the run's own store are in a part, as its `split.csv` says."""
    fold_run = RunFolder.of_model(folder)
    if fold_run is None:
        raise ModelError("has no split.csv, which states what it was trained on", file=folder)
    parts = {row.id: row.part for row in fold_run.read_split()}
    return store.index["id"].map(parts) == part


def _marked(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """With the fold and seed that a folder's name tells."""
    fold_run = RunFolder(folder)
    return table if fold_run.fold is None else table.assign(fold=fold_run.fold, seed=fold_run.seed)


def _is_own(path: Path, store: Store) -> bool:
    run = RunFolder.containing(path)
    return run is not None and run.read_record().store.hash == store.hash


def own_store(path: Path) -> str:
    """The store that a finished run was trained on.

    Raises:
        StoreError: it is none.
    """
    run = RunFolder.containing(path)
    if run is None:
        raise StoreError("is no finished run, so say which store to evaluate on: --store STORE", file=path)
    return run.read_summary().store.path


def _files_read(folders: Sequence[Path], store: Store) -> Iterator[Path]:
    """The files of models and store that an evaluation must not overwrite."""
    yield from (store.path / name for name in (FRAMES, INDEX, ABOUT))
    for folder in folders:
        yield from (*ModelFolder(folder).files, *RunFolder(folder).model.files)


def _default_out(path: Path, store: Store, *, own: bool, split: str) -> Path:
    folder = RunFolder(path if path.is_dir() else path.parent).evaluation
    name = split if own else store.path.resolve().name
    return folder if own and split == "test" else folder / name
