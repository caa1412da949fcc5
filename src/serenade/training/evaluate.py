"""Evaluate a run or a model on a store: choose the clips, predict them, write the evaluation folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.corpora import PARTS
from serenade.errors import CorpusError, ModelError, RunError, StoreError
from serenade.evaluation.evaluate import Evaluation, evaluate_predictions
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.training_clips import REASONS, training_clips
from serenade.features.store import Store
from serenade.files import protect_inputs
from serenade.folders import ModelFolder, RunFolder
from serenade.hub import HubName, local_model
from serenade.labels import ordered_labels
from serenade.networks.weights import find_weights
from serenade.training.predict_store import StorePredictor


def evaluate(
    model: str | Path,
    *,
    store: str | Path | Store | None = None,
    part: str | None = None,
    out: str | Path | None = None,
    include_training_clips: bool = False,
    device: str = "cpu",
    audio: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Evaluate a run (all its folds and seeds) or a single model on a store.

    On the store that a run was trained on, the model of each fold is evaluated on the `part` of its own
    split. On any other store with the same front end, all clips are evaluated except those that the model was
    trained on: clips with the sound, the source clip or the speaker of a clip in train or dev. Clips without
    a label, or with one that the model does not know, are predicted and counted but not scored. A model that
    can do without sound or text is evaluated without each of them, too.

    Args:
        model: a run folder, a model folder, a `.safetensors` file, or a model on the hub (`hf://owner/name`).
        store: the clips; the run's own store if None.
        part: "train", "dev", "test" (if None) or "held-out"; only for the run's own store.
        out: the evaluation folder; `RUN/evaluation` (or `RUN/evaluation/<name of the store>`) if None; for a
            model on the hub `evaluation-<name of the store>` in the current folder.
        include_training_clips: evaluate clips of another store that the model was trained on, too.
        device: where the models are computed, "cpu" or "cuda".
        audio: embed the sound of the most confident errors in the report.
        progress: called with (models done, number of models).

    Raises:
        ModelError: there is no model, or the run is not finished.
        RunError: a file of the run is damaged.
        StoreError: another front end, nothing to evaluate, or a part of a store that has none.
        DeviceError: there is no such device, or no usable GPU.
        OutputError: the evaluation folder cannot be written.

    >>> evaluation = evaluate("run", audio=False)
    >>> evaluation.metrics["counts"]["clips"], 0 <= evaluation.metrics["mean"]["uar"]["value"] <= 1
    (12, True)
    """
    path = local_model(model, weights=True)
    run = RunFolder(path)
    if run.record.is_file() and not run.summary.is_file():
        raise ModelError("is a run that is not finished; finish it with serenade train --resume", file=path)
    opened = own_store(path) if store is None else store
    opened = opened if isinstance(opened, Store) else Store.open(opened)
    own = _is_own(path, opened)
    if part is not None and not own:
        raise StoreError(
            f"is not the store that the model was trained on, so it has no part {part!r}; leave --part out "
            "to evaluate all its clips",
            file=opened.path,
        )
    part = (part or "test") if own else ""
    if out is None and HubName.parse(model) is not None:
        out = f"evaluation-{opened.path.resolve().name}"
    folder = Path(out) if out else _default_out(path, opened, part=part)
    protect_inputs([folder], [path, opened.path])
    EvaluationFolder(folder).check()
    models = [fold_run.path for fold_run in run.fold_runs()] if path.is_dir() else [path]
    results = []
    for number, each in enumerate(models):
        if progress is not None:
            progress(number, len(models))
        results.append(_evaluate_model(each, opened, part, include=include_training_clips, device=device))
    tables = [result.table for result in results if result.table is not None]
    if not tables:
        raise StoreError(
            "holds only clips that the model was trained on; evaluate it on other recordings, or on the test "
            "part of its own store. With --include-training-clips the scores are too high",
            file=opened.path,
        )
    spec = results[0].predictor.spec
    # A label of few speakers can be missing in the train part of a fold: its model never predicts it.
    labels = ordered_labels(label for result in results for label in result.predictor.spec.labels)
    modalities = sorted({name for result in results for name in result.without})
    metrics = evaluate_predictions(
        _joined(tables, labels),
        labels=labels,
        out=folder,
        spec=spec,
        run=run if run.recipe.is_file() else None,
        part=part,
        training_clips=None if part else _training_clips(results, included=include_training_clips),
        unusable=Counter({row: why for result in results for row, why in result.unusable.items()}.values()),
        without={
            name: _joined([result.without[name] for result in results if result.without], labels)
            for name in modalities
        },
        audio=audio,
    )
    data = (
        f"the {part} part of {opened.path}" if part else f"{opened.path}, which is not the model's own store"
    )
    return Evaluation(
        folder=folder,
        metrics=metrics,
        data=data,
        models=tuple((_fold_and_seed(each), Path(each)) for each in models),
        trim=bool(opened.about.get("trim")),
    )


def _joined(tables: Sequence[pd.DataFrame], labels: Sequence[str]) -> pd.DataFrame:
    """The predictions of all models; the score of a label that a model lacks is 0."""
    names = [f"score_{label}" for label in labels]
    whole = [table.assign(**{name: 0.0 for name in names if name not in table}) for table in tables]
    return pd.concat(whole, ignore_index=True)


def _fold_and_seed(folder: Path) -> dict[str, int]:
    """The columns that mark the predictions of a fold run."""
    run = RunFolder(folder)
    return {name: value for name, value in (("fold", run.fold), ("seed", run.seed)) if value is not None}


def own_store(path: Path) -> str:
    """Return the path of the store that a finished run was trained on.

    Raises:
        StoreError: `path` is not of a run.
        RunError: the run is not finished, or its summary is damaged.
    """
    run = RunFolder.containing(path)
    if run is None:
        raise StoreError(
            "is neither a run folder nor the model of one, so its store is not known; name a store with "
            "--store, or recordings with --on"
            if path.exists()
            else "there is no such run or model folder; check the path",
            file=path,
        )
    return run.read_summary().store.path


@dataclass(frozen=True, kw_only=True)
class _Result:
    """The predictions of one model.

    Attributes:
        predictor: the model.
        table: its predictions; None if every clip was left out.
        without: predictions without sound, without text.
        unusable: why clips have no prediction, by position in the index.
        reasons: how often a clip was found in the training data, by reason; None if that is not known.
        clips: number of clips of the store.
    """

    predictor: StorePredictor
    table: pd.DataFrame | None
    without: dict[str, pd.DataFrame]
    unusable: dict[int, str]
    reasons: dict[str, int] | None
    clips: int


def _evaluate_model(folder: Path, store: Store, part: str, *, include: bool, device: str) -> _Result:
    """Predict the clips of a part, or those of another store that the model was not trained on."""
    predictor = StorePredictor.load(folder, store, device=device)
    index, takes = store.index, predictor.network.takes
    by_dialogue = predictor.spec.split.get("grouped_by") == "dialogue"
    originals = (index["variant"] == "original").to_numpy()
    chosen, reasons, prior = originals, None, None
    if part:
        parts = parts_of_rows(folder, store)
        chosen = originals & (parts == part)
        if not chosen.any():
            there = ", ".join(name for name in PARTS if (parts == name).any()) or "none"
            raise CorpusError(f"the split has no clips in the part {part!r}; its parts: {there}", file=folder)
        prior = _frequencies(index.loc[parts == "train", "emotion"], predictor.spec.labels)
    elif (known := ModelFolder(find_weights(folder).parent).read_trained_on()) is not None:
        reason = training_clips(index, known, by_speaker=not by_dialogue).to_numpy()
        reasons = {name: int((originals & (reason == name)).sum()) for name in REASONS}
        chosen = originals if include else originals & (reason == "")
    # Published figures of dialogue corpora count every utterance, also one without any input.
    count_all = bool(part) and by_dialogue
    usable = predictor.usable() | (count_all or "dialogues" in takes)
    unusable = {int(row): f"state {index['state'].iloc[row]}" for row in np.flatnonzero(chosen & ~usable)}
    rows = np.flatnonzero(chosen & usable)
    if not len(rows) and chosen.any():
        raise StoreError("holds no clip that can be evaluated", file=store.path)
    marks = _fold_and_seed(folder)
    prior = prior if count_all else None
    return _Result(
        predictor=predictor,
        table=predictor.predict(rows, prior=prior).assign(**marks) if len(rows) else None,
        without={
            modality: predictor.predict(rows, prior=prior, without=modality).assign(**marks)
            for modality in ("sound", "text")
            if "present" in takes and len(rows)
        },
        unusable=unusable,
        reasons=reasons,
        clips=int(originals.sum()),
    )


def parts_of_rows(folder: Path, store: Store) -> NDArray[np.object_]:
    """Return the part of each row of a run's own store `[shape=(rows,)]`, looked up by the clip's id.

    Raises:
        RunError: `split.csv` is damaged, names a clip twice, or is of another store.
    """
    run = RunFolder.of_model(folder)
    if run is None:
        raise ModelError("is not part of a run (no split.csv), so its test part is not known", file=folder)
    rows = run.read_split()
    parts = {row.id: row.part for row in rows}
    if len(parts) < len(rows):
        twice = Counter(row.id for row in rows).most_common(1)[0][0]
        raise RunError(f"names the clip {twice!r} twice; restore it from a copy", file=run.split)
    if missing := set(store.index["id"]) - set(parts):
        raise RunError(
            f"lacks {len(missing)} of {len(store)} clips of the store, such as {min(missing)!r}; restore it "
            "from a copy",
            file=run.split,
        )
    return store.index["id"].map(parts).to_numpy(object)


def _frequencies(emotions: pd.Series[str], labels: tuple[str, ...]) -> NDArray[np.float64]:
    """The share of each label `[shape=(classes,)]`."""
    counts = emotions.value_counts().reindex(list(labels)).fillna(0).to_numpy(np.float64)
    shares: NDArray[np.float64] = counts / max(counts.sum(), 1)
    return shares


def _training_clips(results: list[_Result], *, included: bool) -> dict[str, Any]:
    """What `metrics.json` says about clips of another store that the models were trained on."""
    known = [result.reasons for result in results if result.reasons is not None]
    return {
        "known": len(known) == len(results),
        "included": included,
        "clips": results[0].clips,
        "runs": [{"found": sum(reasons.values()), **reasons} for reasons in known],
    }


def _is_own(path: Path, store: Store) -> bool:
    run = RunFolder.containing(path)
    return run is not None and run.read_record().store.hash == store.hash


def _default_out(path: Path, store: Store, *, part: str) -> Path:
    folder = RunFolder(path if path.is_dir() else path.parent).evaluation
    if part == "test":
        return folder
    return folder / (part or store.path.resolve().name)
