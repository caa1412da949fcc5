"""The notebook's cells, run as they stand in the folder that holds MELD.Raw and MELD_spectrograms."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serenade.originals.meld.spectrogram_writer import write_spectrograms
from serenade.synthetic.meld import SyntheticMeld

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "meld_multimodal.ipynb"
RUN = """
import json, sys
import torch
torch.set_num_threads(1)
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        source = "".join(cell["source"]).replace("EPOCHS = 100 ", "EPOCHS = 2 ")
        exec(compile(source, cell["id"], "exec"), globals())
told = {name: {"n": one.n, "weighted_f1": one.values["weighted_f1"]} for name, one in scores.items()}
told["epochs"] = {name: len(lines) for name, lines in logs.items()}
json.dump(told, open("told.json", "w"))
"""


def test_cells_are_short_and_without_output() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert max(len(cell["source"]) for cell in code) <= 30


@pytest.fixture(scope="module")
def ran(synthetic_meld: SyntheticMeld, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "MELD.Raw").symlink_to(synthetic_meld.path)
    write_spectrograms(synthetic_meld.path, folder / "MELD_spectrograms")
    command = [sys.executable, "-c", RUN, str(NOTEBOOK)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_networks_are_the_originals(ran: tuple[Path, str]) -> None:
    folder, out = ran
    told = json.loads((folder / "told.json").read_text())
    assert told["epochs"] == {"text": 2, "sound": 2, "fusion": 2}
    for name, total in (("text", 429_895), ("sound", 4_618_119), ("fusion", 2_948_615)):
        assert f"{name}: {total:,} parameters" in out


def test_every_row_of_the_test_part_is_scored(ran: tuple[Path, str], synthetic_meld: SyntheticMeld) -> None:
    folder, out = ran
    told = json.loads((folder / "told.json").read_text())
    for name in ("text", "sound", "fusion"):
        assert told[name]["n"] == synthetic_meld.rows["test"]
        assert f"{name}: weighted F1 {100 * told[name]['weighted_f1']:.1f}" in out
    assert "1 missing" in out
    assert "1 corrupt" in out


def test_every_figure_is_kept(ran: tuple[Path, str]) -> None:
    folder, _ = ran
    names = {file.stem for file in (folder / "meld_figures").glob("*.png")}
    by_network = {
        f"{kind}_{name}" for kind in ("curves", "confusion") for name in ("text", "sound", "fusion")
    }
    assert names == by_network | {"weighted_f1", "f1_by_class"}
