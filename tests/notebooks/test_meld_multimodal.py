"""The notebook's cells, run as they stand in the folder that holds MELD.Raw and MELD_spectrograms."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from serenade.originals.meld.spectrogram_writer import write_spectrograms
from serenade.synthetic.meld import SyntheticMeld

PARAMETERS = {
    "text": 429_895,
    "sound": 4_618_119,
    "fusion": 2_948_615,
    "vectors": 166_919,
    "fusion_vectors": 619_783,
}
"""As Keras counts them."""

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


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="training",
    verdict="equal",
    note="Adam at 1e-3, batches of 32, at most 100 epochs, halved after 5 epochs without a lower dev loss, "
    "stopped after 15 (the 1-D CNN after 10), best epoch by dev loss.",
)
@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="L2 penalty on the kernels of the text network",
    verdict="differs",
    note="None; the original adds 1e-3 of their squares to the loss.",
)
def test_the_training_is_the_originals() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    (given,) = (
        dict(zip(map(ast.literal_eval, node.value.keys), map(ast.unparse, node.value.values), strict=True))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "as_original"
    )
    assert given == {
        "epochs": "EPOCHS",
        "batch_size": "32",
        "learning_rate": "0.001",
        "weight_decay": "0.0",
        "schedule": "'plateau'",
        "plateau_patience": "5",
        "monitor": "'dev_loss'",
        "early_stopping_patience": "15",
        "seeds": "[0]",
    }
    assert "EPOCHS = 100 " in source
    assert '"early_stopping_patience": 10' in source


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
    assert told["epochs"] == dict.fromkeys(PARAMETERS, 2)
    for name, total in PARAMETERS.items():
        assert f"{name}: {total:,} parameters" in out


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="rows that are scored",
    verdict="equal",
    note="All rows of the test part, once for each network.",
)
@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="scores printed",
    verdict="differs",
    note="Weighted F1 and UAR first, then the classification report. The original prints the accuracy first.",
)
def test_every_row_of_the_test_part_is_scored(ran: tuple[Path, str], synthetic_meld: SyntheticMeld) -> None:
    folder, out = ran
    told = json.loads((folder / "told.json").read_text())
    for name in PARAMETERS:
        assert told[name]["n"] == synthetic_meld.rows["test"]
        assert f"{name}: weighted F1 {100 * told[name]['weighted_f1']:.1f}" in out
    assert "1 missing" in out
    assert "1 corrupt" in out


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="figures",
    verdict="equal",
    note="Learning curves and confusion matrix of each network, comparison of the networks, F1 by class.",
)
@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="files",
    verdict="differs",
    note="The figures as PNG in `meld_figures`. The original writes `best_*_model.keras`.",
)
def test_every_figure_is_kept(ran: tuple[Path, str]) -> None:
    folder, _ = ran
    names = {file.stem for file in (folder / "meld_figures").glob("*.png")}
    by_network = {f"{kind}_{name}" for kind in ("curves", "confusion") for name in PARAMETERS}
    assert names == by_network | {"weighted_f1", "f1_by_class"}
