#!/usr/bin/env python3
"""Make a bundled model: store, cross-validation, final model, evaluation, model card.

    python scripts/make_bundled_model.py RECIPE --data DIR [--work DIR] [--jobs N]

DIR has the folders of the corpora that the model is trained on (ravdess, emodb, nemo, cremad_rebuilt) and,
for the section on natural speech, meeting. cremad_rebuilt is a quarter of the clips of CREMA-D, without the
five actors of the examples, reconstructed from log-mels, with VideoDemographics.csv in the same folder:

    python benchmarks/sound_from_logmel.py MELS OUT --every 4 --without 1001,1002,1015,1036,1054

Steps whose result is in the work folder are not repeated. At the end the model
without its safetensors is in src/serenade/assets/NAME, and every figure of its card is of this run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from serenade import load_recipe
from serenade.evaluation.folder import EvaluationFolder
from serenade.features.store import Store
from serenade.folders import ModelFolder, RunFolder
from serenade.inference.locate import ASSETS, DEFAULT
from serenade.training.card_results import NATURAL_SPEECH, with_results

CORPORA = ("ravdess", "emodb", "nemo", "cremad_rebuilt")
"""Corpora whose licence allows a model that is given away."""

REBUILT = """The sound of CREMA-D is a quarter of the clips of 67 of its 91 actors, reconstructed from log-mel
spectrograms (`benchmarks/sound_from_logmel.py`). Its figures below are of reconstructed sound, not of the
recordings.

"""

EXAMPLE = "<!-- example: written by scripts/make_bundled_model.py -->"

CLIP = "cremad/AudioWAV/1054_IEO_FEA_HI.wav"
"""The clip of the example in the README, of a speaker that is not trained on."""

RESULTS = "## Results"

ROOT = Path(__file__).parents[1]


def serenade(*arguments: str | Path) -> None:
    """Run a command of this serenade."""
    subprocess.run([sys.executable, "-m", "serenade", *map(str, arguments)], check=True)


def bundle(run: Path, name: str, *, assets: Path = ASSETS) -> Path:
    """Copy the final model of an evaluated run, with a card that has its results.

    Args:
        run: the run folder, with `evaluation`.
        name: of the model.
        assets: where the bundled models are.
    """
    model, target = RunFolder(run).final.model, ModelFolder(assets / name)
    card = with_results(
        model.card.read_text(encoding="utf-8"),
        RunFolder(run).evaluation,
        size_bytes=model.onnx.stat().st_size,
    )
    target.path.mkdir(exist_ok=True)
    for source, copy in (
        (model.onnx, target.onnx),
        (model.config, target.config),
        (model.trained_on, target.trained_on),
    ):
        shutil.copy(source, copy)
    target.write_card(card.replace(RESULTS, REBUILT + RESULTS, 1))
    return target.path


def write_example(readme: Path, clip: Path) -> None:
    """Replace the example in the README by what `serenade predict` prints for a clip.

    Args:
        readme: with the two comments around the example.
        clip: a recording.
    """
    command = [sys.executable, "-m", "serenade", "predict", clip.name]
    ran = subprocess.run(command, cwd=clip.parent, check=True, capture_output=True, text=True)
    shown = "\n".join(line.rstrip() for line in ran.stdout.splitlines())
    start, _, rest = readme.read_text(encoding="utf-8").partition(EXAMPLE)
    _, end, rest = rest.partition("<!-- end of example -->")
    block = f"{EXAMPLE}\n```console\n$ serenade predict {clip.name}\n{shown}\n```\n"
    readme.write_text(start + block + end + rest, encoding="utf-8")


def main() -> None:
    """Make the model of a recipe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--work", type=Path, default=Path("bundled"), help="folder of the store and the run")
    parser.add_argument("--jobs", type=int, default=1, help="processes that prepare the store")
    chosen = parser.parse_args()
    name = load_recipe(chosen.recipe).name
    store, run = chosen.work / f"{name}.store", chosen.work / name
    chosen.work.mkdir(parents=True, exist_ok=True)
    if not (store / "store.json").is_file():
        folders = [chosen.data / corpus for corpus in CORPORA]
        serenade("prepare", *folders, "--recipe", chosen.recipe, "--out", store, "--jobs", str(chosen.jobs))
    Store.open(store)
    if not RunFolder(run).final.model.is_complete:
        is_started = ["--resume"] if RunFolder(run).is_run() else []
        serenade("train", chosen.recipe, "--store", store, "--out", run, "--refit", *is_started)
    evaluation = EvaluationFolder(RunFolder(run).evaluation)
    if not evaluation.metrics.is_file():
        serenade("evaluate", run, "--no-audio")
    natural = evaluation.path / NATURAL_SPEECH
    if not natural.is_file() and (chosen.data / "meeting").is_dir():
        benchmark = [ROOT / "benchmarks" / "domain.py", RunFolder(run).final.model.onnx]
        subprocess.run(
            [sys.executable, *map(str, benchmark), "--data", str(chosen.data), "--out", str(natural)],
            check=True,
        )
    print(bundle(run, name))
    if name == DEFAULT and (chosen.data / CLIP).is_file():
        write_example(ROOT / "README.md", chosen.data / CLIP)


if __name__ == "__main__":
    main()
