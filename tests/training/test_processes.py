"""Training by the processes of torchrun: on two machines the same weights as by two processes on one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from serenade.cli.main import run
from serenade.errors import RecipeError
from serenade.features.store import Store
from serenade.training.processes import StartedProcesses, started_processes
from serenade.training.recipe import Recipe
from serenade.training.run import train

Tiny = Callable[..., Recipe]
Weights = Callable[[Path], dict[str, torch.Tensor]]

SLURM = {"SLURM_NTASKS": "8", "SLURM_NNODES": "2", "SLURM_PROCID": "5", "SLURM_JOB_NAME": "train"}
TORCHRUN = {"TORCHELASTIC_RUN_ID": "a", "RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}


def test_tasks_of_srun() -> None:
    assert started_processes(SLURM | {"SLURM_STEP_ID": "0"}) == StartedProcesses(
        rank=5, count=8, per_machine=4
    )
    assert started_processes(SLURM) is None  # the batch script itself
    assert started_processes({"SLURM_STEP_ID": "0", "SLURM_NTASKS": "1", "SLURM_PROCID": "0"}) is None


def test_what_one_process_must_do_is_refused(
    tiny: Tiny, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    assert run(["train", str(tmp_path), "--out", str(tmp_path / "run")]) == 1
    assert "with torchrun or srun, train a recipe on a store" in capsys.readouterr().err
    recipe = tiny(network={"name": "encoder", "options": {"encoder": "whisper"}})
    with pytest.raises(RecipeError, match="closed form, in one process"):
        train(recipe, store=store, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@pytest.mark.slow
def test_two_machines_give_the_weights_of_two_processes(
    store: Store,
    tiny: Tiny,
    weights_of: Weights,
    tmp_path: Path,
) -> None:
    """Two agents of torchrun, each with one process, on this machine; then `--devices 2`."""
    (tmp_path / "tiny.toml").write_text(tiny(training={"epochs": 2}).to_toml())
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    options = ["train", str(tmp_path / "tiny.toml"), "--store", str(store.path), "--device", "cpu"]
    port = free_port()

    def machine(rank: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
        command += ["--node-rank", str(rank), "--master-addr", "127.0.0.1", "--master-port", str(port)]
        command += ["-m", "serenade", *options, "--out", str(tmp_path / "machines")]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)

    machines = [machine(0), machine(1)]
    printed = [each.communicate(timeout=300) for each in machines]
    assert [each.returncode for each in machines] == [0, 0], printed
    assert [out.strip() for out, _ in printed] == [str(tmp_path / "machines"), ""]
    command = [sys.executable, "-m", "serenade", *options, "--out", str(tmp_path / "one"), "--devices", "2"]
    subprocess.run(command, env=environment, capture_output=True, timeout=300, check=True)
    two, one = weights_of(tmp_path / "machines"), weights_of(tmp_path / "one")
    assert two.keys() == one.keys()
    for name in one:
        torch.testing.assert_close(two[name], one[name])
    assert (tmp_path / "machines" / "model" / "model.onnx").is_file()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


DEVICES = """
import sys, torch
from serenade.errors import SerenadeError
from serenade.training.run import train
if __name__ == "__main__":
    lines = []
    try:
        train(sys.argv[1], store=sys.argv[2], out=sys.argv[3], devices=2,
              on_epoch=lambda fold_run, line: lines.append((fold_run.name, line["epoch"], line["step"])))
    except SerenadeError as error:
        print(error)
    else:
        print(lines)
"""


@pytest.mark.slow
def test_two_processes_share_each_step(store: Store, tiny: Tiny, weights_of: Weights, tmp_path: Path) -> None:
    (tmp_path / "devices.py").write_text(DEVICES)

    def on_two(recipe: Recipe, out: Path) -> str:
        (tmp_path / "tiny.toml").write_text(recipe.to_toml())
        command = [sys.executable, tmp_path / "devices.py", tmp_path / "tiny.toml", store.path, out]
        environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
        ran = subprocess.run(
            command, text=True, capture_output=True, timeout=300, check=True, env=environment
        )
        return ran.stdout.strip().splitlines()[-1]

    training = {"schedule": "plateau", "early_stopping_patience": 1}
    alone = train(tiny(training=training), store=store, out=tmp_path / "alone").folder
    steps = json.loads((alone / "log.jsonl").read_text().splitlines()[0])["step"]
    printed = on_two(tiny(training=training), tmp_path / "run")
    assert printed == str([("run", 1, steps // 2), ("run", 2, 2 * (steps // 2))])
    weights = weights_of(tmp_path / "run")
    assert all(torch.isfinite(weight).all() for weight in weights.values())
    assert not same(weights, weights_of(alone))
    diverged = tiny(training={"learning_rate": 1e30, "schedule": "constant", "epochs": 3})
    assert "lower training.learning_rate" in on_two(diverged, tmp_path / "diverged")
