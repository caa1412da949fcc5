"""Accuracy on corpora that a model was not trained on, into docs/results.md.

    python benchmarks/across_corpora.py --data DIR [--out runs/encoder] [--write]

DIR and the store in `--out` are those of benchmarks/encoder.py. A model is trained on each corpus alone
(`recipes/encoder.toml`), with the labels that all of them have, and evaluated on all clips of the others. The
diagonal is the cross-validation on the corpus itself. A finished step is not repeated.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from accuracy import replace_block
from encoder import RECIPE, ROOT, SPLITS, parser_of, run_serenade, store_of
from sklearn.metrics import recall_score

from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.report.tables import markdown_records
from serenade.features.encoder_statistics import encoder_statistics
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.networks.architectures.encoder import EncoderNetwork
from serenade.networks.weights import load_network

BEGIN, END = "<!-- across: written by benchmarks/across_corpora.py -->", "<!-- end of across -->"


def main() -> None:
    """Train on each corpus, evaluate on the others, and print or write the table."""
    given = parser_of(__doc__, out="runs/encoder").parse_args()
    names = [name for name in SPLITS if (given.data / name).is_dir()]
    if len(names) < 2:
        sys.exit(f"fewer than two of {', '.join(SPLITS)} are in {given.data}")
    store = store_of(given.data, names, given.out)
    index = Store.open(store).index
    common = set.intersection(*(set(index.loc[index["corpus"] == name, "emotion"]) for name in names)) - {""}
    labels = sorted(common)
    rows = [row_of(name, names, labels, store, given.out / f"{name}_across") for name in names]
    text = markdown_records(rows, list(rows[0]))
    print(text)
    if given.write:
        about = (
            "Written by `python benchmarks/across_corpora.py --data DIR --write`. UAR of "
            f"{', '.join(labels)}; {100 / len(labels):.0f} is chance.\n\n"
        )
        replace_block(ROOT / "docs" / "results.md", BEGIN, END, about + text)


def row_of(name: str, names: list[str], labels: list[str], store: Path, run: Path) -> dict[str, str]:
    """Train on one corpus; its own score by cross-validation, and those of the other corpora."""
    folder = RunFolder(run)
    if not folder.final.model.is_complete:
        changes = {
            "name": run.name,
            "data.split": SPLITS[name],
            "data.split_corpus": name,
            "data.labels": json.dumps(labels),
            "training.other_corpora_weight": 0,
        }
        sets = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
        resume = ["--resume"] if folder.is_run() else []
        run_serenade("train", RECIPE, *sets, "--store", store, "--out", run, "--refit", *resume)
    own = EvaluationFolder(folder.evaluation)
    if not own.metrics.is_file():
        run_serenade("evaluate", run)
    scores = uar_by_corpus(folder.final.model.path, store)
    scores[name] = own.read()[0]["pooled"]["uar"]
    return {"trained on": name, **{f"evaluated on {other}": f"{100 * scores[other]:.1f}" for other in names}}


def uar_by_corpus(model: Path, path: Path) -> dict[str, float]:
    """UAR of a model for all clips of each corpus of a store."""
    network, spec = load_network(model)
    assert isinstance(network, EncoderNetwork)
    store = Store.open(path)
    used = store.index["emotion"].isin(spec.labels) & (store.index["state"] == "ok")
    vectors = encoder_statistics(store, network.encoder)[used.to_numpy(bool)]
    with torch.inference_mode():
        predicted = network(torch.from_numpy(np.ascontiguousarray(vectors))).argmax(1).numpy()
    table = store.index[used].assign(predicted=[spec.labels[number] for number in predicted])
    return {
        str(name): float(recall_score(rows["emotion"], rows["predicted"], average="macro"))
        for name, rows in table.groupby("corpus")
    }


if __name__ == "__main__":
    main()
