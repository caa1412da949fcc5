"""The notebook's cells, run as they stand in the folder that holds MELD.Raw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serenade.synthetic.meld import SyntheticMeld

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "audio_to_spectrogram.ipynb"
RUN = """
import json, sys
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
for cell in cells:
    exec(compile("".join(cell["source"]), cell["id"], "exec"), globals())
for name in ("X_audio_train", "X_audio_val", "X_audio_test"):
    print(name, globals()[name].shape, globals()[name].dtype)
json.dump({name: globals()[name] for name in ("test_dia_ids", "test_utt_ids", "test_emotions")},
          open("ids.json", "w"))
np.save("y_test.npy", y_test)
"""


def test_it_has_two_cells_and_no_output() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert [cell["cell_type"] for cell in cells] == ["code", "code"]
    assert not any(cell["outputs"] for cell in cells)


@pytest.fixture(scope="module")
def ran(synthetic_meld: SyntheticMeld, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "MELD.Raw").symlink_to(synthetic_meld.path)
    command = [sys.executable, "-c", RUN, str(NOTEBOOK)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_arrays_and_the_banner_are_the_originals(ran: tuple[Path, str]) -> None:
    folder, out = ran
    assert sorted(file.name for file in (folder / "MELD_spectrograms").glob("*.npy")) == [
        "X_audio_test.npy",
        "X_audio_train.npy",
        "X_audio_val.npy",
    ]
    rule = "=" * 70
    banner = f"{rule}\nSPECTROGRAM GENERATION COMPLETE\n{rule}\n\nFinal Shapes:\n"
    shapes = "  Train: (24, 128, 128, 1)\n  Val:   (10, 128, 128, 1)\n  Test:  (12, 128, 128, 1)\n"
    assert banner + shapes in out
    assert "X_audio_train (24, 128, 128, 1) float32" in out


def test_ids_and_labels_fit_the_arrays_rows(ran: tuple[Path, str], synthetic_meld: SyntheticMeld) -> None:
    folder, out = ran
    ids = json.loads((folder / "ids.json").read_text())
    lines = (folder / "MELD_spectrograms" / "ids_test.csv").read_text().splitlines()[1:]
    told = [line.split(",") for line in lines]
    assert [line[0] for line in told] == ids["test_dia_ids"]
    assert [int(line[1]) for line in told] == ids["test_utt_ids"]
    assert [line[4] for line in told] == ids["test_emotions"]
    assert len(np.load(folder / "y_test.npy")) == 12
    for kind in ("missing", "corrupt"):
        assert f"test {synthetic_meld.defects[kind][2].partition('/')[2]}: {kind}" in out
