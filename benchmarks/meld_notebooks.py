"""MELD from raw clips to fusion: both notebooks, cell by cell, on a synthetic tree of MELD's size.

    nice -n 15 python benchmarks/meld_notebooks.py [--clips 13708 | --tree MELD.Raw] [--epochs 1] [--write]

`audio_to_spectrogram.ipynb` and `meld_multimodal.ipynb` are run in one process with one thread, in a folder
with a synthetic `MELD.Raw` (rows of MELD's own tables where they lie in ../shared; clips beyond the first 240
are hard links to these; random vectors). The notebooks train up to 100 epochs; `--epochs` sets another limit.
Processor time is that of
all processes, so other work on the machine hardly changes it; wall time is shown beside it. Scores are not
shown: a synthetic corpus has none that matter. `--write` writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import replace_block
from meld import ROWS, TABLES

from serenade.evaluation.report.tables import markdown_table
from serenade.synthetic.meld import make_meld

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- notebooks: written by benchmarks/meld_notebooks.py -->", "<!-- end of notebooks -->"
NOTEBOOKS = ("audio_to_spectrogram", "meld_multimodal")
NETWORKS = {
    "text": "text LSTM",
    "sound": "2-D CNN on spectrograms",
    "fusion": "fusion with spectrograms",
    "vectors": "1-D CNN on audio vectors",
    "fusion_vectors": "fusion with audio vectors",
}
"""What the second notebook calls its networks."""

_RUN = """
import json, os, sys, time
import torch
torch.set_num_threads(1)
cells = {}
for notebook in sys.argv[3:]:
    for cell in json.load(open(notebook, encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"]).replace("EPOCHS = 100 ", f"EPOCHS = {sys.argv[1]} ")
        began, used = time.perf_counter(), sum(os.times()[:4])
        exec(compile(source, cell["id"], "exec"), globals())
        cells[f"{notebook}:{cell['id']}"] = sum(os.times()[:4]) - used, time.perf_counter() - began
        print(cell["id"], cells[f"{notebook}:{cell['id']}"], file=sys.stderr, flush=True)
epochs = {name: len(lines) for name, lines in logs.items()}
json.dump({"cells": cells, "epochs": epochs}, open(sys.argv[2], "w"))
"""


def measure(clips: int, epochs: int, tree: Path | None = None) -> dict[str, Any]:
    """Run both notebooks on a tree; return processor and wall time by cell, and epochs by network.

    Args:
        clips: rows of a synthetic tree.
        epochs: at most so many for each network.
        tree: a `MELD.Raw` that exists, instead of a synthetic one.
    """
    with tempfile.TemporaryDirectory(prefix="serenade_notebooks_") as scratch:
        meld = Path(scratch, "MELD.Raw")
        if tree is not None:
            meld.symlink_to(tree.resolve())
        else:
            rows = {part: round(clips * count / sum(ROWS.values())) for part, count in ROWS.items()}
            tables = TABLES if TABLES.is_dir() else None
            make_meld(meld, tables=tables, rows=rows, rng=np.random.default_rng(0))
        out = Path(scratch, "measured.json")
        notebooks = [ROOT / "notebooks" / f"{name}.ipynb" for name in NOTEBOOKS]
        command = [sys.executable, "-c", _RUN, str(epochs), out, *notebooks]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        subprocess.run(list(map(str, command)), cwd=scratch, env=environment, check=True)
        result: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        ids = [len(file.read_text().splitlines()) - 1 for file in Path(scratch).glob("*/ids_*.csv")]
    return result | {"clips": sum(ids)}


def table_of(result: dict[str, Any]) -> str:
    """Return the result as a Markdown table."""
    cells = {name.rpartition("/")[2]: np.array(times) for name, times in result["cells"].items()}
    spectrograms, multimodal = (f"{name}.ipynb:" for name in NOTEBOOKS)

    def total(*begins: str) -> Any:
        return sum(times for name, times in cells.items() if name.startswith(begins))

    loads = tuple(f"{multimodal}{name}" for name in ("setup", "sound", "text"))
    steps = {"raw clips to arrays": total(spectrograms), "load arrays, vectors and tables": total(*loads)}
    for name, title in NETWORKS.items():
        count = result["epochs"][name]
        steps[f"train {title}, {count} epoch{'s' if count > 1 else ''}"] = cells[f"{multimodal}learn_{name}"]
    steps["evaluate all on the test part, and the figures"] = total(
        f"{multimodal}evaluate", f"{multimodal}compare"
    )
    steps["both notebooks"] = total("")
    rows = [
        [name, f"{processor_s:.0f} s", f"{wall_s:.0f} s"] for name, (processor_s, wall_s) in steps.items()
    ]
    return markdown_table((f"{result['clips']:,} clips, one thread", "processor time", "wall time"), rows)


def main() -> None:
    """Print the table, or write it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=sum(ROWS.values()))
    parser.add_argument("--epochs", type=int, default=1, help="at most so many (the notebook has 100)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--tree", type=Path, help="a MELD.Raw that exists")
    options = parser.parse_args()
    table = table_of(measure(options.clips, options.epochs, options.tree))
    if not options.write:
        print(table)
        return
    command = f"python benchmarks/meld_notebooks.py --clips {options.clips} --epochs {options.epochs} --write"
    replace_block(PAGE, BEGIN, END, f"Written by `{command}`.\n\n{table}\n")


if __name__ == "__main__":
    main()
