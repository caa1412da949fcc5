"""docs/fidelity.md has one line for every output of the two published systems, each shown by a test."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("fidelity", ROOT / "scripts" / "fidelity.py")
fidelity = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = fidelity
_SPEC.loader.exec_module(fidelity)

CLAIMS = list(fidelity.claims())
OUTPUTS = {
    "mel_generator.py": [
        "_original.npy",
        "_{variant}.npy",
        "flags",
        "printed",
        "array",
        "time_shift",
        "noise_",
        "pitch_up",
    ],
    "cremad_custom2.py": [
        *(
            "best_model.pth",
            "final_model.pth",
            "training_history.pth",
            "training_history.png",
            "confusion_matrix.png",
        ),
        *("classification_report.txt", "model_state_dict.pth", "entire_model.pth"),
        *("flags", "printed", "class ids", "split", "training", "network", "names of the weights"),
    ],
    "custom2_tester.py": [
        *(
            "classification_results.csv",
            "confidence_distribution.png",
            "_mel.png",
            "columns",
            "flags",
            "printed",
        ),
        *("--max_width", "confidences"),
    ],
    "audio_to_spectrogram.ipynb": [
        "X_audio_{train,val,test}",
        "_dia_ids",
        "_utt_ids",
        "_emotions",
        "y_{train,val,test}",
        "BANNER",
    ],
    "final_code.ipynb": [
        "text network",
        "1-D CNN",
        "2-D CNN",
        "fusion",
        "figures",
        "files",
        "scores printed",
        "training",
    ],
}
"""What each program of the originals writes, prints or takes."""


@pytest.mark.parametrize(
    ("system", "output"), [(system, name) for system in OUTPUTS for name in OUTPUTS[system]]
)
def test_every_output_has_a_line(system: str, output: str) -> None:
    lines = [f"{claim.output} {claim.note}".casefold() for claim in CLAIMS if claim.system == system]
    assert any(output.casefold() in line for line in lines)


def test_the_page_is_what_the_tests_are_marked_with() -> None:
    page = fidelity.PAGE.read_text(encoding="utf-8")
    assert page == fidelity.page(page), "run `python scripts/fidelity.py --write`"


def test_one_line_for_one_output() -> None:
    lines = [(claim.system, claim.output) for claim in CLAIMS]
    assert len(lines) == len(set(lines)) > 60


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("system='a.py', output='b', verdict='equal', note='c'", "no such system"),
        ("system='final_code.ipynb', output='b', verdict='nearly', note='c'", "no such system or verdict"),
        ("system='final_code.ipynb', output='b', verdict='equal'", "has system="),
    ],
)
def test_a_mark_that_is_not_one_is_an_error(tmp_path: Path, mark: str, message: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(f"@pytest.mark.fidelity({mark})\ndef test_a(): ...\n")
    with pytest.raises(ValueError, match=message):
        list(fidelity.claims(tmp_path / "tests"))
