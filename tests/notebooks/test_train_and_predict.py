"""The notebook for CREMA-D and RAVDESS: its cells run one after another, and it is saved with outputs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "train_and_predict.ipynb"
RUN = """
import json, sys
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
for cell in cells:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), globals())
"""


def test_every_code_cell_is_saved_with_its_output() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] for cell in code)
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])


def test_the_cells_run(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(NOTEBOOK)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert "clips of 12 speakers" in ran.stdout
    assert "UAR" in ran.stdout
    assert (tmp_path / "notebook_run" / "run" / "evaluation" / "report.html").is_file()
