"""The notebook's cells, run as they stand in the folder that holds MELD.Raw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import LabelEncoder

from serenade.synthetic.meld import SyntheticMeld

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "audio_to_spectrogram.ipynb"
RUN = """
import json, sys
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
for cell in cells:
    exec(compile("".join(cell["source"]), cell["id"], "exec"), globals())
for name in ("X_audio_train", "X_audio_val", "X_audio_test"):
    print(name, globals()[name].shape, globals()[name].dtype)
kept = ("test_dia_ids", "test_utt_ids", "test_emotions", "train_emotions", "val_emotions")
json.dump({name: globals()[name] for name in kept}, open("ids.json", "w"))
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


@pytest.mark.fidelity(
    system="audio_to_spectrogram.ipynb",
    output="last lines printed",
    verdict="equal",
    note="The banner SPECTROGRAM GENERATION COMPLETE with the three shapes.",
)
@pytest.mark.fidelity(
    system="audio_to_spectrogram.ipynb",
    output="variables `X_audio_{train,val,test}`",
    verdict="equal",
    note="The arrays; as memory maps, so that 900 MB need not be held.",
)
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


@pytest.mark.fidelity(
    system="audio_to_spectrogram.ipynb",
    output="variables `{train,val,test}_dia_ids`, `_utt_ids`, `_emotions`, `y_{train,val,test}`",
    verdict="equal",
    note="One entry per row; classes in alphabetical order, as LabelEncoder numbers them.",
)
def test_ids_and_labels_fit_the_arrays_rows(ran: tuple[Path, str], synthetic_meld: SyntheticMeld) -> None:
    folder, out = ran
    ids = json.loads((folder / "ids.json").read_text())
    lines = (folder / "MELD_spectrograms" / "ids_test.csv").read_text().splitlines()[1:]
    told = [line.split(",") for line in lines]
    assert [line[0] for line in told] == ids["test_dia_ids"]
    assert [int(line[1]) for line in told] == ids["test_utt_ids"]
    assert [line[4] for line in told] == ids["test_emotions"]
    encoder = LabelEncoder().fit(ids["train_emotions"] + ids["val_emotions"] + ids["test_emotions"])
    assert np.load(folder / "y_test.npy").tolist() == encoder.transform(ids["test_emotions"]).tolist()
    for kind in ("missing", "corrupt"):
        assert f"test {synthetic_meld.defects[kind][2].partition('/')[2]}: {kind}" in out
