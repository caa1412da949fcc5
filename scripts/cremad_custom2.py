#!/usr/bin/env python3
"""Train on a folder of CREMA-D's mel spectrograms: a drop-in for the original script, which needs no flags.

    cremad_custom2.py [--input_dir cremad_mels] [--output_dir cremad_custom2] [--epochs N]
                      [--split {speaker,file}] [--seed 42]

Reads INPUT/{ANG,DIS,FEA,HAP,NEU,SAD}/*.npy as mel_generator.py writes them. Writes best_model.pth,
final_model.pth, training_history.pth, training_history.png, confusion_matrix.png, classification_report.txt,
model_state_dict.pth and entire_model.pth; beside them store/ (the spectrograms as one array) and run/ (log,
split, ONNX model, and evaluation/report.html). The same command again goes on where a run was ended.
"""

from __future__ import annotations

import argparse
import sys
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
from serenade.training.recipe import Recipe, read_recipe

if TYPE_CHECKING:
    from serenade.training.run import Part

RECIPE = Path(serenade.assets.__file__).with_name("cremad_custom2.toml")
NAMED = 10
SPLITS = {
    "speaker": (
        "split by speaker: nobody is heard in two of the parts train, dev and test. (The original split by "
        "file, which puts every speaker, and altered copies of one clip, on both sides; --split file does "
        "that, and its figures are too good.)"
    ),
    "file": (
        "split by file, as the original did: THIS LEAKS. Every speaker, and altered copies of one clip, are "
        "on both sides, so the figures below are too good; --split speaker keeps speakers apart."
    ),
}


def main() -> int:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--input_dir", type=Path, default=Path("cremad_mels"), help="spectrograms by class")
    parser.add_argument("--output_dir", type=Path, default=Path("cremad_custom2"), help="where all goes")
    parser.add_argument("--epochs", type=int, metavar="N", help="at most; 40 as the original when left away")
    parser.add_argument("--split", choices=list(SPLITS), default="speaker", help="what is kept apart")
    parser.add_argument("--seed", type=int, default=42, help="of the split and the training")
    options = parser.parse_args()
    if options.seed < 0:
        parser.error("--seed must be 0 or more")
    try:
        recipe = _recipe(options)
        store = _prepare(options.input_dir, options.output_dir / "store")
        print(SPLITS[options.split], flush=True)
        _train(recipe, store, options.output_dir)
    except SerenadeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what is written is whole, run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def _recipe(options: argparse.Namespace) -> Recipe:
    changes = [f"training.seeds=[{options.seed}]", f"data.split_seed={options.seed}"]
    if options.epochs is not None:
        changes.append(f"training.epochs={options.epochs}")
    if options.split == "file":
        changes += ["data.split=random-leaky", "data.fold=0"]
    return read_recipe(RECIPE, changes=changes)


def _prepare(mels: Path, out: Path) -> Store:
    """The spectrograms as a store, and what it holds in words."""
    if next(mels.rglob("*.npy"), None) is None:
        raise CorpusError(
            "holds no spectrograms (.npy); make them with mel_generator.py, or give their --input_dir",
            file=mels,
        )
    table = read_corpus(mels, "cremad")
    if not all(str(file).endswith(".npy") for file in table["file"]):
        raise CorpusError("holds recordings too; give a folder of spectrograms alone", file=mels)
    assumed = None
    if not (mels / FRONT_END_FILE).is_file():
        assumed = CREMAD_SEED
        print(
            f"{mels} has no {FRONT_END_FILE}: taken for the original generator's spectrograms "
            f"({assumed.rate_hz} Hz, window {assumed.n_fft}, hop {assumed.hop})"
        )
    store = prepare(table, out, front_end=front_end_of(mels, assumed))
    summary = summarise(store)
    for line in summary.trouble[:NAMED]:
        print(line, file=sys.stderr)
    if len(summary.trouble) > NAMED:
        more = len(summary.trouble) - NAMED
        print(f"… and {more} more: column note of {store.path / 'index.csv'}", file=sys.stderr)
    print(summary)
    for emotion, count in store.usable["emotion"].value_counts().sort_index().items():
        print(f"{emotion}: {count} spectrograms")
    return store


def _train(recipe: Recipe, store: Store, out: Path) -> None:
    # PyTorch takes seconds to import: not before there is something to do.
    from serenade.originals.cremad.trainer_files import write_original_files
    from serenade.training.evaluate import evaluate
    from serenade.training.run import train

    epochs = recipe.training.epochs

    def show(part: Part, line: dict[str, float]) -> None:
        print(
            f"epoch {line['epoch']:.0f}/{epochs}  train loss {line['train_loss']:.4f} "
            f"accuracy {line['train_accuracy']:.1%}  dev loss {line['dev_loss']:.4f} "
            f"accuracy {line['dev_accuracy']:.1%}  {line['seconds']:.0f} s",
            flush=True,
        )

    run = train(recipe, store, out / "run", resume=True, report=show)
    evaluation = evaluate(run, store=store, audio=False)
    report = write_original_files(run, out, metrics=evaluation.metrics)
    print(f"\n{report}\nAll files are in {out}; the page is {evaluation.folder / 'report.html'}")


if __name__ == "__main__":
    sys.exit(main())
