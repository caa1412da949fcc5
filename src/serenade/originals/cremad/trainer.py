"""Training on a folder of mel spectrograms, with the flags and files of the original `cremad_custom2.py`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import serenade.assets
from serenade.audio.logmel import CREMAD_SEED
from serenade.corpora import read_corpus
from serenade.errors import CorpusError, SerenadeError
from serenade.features.mel_folder import FRONT_END_FILE, front_end_of
from serenade.features.prepare import prepare
from serenade.features.store import Store
from serenade.features.store_summary import summarise
from serenade.files import protect_inputs
from serenade.streams import never_fail_on_a_character
from serenade.text import printable
from serenade.training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from serenade.folders import EpochLog
    from serenade.training.fold_run import FoldRun

RECIPE = Path(serenade.assets.__file__).with_name("cremad_custom2.toml")
FOLDS = 6
"""Folds of speakers in the recipe, of which the first is used."""

_DESCRIPTION = """
Read INPUT/{ANG,DIS,FEA,HAP,NEU,SAD}/*.npy as mel_generator.py writes them. Write best_model.pth,
final_model.pth, training_history.pth, training_history.png, confusion_matrix.png, classification_report.txt,
model_state_dict.pth and entire_model.pth; beside them store/ (the spectrograms as one array) and run/ (log,
split, ONNX model, and evaluation/report.html). Run the same command again to continue an interrupted run.
"""
_BY_SPEAKER = (
    "split by speaker ({split}): no speaker is in two of train, dev and test. The original split by file "
    "puts every speaker, and variants of one clip, in all three; --split file does that, and its figures are "
    "too high."
)
_BY_FILE = (
    "split by file, as the original did: THIS SPLIT LEAKS. Every speaker, and variants of one clip, are in "
    "train and test, so the figures below are too high."
)
_NAMED_CLIPS = 10


def main(arguments: Sequence[str] | None = None, *, prog: str = "cremad_custom2.py") -> int:
    """Run the trainer and return the exit code; without flags it does what the original script does."""
    parser = argparse.ArgumentParser(prog=prog, description=_DESCRIPTION)
    parser.add_argument("--input_dir", type=Path, default=Path("cremad_mels"), help="spectrograms by class")
    parser.add_argument(
        "--output_dir", type=Path, default=Path("cremad_custom2"), help="folder of the results"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="maximum number of epochs (default: 40)")
    parser.add_argument(
        "--split", choices=("speaker", "file"), default="speaker", help="unit of the split (default: speaker)"
    )
    parser.add_argument("--seed", type=int, default=42, help="seed of the split and the training")
    never_fail_on_a_character()
    options = parser.parse_args(arguments)
    if options.seed < 0:
        parser.error("--seed must be 0 or more")
    try:
        protect_inputs([options.output_dir, options.output_dir / "store"], [options.input_dir])
        store = _prepare(options.input_dir, options.output_dir / "store")
        split = _choose_split(store, by_file=options.split == "file")
        recipe = _recipe(split, epochs=options.epochs, seed=options.seed)
        _train(recipe, store, options.output_dir)
    except SerenadeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; all written files are complete, run the same command again", file=sys.stderr)
        return 130
    return 0


def _choose_split(store: Store, *, by_file: bool) -> str:
    """Return the split that fits the number of speakers, and print which one it is."""
    if by_file:
        print(_BY_FILE, flush=True)
        return "random-leaky"
    speakers = store.usable["speaker"].nunique()
    if speakers < 3:
        print(
            f"the folder has {speakers} speaker{'' if speakers == 1 else 's'}, and a split by speaker needs "
            f"at least 3: {_BY_FILE}",
            flush=True,
        )
        return "random-leaky"
    split = f"grouped-{min(FOLDS, speakers)}"
    print(_BY_SPEAKER.format(split=split), flush=True)
    return split


def _recipe(split: str, *, epochs: int | None, seed: int) -> Recipe:
    changes = [f"training.seeds=[{seed}]", f"data.split_seed={seed}", f"data.split={split}"]
    if epochs is not None:
        changes.append(f"training.epochs={epochs}")
    if split == "random-leaky":
        changes.append("data.fold=0")
    return load_recipe(RECIPE, changes=changes)


def _prepare(mels: Path, out: Path) -> Store:
    """Write the spectrograms as a store and print a summary."""
    if next(mels.rglob("*.npy"), None) is None:
        raise CorpusError(
            "has no spectrograms (.npy); make them with mel_generator.py, or give their --input_dir",
            file=mels,
        )
    table = read_corpus(mels, "cremad")
    if not all(str(file).endswith(".npy") for file in table["file"]):
        raise CorpusError("has recordings too; give a folder that has spectrograms only", file=mels)
    assumed = None
    if not (mels / FRONT_END_FILE).is_file():
        assumed = CREMAD_SEED
        print(
            f"{mels} has no {FRONT_END_FILE}: assuming the front end of the original generator "
            f"({assumed.rate_hz} Hz, window {assumed.n_fft}, hop {assumed.hop})"
        )
    store = prepare(table, out, front_end=front_end_of(mels, assumed))
    summary = summarise(store)
    for line in summary.trouble[:_NAMED_CLIPS]:
        print(printable(line), file=sys.stderr)
    if (more := len(summary.trouble) - _NAMED_CLIPS) > 0:
        print(f"… and {more} more: column note of {store.path / 'index.csv'}", file=sys.stderr)
    print(summary)
    for emotion, count in store.usable["emotion"].value_counts().sort_index().items():
        print(f"{emotion}: {count} spectrograms")
    return store


def _train(recipe: Recipe, store: Store, out: Path) -> None:
    # PyTorch takes seconds to import, so it is imported once there is something to train on.
    from serenade.originals.cremad.run_files import FILES, write_original_files
    from serenade.training.evaluate import evaluate
    from serenade.training.run import train

    def show(fold_run: FoldRun, line: EpochLog) -> None:
        print(
            f"epoch {line['epoch']:.0f}/{recipe.training.epochs}  train loss {line['train_loss']:.4f} "
            f"accuracy {line['train_accuracy']:.1%}  dev loss {line['dev_loss']:.4f} "
            f"accuracy {line['dev_accuracy']:.1%}  {line['seconds']:.0f} s",
            flush=True,
        )

    protect_inputs([out / name for name in FILES], store.index["file"])
    run = train(recipe, store=store, out=out / "run", resume=True, on_epoch=show).folder
    evaluation = evaluate(run, store=store, audio=False)
    report = write_original_files(run, out, metrics=evaluation.metrics)
    print(f"\n{report}\nAll files are in {out}; the report is {evaluation.folder / 'report.html'}")
