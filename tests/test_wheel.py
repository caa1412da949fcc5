"""The wheel alone predicts: installed into an empty environment, without PyTorch and without the sources."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_BYTES = 60_000_000


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command outside the sources, without this environment's paths."""
    return subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, env={"HOME": str(cwd)}
    )


@pytest.mark.slow
def test_the_wheel_predicts_after_pip_install(toy, tmp_path):
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    built = run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path / "wheel", ROOT, cwd=tmp_path)
    if "Could not find a version" in built.stderr or "Temporary failure" in built.stderr:
        pytest.skip("no package index here: the build backend cannot be installed")
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    assert wheel.stat().st_size < MOST_BYTES

    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / "bin" / "python"
    assert run(python, "-m", "pip", "--quiet", "install", wheel, cwd=tmp_path).returncode == 0
    assert run(python, "-c", "import torch", cwd=tmp_path).returncode != 0

    for number in range(3):
        toy.write_voice(tmp_path / "calls" / f"{number}.wav", 1.5 + number, seed=number)
    models = run(tmp_path / "empty" / "bin" / "serenade", "list", "models", cwd=tmp_path)
    names = [line.split()[0] for line in models.stdout.splitlines()[1:] if line[:1].strip()]
    assert "serenade-base" in names
    for name in names:
        command = ("predict", "calls", "--model", name, "--format", "jsonl")
        ran = run(tmp_path / "empty" / "bin" / "serenade", *command, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
        rows = [json.loads(line) for line in ran.stdout.splitlines()]
        assert [Path(row["file"]).name for row in rows] == ["0.wav", "1.wav", "2.wav"]
        assert all(row["scores"] and row["model"]["name"] == name for row in rows)
        assert "3 recordings predicted" in ran.stderr
    ran = run(tmp_path / "empty" / "bin" / "serenade", "page", "--static", "site", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "site/index.html\n"), ran.stderr
    assert len(list((tmp_path / "site").rglob("*.wasm"))) == 1
