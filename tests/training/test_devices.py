"""The device of a training: what Fabric is passed, and one sentence where there is no such device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from serenade.cli.main import run
from serenade.errors import DeviceError
from serenade.features.store import Store
from serenade.training import devices
from serenade.training.recipe import Recipe
from serenade.training.run import train


class Stop(Exception):
    """Ends a training before it begins."""


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of each Fabric, which is not made."""
    made: list[dict[str, Any]] = []

    def fabric(**arguments: Any) -> None:
        made.append(arguments)
        raise Stop

    monkeypatch.setattr(devices, "Fabric", fabric)
    return made


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if PyTorch found a GPU that computes bf16."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)


@pytest.mark.parametrize(
    ("arguments", "accelerator", "strategy"),
    [
        ({"device": "cuda"}, "cuda", "auto"),
        ({"device": "cuda", "devices": 4}, "cuda", "ddp_spawn"),
        ({}, "auto", "auto"),
    ],
)
def test_mixed_bf16_on_a_gpu(
    tiny: Callable[..., Recipe],
    store: Store,
    tmp_path: Path,
    passed: list[dict[str, Any]],
    gpu: None,
    arguments: dict[str, Any],
    accelerator: str,
    strategy: str,
) -> None:
    recipe = tiny(training={"precision": "auto"})
    with pytest.raises(Stop):
        train(recipe, store=store, out=tmp_path / "run", **arguments)
    (given,) = passed
    assert given == {
        "accelerator": accelerator,
        "devices": arguments.get("devices", 1),
        "num_nodes": 1,
        "strategy": strategy,
        "precision": "bf16-mixed",
    }


def test_processes_of_torchrun_on_several_machines(
    monkeypatch: pytest.MonkeyPatch, passed: list[dict[str, Any]], gpu: None
) -> None:
    for name, value in {
        "RANK": 5,
        "WORLD_SIZE": 8,
        "LOCAL_WORLD_SIZE": 4,
        "TORCHELASTIC_RUN_ID": "a",
    }.items():
        monkeypatch.setenv(name, str(value))
    with pytest.raises(Stop):
        devices.create_fabric("cuda")
    assert passed[0] == {
        "accelerator": "cuda",
        "devices": 4,
        "num_nodes": 2,
        "strategy": "ddp",
        "precision": "bf16-mixed",
    }
    with pytest.raises(DeviceError, match="started 8 processes already; leave out --devices 2"):
        devices.create_fabric("cuda", devices=2)


def test_the_cpu_where_there_is_a_gpu(
    monkeypatch: pytest.MonkeyPatch, passed: list[dict[str, Any]], gpu: None
) -> None:
    """The precision is that of the CPU, whatever the GPU computes."""
    monkeypatch.setattr("serenade.training.precision.processor_computes_bf16", lambda: False)
    with pytest.raises(Stop):
        devices.create_fabric("cpu")
    assert (passed[0]["accelerator"], passed[0]["precision"]) == ("cpu", "32-true")


def test_train_on_the_cpu(tiny: Callable[..., Recipe], store: Store, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "tiny.toml").write_text(tiny(training={"epochs": 1}).to_toml())
    command = ["train", str(tmp_path / "tiny.toml"), "--store", str(store.path), "--out"]
    assert run([*command, str(tmp_path / "run"), "--device", "cpu"]) == 0
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


def test_no_gpu_is_one_sentence(
    tiny: Callable[..., Recipe], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (tmp_path / "tiny.toml").write_text(tiny().to_toml())
    command = ["train", str(tmp_path / "tiny.toml"), "--store", str(store.path), "--out"]
    assert run([*command, str(tmp_path / "run"), "--device", "cuda"]) == 1
    message = capsys.readouterr().err.strip()
    assert len(message.splitlines()) == 1
    assert "finds no usable GPU; check nvidia-smi" in message
    assert not (tmp_path / "run").exists()


def test_another_device_is_one_sentence(capsys: Any) -> None:
    with pytest.raises(DeviceError, match=r"there is no device 'tpu'; use auto, cpu or cuda"):
        devices.create_fabric("tpu")
    assert run(["train", "a.toml", "--device", "tpu"]) == 2
    assert "'tpu' is not one of" in capsys.readouterr().err
