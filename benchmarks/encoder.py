"""Accuracy of the frozen encoder on RAVDESS, EmoDB, EMOVO and nEMO, into docs/results.md and README.md.

    python benchmarks/encoder.py --data DIR [--out runs/encoder] [--opensmile] [--write]

DIR has the folders of the corpora: `ravdess`, `emodb`, `emovo`, `nemo`; one that is missing is skipped. All
are prepared into one store, and the statistics of the encoder are computed once. For each corpus the
classifier (`recipes/encoder.toml`) is trained on this corpus alone, and with the other corpora as additional
training data. With `--opensmile`, two sets of acoustic features with a linear support vector machine are
beside it (`pip install opensmile scikit-learn`). A finished step is not repeated.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accuracy import replace_block
from acoustic_features import FEATURE_SETS, score_features

from adaptation import measure
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.report.tables import markdown_records
from serenade.folders import RunFolder

ROOT = Path(__file__).resolve().parent.parent
RECIPE = ROOT / "recipes" / "encoder.toml"
SPLITS = {
    "ravdess": "actors-5",
    "emodb": "one-speaker-out",
    "emovo": "one-speaker-out",
    "nemo": "one-speaker-out",
}
POOLED = {"emodb"}
"""Corpora in which some speakers lack a class: the score is that of all clips together."""
IN_README = ("corpus", "split", "encoder, all corpora", "`random-leaky`", "adapted, all clips")
"""Columns of the README's table; docs/results.md has all."""
BEGIN, END = "<!-- encoder: written by benchmarks/encoder.py -->", "<!-- end of encoder -->"


def parser_of(about: str | None, *, out: str, pages: str = "docs/results.md") -> argparse.ArgumentParser:
    """Return the arguments of a benchmark that trains on corpora and writes a table into a page.

    Args:
        about: docstring of the benchmark.
        out: where it trains.
        pages: what `--write` writes.
    """
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path(out))
    parser.add_argument("--write", action="store_true", help=f"write {pages}")
    return parser


def main() -> None:
    """Train, evaluate, and print or write the table."""
    parser = parser_of(__doc__, out="runs/encoder", pages="docs/results.md and README.md")
    parser.add_argument("--opensmile", action="store_true", help="acoustic features as well")
    given = parser.parse_args()
    names = [name for name in SPLITS if (given.data / name).is_dir()]
    for name in sorted(set(SPLITS) - set(names)):
        print(f"skipped: there is no folder {given.data / name}", file=sys.stderr)
    if not names:
        sys.exit(f"none of {', '.join(SPLITS)} is in {given.data}")
    store = store_of(given.data, names, given.out)
    feature_sets = list(FEATURE_SETS) if given.opensmile else []
    rows = [row_of(name, store, given.out, names, feature_sets) for name in names]
    text = markdown_records(rows, list(rows[0]))
    print(text)
    if given.write:
        command = f"python benchmarks/encoder.py --data DIR{' --opensmile' * given.opensmile} --write"
        replace_block(ROOT / "docs" / "results.md", BEGIN, END, f"Written by `{command}`.\n\n{text}")
        replace_block(ROOT / "README.md", BEGIN, END, markdown_records(rows, IN_README))


def store_of(data: Path, names: Sequence[str], out: Path) -> Path:
    """The store of all corpora, prepared if need be."""
    store = out / "store"
    if not (store / "store.json").is_file():
        run_serenade("prepare", *(data / name for name in names), "--recipe", RECIPE, "--out", store)
    return store


def row_of(
    name: str, store: Path, out: Path, corpora: Sequence[str], feature_sets: Sequence[str]
) -> dict[str, str]:
    """Train and evaluate one corpus in its ways."""
    split, alone = SPLITS[name], len(corpora) == 1
    features = {
        title: score_features(name, split, store, out / f"{name}_{title}.npz", pooled=name in POOLED)
        for title in feature_sets
    }
    own = _metrics(name, split, 0, store, out / f"{name}_alone")
    joint = own if alone else _metrics(name, split, 0.2, store, out / f"{name}_joint")
    leaky = _metrics(name, "random-leaky", 0.2, store, out / f"{name}_leaky")
    best = out / (f"{name}_alone" if alone else f"{name}_joint")
    predictions = EvaluationFolder(RunFolder(best).evaluation).predictions
    curves = measure(predictions, draws=20, pooled=name in POOLED)
    return {
        "corpus": name,
        "split": f"`{split}`",
        "speakers": str(joint["counts"]["speakers"]),
        "clips": f"{joint['counts']['scored']:,}",
        "one class": f"{100 * joint['baseline']['uar']:.1f}",
        **features,
        "encoder, this corpus": _uar(own, name),
        "encoder, all corpora": _uar(joint, name),
        "ECE %": f"{100 * joint['calibration']['ece']:.1f}",
        "`random-leaky`": _uar(leaky, name),
        "adapted, one clip of each class": f"{curves.each:.1f}",
        "adapted, all clips": f"{curves.scores['balanced'][-1]:.1f}",
    }


def _metrics(name: str, split: str, weight: float, store: Path, run: Path) -> Mapping[str, Any]:
    changes = {
        "name": run.name,
        "data.split": split,
        "data.split_corpus": name,
        "training.other_corpora_weight": weight,
    }
    sets = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    if not RunFolder(run).summary.is_file():
        run_serenade("train", RECIPE, *sets, "--store", store, "--out", run, "--resume")
    if not EvaluationFolder(RunFolder(run).evaluation).metrics.is_file():
        run_serenade("evaluate", run)
    return EvaluationFolder(RunFolder(run).evaluation).read()[0]


def _uar(metrics: Mapping[str, Any], name: str) -> str:
    mean = metrics["mean"]["uar"]
    if name in POOLED or mean["std"] is None:
        return f"{100 * metrics['pooled']['uar']:.1f}"
    return f"{100 * mean['value']:.1f} ± {100 * mean['std']:.1f}"


def run_serenade(*arguments: str | Path) -> None:
    """Run a command of serenade."""
    command = ["serenade", *map(str, arguments)]
    print(f"$ {shlex.join(command)}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", *command], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
