"""The flags of the three scripts of the CREMA-D system: those of the original, and further ones."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def flags(script: str) -> set[str]:
    command = [sys.executable, str(SCRIPTS / script), "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return set(re.findall(r"^  (--\w+)", shown, re.MULTILINE))


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="flags",
    verdict="equal",
    note="`--input_dir --output_dir [--no_augment] [--n_augmentations 3]`, letter for letter.",
)
def test_of_the_generator() -> None:
    assert flags("mel_generator.py") == {"--input_dir", "--output_dir", "--no_augment", "--n_augmentations"}


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="flags",
    verdict="differs",
    note="The original has none, and none is needed: `--input_dir --output_dir --epochs --split --seed`.",
)
def test_of_the_trainer() -> None:
    assert flags("cremad_custom2.py") == {"--input_dir", "--output_dir", "--epochs", "--split", "--seed"}


@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="flags",
    verdict="equal",
    note="`--input_dir --model_path [--output_dir] [--max_width] [--cpu] [--visualize]`; also `--padding`.",
)
def test_of_the_tester() -> None:
    original = {"--input_dir", "--model_path", "--output_dir", "--max_width", "--cpu", "--visualize"}
    assert flags("custom2_tester.py") == original | {"--padding"}
