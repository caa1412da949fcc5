"""Recipe + store → run folder: every fold and seed, each with its split, log, curves, weights and model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException
from numpy.typing import NDArray
from torch import Tensor

from serenade import __version__
from serenade.corpora import licence_of
from serenade.corpora.splits import Split, check_split, folds_of, make_split
from serenade.errors import OutputError, RecipeError, SplitError
from serenade.evaluation.calibration import fit_temperature, softmax, unsure_threshold
from serenade.evaluation.metrics import METRICS
from serenade.features.store import Store
from serenade.features.text_vectors import texts_of
from serenade.files import alone, make_folder, output_error, write_json, write_whole
from serenade.inference.spec import Spec
from serenade.inference.tokens import Vocabulary, vocabulary_of
from serenade.labels import in_order
from serenade.networks import create_network
from serenade.networks.auxiliary import UNKNOWN
from serenade.networks.export import export_onnx
from serenade.networks.registry import Network
from serenade.networks.weights import WEIGHTS, save_network
from serenade.training.batches import Batches, targets_of
from serenade.training.card import CARD, model_card
from serenade.training.checkpoint import LAST
from serenade.training.curves import write_curves
from serenade.training.devices import Tell, launch
from serenade.training.dialogues import DialogueBatches
from serenade.training.inputs import Inputs
from serenade.training.loop import EpochLog, fit, kept_line, logits_of
from serenade.training.precision import fabric_precision
from serenade.training.prior import prior_shift
from serenade.training.recipe import Recipe

SUMMARY = "summary.json"
_EVALUATION_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Part:
    """One fold and seed of a run.

    Attributes:
        fold: from 1; None where the split has none.
        seed: of the training.
        folder: its run folder.
    """

    fold: int | None
    seed: int
    folder: Path


Report = Callable[[Part, EpochLog], None]


def parts_of(recipe: Recipe, store: Store, out: Path) -> list[Part]:
    """The folds and seeds of a run; a single one lives in `out` itself."""
    n_folds = folds_of(recipe.data.split, store.index)
    folds: list[int | None] = [recipe.data.fold or None] if n_folds == 1 or recipe.data.fold else []
    folds = folds or list(range(1, n_folds + 1))
    pairs = [(fold, seed) for seed in recipe.training.seeds for fold in folds]
    if len(pairs) == 1:
        return [Part(fold=pairs[0][0], seed=pairs[0][1], folder=out)]
    return [Part(fold=fold, seed=seed, folder=out / f"fold{fold or 1}-seed{seed}") for fold, seed in pairs]


def train(
    recipe: Recipe,
    store: Store | str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    devices: int = 1,
    report: Report | None = None,
) -> Path:
    """Train what a recipe says on a store.

    Args:
        recipe: every choice; see `serenade.training.recipe.read_recipe`.
        store: made by `serenade.prepare`.
        out: the run folder; must be empty or new unless `resume` (or what was begun there broke off before
            its first epoch was done).
        resume: finish what is unfinished in `out`, with the same recipe and store.
        devices: processes (on CPU) or GPUs that share each step (DDP).
        report: called after every epoch.

    Returns:
        The run folder.

    Raises:
        SplitError: the split leaks, or does not fit the corpus.
        OutputError: `out` holds something already, another process trains in it, or it cannot be written to.
        RecipeError: a value that the network cannot take, or another recipe in `out`.
    """
    store = store if isinstance(store, Store) else Store.open(store)
    out = Path(out)
    parts = parts_of(recipe, store, out)
    splits = [_checked_split(recipe, store, part.fold) for part in parts]
    busy = OutputError(
        "another serenade train is at work here; wait for its end, or choose another --out", file=out
    )
    with alone(make_folder(out), busy):
        _claim(out, recipe, store, resume=resume)
        for part, split in zip(parts, splits, strict=True):
            if not (part.folder / "model" / CARD).exists():
                _train_part(recipe, store, split, part, devices=devices, report=report)
        write_json(out / SUMMARY, _summary(recipe, store, parts))
    return out


def _checked_split(recipe: Recipe, store: Store, fold: int | None) -> Split:
    split = make_split(store.index, recipe.data.split, fold=fold, seed=recipe.data.split_seed)
    check_split(store.index, split)
    if not (_usable(recipe, store) & (split.parts == "dev")).any():
        raise SplitError(f"the split {split.name!r} leaves no clips for dev; training chooses on them")
    return split


def _usable(recipe: Recipe, store: Store) -> pd.Series[bool]:
    """Rows with something to learn from: sound, text, or either."""
    present = Inputs(store, kind=recipe.data.inputs).present
    return pd.Series(present.any(1), index=store.index.index)


def _claim(out: Path, recipe: Recipe, store: Store, *, resume: bool) -> None:
    """Make the run folder ours, or say why not."""
    marks = {"recipe": recipe.hash, "store": store.hash}
    claim = out / "run.json"
    try:
        earlier: dict[str, str] = json.loads(claim.read_text()) if claim.exists() else {}
        occupied = not earlier and any(file.suffix != ".part" for file in out.iterdir())
    except (OSError, ValueError) as cause:
        raise output_error(claim, OSError(str(cause))) from cause
    if occupied:
        raise OutputError("is not empty and holds no run; choose another --out", file=out)
    # A run that broke off before its first epoch was done binds nobody: its recipe may be corrected.
    begun = any(any(out.rglob(name)) for name in (LAST, WEIGHTS))
    if begun and not resume:
        raise OutputError("holds a run already; continue it with --resume, or choose another --out", file=out)
    if begun and any(earlier.get(key) != value for key, value in marks.items()):
        changed = " and ".join(key for key, value in marks.items() if earlier.get(key) != value)
        raise OutputError(f"holds a run with another {changed}; choose another --out", file=out)
    if not begun:
        for folder in out.glob("fold*-seed*"):
            shutil.rmtree(folder)
    for left_by_a_kill in out.rglob(".*.part"):
        left_by_a_kill.unlink(missing_ok=True)
    write_json(claim, {**marks, "serenade_version": __version__, "torch_version": torch.__version__})
    with write_whole(out / "recipe.toml") as file:
        file.write(recipe.to_toml())


def _train_part(
    recipe: Recipe, store: Store, split: Split, part: Part, *, devices: int, report: Report | None
) -> None:
    try:
        fabric = Fabric(
            accelerator="auto",
            devices=devices,
            strategy="ddp_spawn" if devices > 1 else "auto",
            precision=fabric_precision(recipe.training.precision),
        )
    except MisconfigurationException as cause:
        raise RecipeError(f"--devices {devices} cannot be had here: {cause}") from cause
    work = partial(_train_on, recipe=recipe, store_path=store.path, split=split, part=part)
    launch(fabric, work, lambda line: report(part, line) if report is not None else None)


def _train_on(
    fabric: Fabric, tell: Tell, *, recipe: Recipe, store_path: Path, split: Split, part: Part
) -> None:
    """Train one part; runs in every process of a distributed run, and writes in the first."""
    store = Store.open(store_path)
    labels = in_order(store.index.loc[(split.parts == "train") & _usable(recipe, store), "emotion"])
    inputs = _inputs(recipe, store, split)
    torch.manual_seed(part.seed)
    network = create_network(
        recipe.network.name, n_classes=len(labels), **inputs.sizes, **recipe.network.options
    )
    inputs.takes = network.takes
    train, dev = (_batches(recipe, store, split, name, labels, inputs, fabric) for name in ("train", "dev"))
    lines: list[EpochLog] = []

    def on_epoch(line: EpochLog) -> None:
        lines.append(line)
        if not fabric.is_global_zero:
            return
        with write_whole(part.folder / "log.jsonl") as out:
            out.writelines(json.dumps(entry) + "\n" for entry in lines)
        tell(line)

    if fabric.is_global_zero:
        _write_split(store, split, part.folder / "split.csv")
    network = fit(
        recipe,
        network,
        train,
        dev,
        labels,
        seed=part.seed,
        folder=part.folder / "checkpoint",
        fabric=fabric,
        report=on_epoch,
        questions=_questions(recipe, store, split),
    )
    if fabric.is_global_zero:
        write_curves(lines, part.folder, score=recipe.training.score)
        _write_model(recipe, store, split, network, dev, train.targets.mean(0), labels, lines, part)
    fabric.barrier()


def _inputs(recipe: Recipe, store: Store, split: Split) -> Inputs:
    """What the rows are given as; words are those of the train part, and of no other."""
    kind, text = recipe.data.inputs, recipe.text
    if kind == "sound":
        return Inputs(store)
    if text.vectors or text.encoder:
        return Inputs.of_text(store, asdict(text), kind=kind)
    texts = texts_of(store)[(split.parts == "train").to_numpy()]
    vocabulary = Vocabulary(vocabulary_of(texts, min_count=text.min_count))
    return Inputs(store, kind=kind, vocabulary=vocabulary)


def _batches(
    recipe: Recipe,
    store: Store,
    split: Split,
    name: str,
    labels: tuple[str, ...],
    inputs: Inputs,
    fabric: Fabric,
) -> Batches:
    chosen = (split.parts == name) & store.index["emotion"].isin(labels)
    by_dialogue = "dialogues" in inputs.takes
    if by_dialogue and recipe.training.sampler == "weighted":
        raise RecipeError(
            "training.sampler='weighted' draws clips, and a dialogue is whole; use class_weights"
        )
    if not by_dialogue:
        chosen &= _usable(recipe, store)
    training = name == "train"
    copies = None
    if recipe.data.copies != "all":
        originals = store.index["variant"] == "original"
        if training and recipe.data.copies == "drawn":
            copies = _copies_of(store, chosen & ~originals, chosen & originals)
        chosen &= originals
    rows: NDArray[np.int64] = np.flatnonzero(chosen.to_numpy())
    table = store.index.iloc[rows]
    kind = DialogueBatches if by_dialogue else Batches
    return kind(
        store,
        rows,
        targets_of(table, labels, votes=recipe.data.votes if training else 0.0),
        size=recipe.training.batch_size if training else _EVALUATION_BATCH,
        inputs=inputs,
        weighted=training and recipe.training.sampler == "weighted",
        copies=copies,
        copies_share=recipe.data.copies_share,
        rank=fabric.global_rank if training else 0,
        world=fabric.world_size if training else 1,
    )


def _questions(recipe: Recipe, store: Store, split: Split) -> dict[str, Tensor]:
    """The numbered answers of every row to what `data.auxiliary` asks, as far as the train part has them."""
    questions = {}
    for name in recipe.data.auxiliary:
        if name not in store.index:
            raise RecipeError(
                f"data.auxiliary asks for {name!r}, a column that this store does not have; it has "
                f"{', '.join(store.index.columns)}"
            )
        given = store.index[name].astype(str).where(store.index[name].notna(), "")
        answers = sorted(set(given[split.parts == "train"]) - {""})
        if len(answers) < 2:
            raise RecipeError(f"data.auxiliary asks for {name!r}, in which all clips to learn from are alike")
        numbers = given.map({answer: number for number, answer in enumerate(answers)}).fillna(UNKNOWN)
        questions[name] = torch.from_numpy(numbers.to_numpy(np.int64, copy=True))
    return questions


def _copies_of(store: Store, copies: pd.Series[bool], originals: pd.Series[bool]) -> list[NDArray[np.int64]]:
    """Positions of the altered copies of each original, in the order of the originals."""
    places = pd.Series(np.arange(len(store.index)), index=store.index.index)
    by_source = {
        source: rows.to_numpy() for source, rows in places[copies].groupby(store.index["source"][copies])
    }
    nothing = np.array([], np.int64)
    return [by_source.get(source, nothing) for source in store.index.loc[originals, "source"]]


def _write_split(store: Store, split: Split, file: Path) -> None:
    """Who was where: `file, source, speaker, emotion`, `dialogue` if there are any, `part, dropped`."""
    told = ["file", "source", "speaker", "emotion"] + ["dialogue"] * ("dialogue" in store.index)
    table = store.index[told].copy()
    table["part"] = split.parts
    table["dropped"] = split.dropped.reindex(table.index).fillna("")
    with write_whole(file) as out:
        table.to_csv(out, index=False, lineterminator="\n")


def _write_model(
    recipe: Recipe,
    store: Store,
    split: Split,
    network: Network,
    dev: Batches,
    prior: NDArray[np.float32],
    labels: tuple[str, ...],
    lines: list[EpochLog],
    part: Part,
) -> None:
    """Calibrate on dev and write the model folder; its card, written last, says that it is whole."""
    logits, true = logits_of(network, dev), dev.targets.argmax(1)
    monitor = recipe.training.monitor.removeprefix("dev_")
    shift = prior_shift(
        logits,
        true,
        prior=prior,
        powers=recipe.training.prior_powers,
        metric=monitor if monitor in METRICS else "uar",
    )
    logits = logits + np.asarray(shift or 0, np.float32)
    temperature = fit_temperature(logits, true)
    inputs = dev.inputs
    spec = Spec(
        name=recipe.name,
        labels=labels,
        front_end=store.front_end,
        network=recipe.network.name,
        network_args=recipe.network.options,
        temperature=temperature,
        shift=shift,
        inputs=recipe.data.inputs,
        context=network.context,
        vocabulary=inputs.vocabulary.words if isinstance(inputs.vocabulary, Vocabulary) else (),
        text=_text_source(recipe) if recipe.text.vectors or recipe.text.encoder else {},
        sizes={name: size for name, size in inputs.sizes.items() if name != "n_mels"},
        unsure_below=unsure_threshold(softmax(logits, temperature=temperature), true),
        corpora=_corpora(store),
        license=" and ".join(sorted({corpus["license"] for corpus in _corpora(store)} - {""})),
        split={"name": split.name, "fold": split.fold, "hash": split.hash, "apart": split.apart},
        recipe_hash=recipe.hash,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    folder = part.folder / "model"
    save_network(network, spec, folder)
    with write_whole(part.folder / "recipe.toml") as out:
        out.write(recipe.to_toml())
    if network.exports:
        export_onnx(network, spec, folder / "model.onnx")
    with write_whole(folder / CARD) as out:
        out.write(model_card(spec, recipe, split, lines))


def _text_source(recipe: Recipe) -> dict[str, Any]:
    """What of `[text]` a trained model needs, as JSON gives it back."""
    source = asdict(recipe.text) | {"encoder": list(recipe.text.encoder), "layers": list(recipe.text.layers)}
    return {name: value for name, value in source.items() if name != "min_count"}


def _corpora(store: Store) -> tuple[dict[str, Any], ...]:
    """The corpora of a store and their licences ("" where none is known)."""
    names = sorted(set(store.index["corpus"]) - {""})
    return tuple({"name": name, "license": licence_of(name)} for name in names)


def _summary(recipe: Recipe, store: Store, parts: list[Part]) -> dict[str, Any]:
    """What was trained, with the dev figures of the kept epochs."""
    rows = []
    for part in parts:
        lines = [json.loads(line) for line in (part.folder / "log.jsonl").read_text().splitlines()]
        kept = kept_line(lines, recipe)
        rows.append(
            {
                "fold": part.fold,
                "seed": part.seed,
                "folder": part.folder.name if len(parts) > 1 else ".",
                "epochs": len(lines),
                "kept_epoch": kept["epoch"],
                "dev_uar": kept["dev_uar"],
                recipe.training.monitor: kept[recipe.training.monitor],
                "seconds": round(sum(line["seconds"] for line in lines), 1),
            }
        )
    return {
        "name": recipe.name,
        "recipe": recipe.hash,
        "store": {"path": str(store.path.resolve()), "hash": store.hash, "front_end": store.front_end.hash},
        "split": recipe.data.split,
        "parts": rows,
    }
