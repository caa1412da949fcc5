from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import serenade as package
from serenade.cli import main as main_module
from serenade.cli.main import COMMANDS, run
from serenade.features.store import Store

Serenade = Callable[..., tuple[int, str, str]]
COMMAND = [sys.executable, "-m", "serenade.cli.main"]
ONE_CORE = os.environ | {"OMP_NUM_THREADS": "1"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(serenade: Serenade, command: str) -> None:
    ran = serenade(command, "-h")
    assert ran.status == 0
    assert "Usage: serenade" in ran.stdout
    assert command in ran.stdout
    assert ran.stderr == ""


HELP = """
import sys
from serenade.cli.main import COMMANDS, run
for command in COMMANDS:
    assert run([command, "--help"]) == 0
heavy = "torch pandas numpy scipy sklearn matplotlib onnxruntime onnx av soundfile lightning_fabric".split()
sys.exit(", ".join(name for name in heavy if name in sys.modules) or 0)
"""


def test_help_loads_nothing_heavy() -> None:
    ran = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.slow
def test_help_is_there_at_once() -> None:
    took = []
    for _ in range(5):
        before = os.times().children_user + os.times().children_system
        subprocess.run([*COMMAND, "predict", "--help"], stdout=subprocess.DEVNULL, check=True)
        took.append(os.times().children_user + os.times().children_system - before)
    # Seconds of the processor, which other work on the machine lengthens less than those of the clock.
    assert min(took) < 0.3


def test_its_version(serenade: Serenade) -> None:
    assert serenade("--version") == (0, f"{package.__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [["sing"], ["predict"], ["train", "--no-such-option"], ["train"], ["export", "model"], ["prepare"]],
)
def test_wrong_arguments_exit_with_2(serenade: Serenade, arguments: list[str]) -> None:
    ran = serenade(*arguments)
    assert ran.status == 2
    assert "Traceback" not in ran.stderr


def test_what_cannot_be_used_is_one_line(serenade: Serenade, tmp_path: Path) -> None:
    ran = serenade("train", tmp_path / "none.toml", "--store", tmp_path)
    assert ran.is_one_sentence()
    assert ran.stderr.startswith("serenade: ")


WITHOUT = """
import sys
for name in {names}:
    sys.modules[name] = None
from serenade.cli.main import main
main()
"""


@pytest.mark.parametrize("names", [["torch"], ["pandas"], ["torch", "pandas", "matplotlib", "jinja2"]])
@pytest.mark.parametrize("verb", ["train", "evaluate", "export"])
def test_a_missing_extra_is_one_line(tmp_path: Path, verb: str, names: list[str]) -> None:
    if verb == "export" and names == ["pandas"]:
        pytest.skip("export needs no pandas")
    arguments = {
        "train": ["a.toml", "--store", tmp_path],
        "evaluate": [tmp_path],
        "export": [tmp_path, "--out", tmp_path / "m.onnx"],
    }[verb]
    command = [sys.executable, "-c", WITHOUT.format(names=names), verb, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert "pip install 'serenade[train]'" in ran.stderr


def test_a_module_that_is_no_extra_is_a_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_, **__) -> None:
        raise ModuleNotFoundError("no", name="serenade.nowhere")

    monkeypatch.setattr(main_module, "import_module", broken)
    with pytest.raises(ModuleNotFoundError):
        run(["predict", "a.wav"])


def test_a_reader_that_leaves_early_is_no_error(trained: Path, corpus: Path) -> None:
    line = f"{' '.join(COMMAND)} predict {corpus} --model {trained} --format jsonl | head -1"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=ONE_CORE)
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["model"]["name"] == "tiny"
    assert "Traceback" not in ran.stderr
    assert "Broken pipe" not in ran.stderr


BOTH_SIGNS = pytest.mark.parametrize(
    "sign", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)], ids=["Ctrl-C", "kill"]
)


def interrupted(command: list[str], begun: Callable[[], bool], sign: signal.Signals) -> tuple[int, str]:
    """Start a command, send it a signal once it has begun to write, give its exit status and stderr."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ONE_CORE
    )
    while not begun() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(sign)
    errors = process.communicate(timeout=60)[1]
    return process.returncode, errors


def assert_interrupted(status: int, errors: str, sign: signal.Signals) -> None:
    if sign is signal.SIGINT:
        assert status == 130, errors
        assert "interrupted" in errors
        assert "Traceback" not in errors
    else:
        assert status == -signal.SIGKILL


@BOTH_SIGNS
def test_prepare_goes_on_after(
    sign: signal.Signals, corpus: Path, front_end_file: Path, tmp_path: Path
) -> None:
    clips, store = tmp_path / "clips", tmp_path / "store"
    clips.mkdir()
    one = next(corpus.glob("*.wav"))
    names = [f"{number:03d}.wav" for number in range(100)]
    for name in names:
        shutil.copy(one, clips / name)
    manifest = clips / "clips.csv"
    manifest.write_text("file,emotion,speaker\n" + "".join(f"{name},anger,1\n" for name in names))
    arguments = ["prepare", manifest, "--out", store, "--augment", "8", "--jobs", "1"]
    command = [*COMMAND, *map(str, arguments), "--front-end", str(front_end_file)]
    status, errors = interrupted(command, lambda: any(store.glob(".chunks/*.npz")), sign)
    assert_interrupted(status, errors, sign)
    assert not (store / "store.json").exists()
    again = subprocess.run(command, capture_output=True, text=True, env=ONE_CORE)
    assert again.returncode == 0, again.stderr
    assert "continuing an earlier run" in again.stderr
    assert len(Store.open(store)) == 900


@BOTH_SIGNS
def test_train_goes_on_after(sign: signal.Signals, stored: Path, recipe_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ["train", recipe_file, "--store", stored, "--out", out, "--set", "training.epochs=40"]
    command = [*COMMAND, *map(str, arguments)]
    status, errors = interrupted(command, lambda: (out / "log.jsonl").exists(), sign)
    assert_interrupted(status, errors, sign)
    assert not (out / "model").exists()
    before = len((out / "log.jsonl").read_text().splitlines())
    assert before < 40
    refused = subprocess.run(command, capture_output=True, text=True, env=ONE_CORE)
    assert refused.returncode == 1
    assert "--resume" in refused.stderr
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, env=ONE_CORE)
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() == str(out)
    assert re.search(r"epoch 40/40 .*dev UAR", again.stderr)
    assert len((out / "log.jsonl").read_text().splitlines()) == 40
    assert not list(out.rglob("*.part"))


@BOTH_SIGNS
def test_predict_goes_on_after(sign: signal.Signals, trained: Path, corpus: Path, tmp_path: Path) -> None:
    clips, out = tmp_path / "clips", tmp_path / "answers.jsonl"
    part = tmp_path / "answers.jsonl.part"
    clips.mkdir()
    one = next(corpus.glob("*.wav"))
    for number in range(500):
        os.link(one, clips / f"{number:04d}.wav")
    command = [*COMMAND, "predict", str(clips), "--model", str(trained), "--out", str(out)]
    status, errors = interrupted(command, lambda: part.exists() and part.stat().st_size > 10_000, sign)
    assert_interrupted(status, errors, sign)
    assert not out.exists()
    again = subprocess.run(command, capture_output=True, text=True, env=ONE_CORE)
    assert again.returncode == 0, again.stderr
    assert "of these by an earlier run" in again.stderr
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(Path(answer["file"]).name for answer in answers) == [f"{n:04d}.wav" for n in range(500)]
