"""`serenade compare` over dialogues: MELD's texts with and without the rest of the dialogue, into the how-to.

    python benchmarks/compare_dialogues.py --data DIR [--out runs/compare_dialogues] [--write]

DIR has the folder `meld` with MELD's tables. One network reads each utterance by itself, the other is the
same with a BiLSTM over the dialogue; both are trained once, for three epochs. A finished step is not
repeated.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from accuracy import replace_block
from encoder import parser_of, run_serenade

from serenade import compare
from serenade.evaluation.compare import tables
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.report.tables import markdown_table
from serenade.folders import RunFolder

ROOT = Path(__file__).resolve().parent.parent
RECIPE = ROOT / "recipes" / "meld_text.toml"
PAGE = ROOT / "docs" / "how-to" / "compare.md"
BEGIN = "<!-- dialogues: written by benchmarks/compare_dialogues.py -->"
END = "<!-- end of dialogues -->"
NETWORKS = {
    "dialogue": ("dialogue", '{utterance = "text_lstm", utterance_options = {bag = 64}}'),
    "utterance": ("text_lstm", "{bag = 64}"),
}
"""Network and options of each run."""


def main() -> None:
    """Train, evaluate, compare, and print or write the tables."""
    given = parser_of(__doc__, out="runs/compare_dialogues", pages="docs/how-to/compare.md").parse_args()
    store = given.out / "store"
    if not (store / "store.json").is_file():
        run_serenade("prepare", given.data / "meld", "--recipe", RECIPE, "--out", store)
    runs = [given.out / name for name in NETWORKS]
    for run, (network, options) in zip(runs, NETWORKS.values(), strict=True):
        changes = [
            f"network.name={network}",
            f"network.options={options}",
            "training.seeds=[0]",
            "training.epochs=3",
        ]
        sets = [word for change in changes for word in ("--set", change)]
        if not RunFolder(run).summary.is_file():
            run_serenade("train", RECIPE, *sets, "--store", store, "--out", run, "--resume")
        if not EvaluationFolder(RunFolder(run).evaluation).metrics.is_file():
            run_serenade("evaluate", run)
    comparison = compare(runs)
    shown = tables.pair_table(comparison)
    names = ["run", *tables.run_table(comparison).head[1:5], "minutes per model"]
    scores = tables.run_table(comparison).select(names)
    text = "\n".join(
        [
            markdown_table(scores.head, scores.rows),
            markdown_table(shown.head, shown.rows),
            f"{shown.note} {tables.summary(comparison)}\n",
        ]
    )
    print(text)
    if given.write:
        command = f"serenade compare {shlex.join(f'runs/compare_dialogues/{name}' for name in NETWORKS)}"
        written = (
            "Written by `python benchmarks/compare_dialogues.py --data DIR --write`; the tables are those of"
        )
        replace_block(PAGE, BEGIN, END, f"{written} `{command}`.\n\n{text}")


if __name__ == "__main__":
    main()
