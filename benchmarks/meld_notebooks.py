"""MELD from raw clips to fusion: both notebooks, cell by cell, on a synthetic tree of MELD's size.

    nice -n 15 python benchmarks/meld_notebooks.py [--clips 13708] [--epochs 1] [--write]

`audio_to_spectrogram.ipynb` and `meld_multimodal.ipynb` are run in one process with one thread, in a folder
with a synthetic `MELD.Raw` (rows of MELD's own tables where they lie in ../shared; clips beyond the first 240
are hard links to these; random vectors). The notebooks train up to 100 epochs; `--epochs` sets another limit.
Scores are not shown: a synthetic corpus has none that matter. `--write` writes docs/benchmarks.md.
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
import json, sys, time
import torch
torch.set_num_threads(1)
seconds = {}
for notebook in sys.argv[3:]:
    for cell in json.load(open(notebook, encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"]).replace("EPOCHS = 100 ", f"EPOCHS = {sys.argv[1]} ")
        began = time.perf_counter()
        exec(compile(source, cell["id"], "exec"), globals())
        seconds[f"{notebook}:{cell['id']}"] = time.perf_counter() - began
json.dump({"seconds": seconds, "logs": logs}, open(sys.argv[2], "w"))
"""


def measure(clips: int, epochs: int) -> dict[str, Any]:
    """Make a tree and run both notebooks; return seconds by cell and the logs of the networks."""
    with tempfile.TemporaryDirectory(prefix="serenade_notebooks_") as scratch:
        rows = {part: round(clips * count / sum(ROWS.values())) for part, count in ROWS.items()}
        tables = TABLES if TABLES.is_dir() else None
        make_meld(Path(scratch, "MELD.Raw"), tables=tables, rows=rows, rng=np.random.default_rng(0))
        out = Path(scratch, "measured.json")
        notebooks = [ROOT / "notebooks" / f"{name}.ipynb" for name in NOTEBOOKS]
        command = [sys.executable, "-c", _RUN, str(epochs), out, *notebooks]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        subprocess.run(list(map(str, command)), cwd=scratch, env=environment, check=True)
        result: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return result | {"clips": clips, "epochs": epochs}


def table_of(result: dict[str, Any]) -> str:
    """Return the result as a Markdown table."""
    cells = {name.rpartition("/")[2]: seconds for name, seconds in result["seconds"].items()}
    spectrograms, multimodal = (f"{name}.ipynb:" for name in NOTEBOOKS)
    rows = [
        [
            "raw clips to arrays",
            f"{sum(s for name, s in cells.items() if name.startswith(spectrograms)):.0f} s",
        ],
        [
            "load arrays, vectors and tables",
            f"{sum(cells[multimodal + name] for name in ('setup', 'sound', 'text')):.0f} s",
        ],
    ]
    for name, title in NETWORKS.items():
        lines = result["logs"][name]
        epoch_s = np.median([line["seconds"] for line in lines])
        rows.append(
            [f"{title}: training, {len(lines)} epochs", f"{cells[f'{multimodal}learn_{name}']:.0f} s"]
        )
        rows.append([f"{title}: one epoch, dev included", f"{epoch_s:.1f} s"])
    evaluated = sum(s for name, s in cells.items() if name.startswith(f"{multimodal}evaluate"))
    rows += [
        ["evaluate all on the test part", f"{evaluated:.0f} s"],
        ["both notebooks", f"{sum(cells.values()):.0f} s"],
    ]
    return markdown_table((f"{result['clips']:,} clips, one thread", "wall time"), rows)


def main() -> None:
    """Print the table, or write it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=sum(ROWS.values()))
    parser.add_argument("--epochs", type=int, default=1, help="at most so many (the notebook has 100)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    table = table_of(measure(options.clips, options.epochs))
    if not options.write:
        print(table)
        return
    command = f"python benchmarks/meld_notebooks.py --clips {options.clips} --epochs {options.epochs} --write"
    replace_block(PAGE, BEGIN, END, f"Written by `{command}`.\n\n{table}\n")


if __name__ == "__main__":
    main()
