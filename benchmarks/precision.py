"""What storing the encoder in fewer bits costs: score and size of file, into docs/results.md.

    python benchmarks/precision.py --data DIR [--out runs/precision] [--write]

DIR has the folder `ravdess`. The recipe of a bundled model is trained on it alone, without noisy copies,
with the matrices of the encoder in 32, 16, 8 and 4 bits. A finished step is not repeated.
"""

from __future__ import annotations

from pathlib import Path

from accuracy import replace_block
from encoder import ROOT, parser_of, run_serenade

from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.report.tables import markdown_records
from serenade.folders import RunFolder

RECIPES = ("serenade-small",)
PRECISIONS = ("float32", "float16", "int8", "int4")
BEGIN, END = "<!-- precision: written by benchmarks/precision.py -->", "<!-- end of precision -->"


def main() -> None:
    """Train with each precision, and print or write the table."""
    given = parser_of(__doc__, out="runs/precision").parse_args()
    store = given.out / "store"
    if not (store / "store.json").is_file():
        recipe = ROOT / "recipes" / "encoder.toml"
        run_serenade("prepare", given.data / "ravdess", "--recipe", recipe, "--out", store)
    rows = [row_of(name, precision, store, given.out) for name in RECIPES for precision in PRECISIONS]
    text = markdown_records(rows, list(rows[0]))
    print(text)
    if given.write:
        about = "Written by `python benchmarks/precision.py --data DIR --write`: RAVDESS, `actors-5`.\n\n"
        replace_block(ROOT / "docs" / "results.md", BEGIN, END, about + text)


def row_of(name: str, precision: str, store: Path, out: Path) -> dict[str, str]:
    """Train and evaluate one recipe in one precision."""
    run = RunFolder(out / f"{name}_{precision}")
    if not run.final.model.is_complete:
        changes = {
            "name": run.path.name,
            "store.noisy_copies": 0,
            "data.split": "actors-5",
            "network.options.precision": precision,
        }
        sets = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
        resume = ["--resume"] if run.is_run() else []
        recipe = ROOT / "recipes" / f"{name}.toml"
        run_serenade("train", recipe, *sets, "--store", store, "--out", run.path, "--refit", *resume)
    evaluation = EvaluationFolder(run.evaluation)
    if not evaluation.metrics.is_file():
        run_serenade("evaluate", run.path)
    uar = evaluation.read()[0]["mean"]["uar"]
    return {
        "recipe": f"`{name}`",
        "precision": precision,
        "UAR %": f"{100 * uar['value']:.1f} ± {100 * uar['std']:.1f}",
        "MB": f"{run.final.model.onnx.stat().st_size / 1e6:.1f}",
    }


if __name__ == "__main__":
    main()
