"""The device of a model: which providers onnxruntime is passed, and one sentence where there is no GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from serenade import load_model
from serenade.cli.main import run
from serenade.errors import DeviceError, MissingExtra

BOTH = ["CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The providers of each session; they run on the CPU and report the providers that they were passed."""
    sessions: list[list[str]] = []
    session = onnxruntime.InferenceSession

    class Recorded(session):
        def __init__(self, *arguments: Any, providers: list[str], **options: Any) -> None:
            sessions.append(providers)
            super().__init__(*arguments, providers=["CPUExecutionProvider"], **options)

        def get_providers(self) -> list[str]:
            return sessions[-1]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Recorded)
    return sessions


@pytest.fixture
def gpu_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if onnxruntime-gpu were installed."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: BOTH)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)


def test_the_cpu_is_the_default_even_with_a_gpu(
    model_file: Path, passed: list[list[str]], gpu_package: None
) -> None:
    load_model(model_file)
    load_model(model_file, device="cpu")
    assert passed == [["CPUExecutionProvider"]] * 2


def test_cuda_comes_first_and_the_cpu_after_it(
    model_file: Path, passed: list[list[str]], gpu_package: None
) -> None:
    model = load_model(model_file, device="cuda")
    assert passed == [BOTH]
    assert model.predict([0.1] * 16_000, rate=16_000).state in ("ok", "no_speech", "unsure")


def test_predict_passes_its_device(
    model_file: Path, voices: list[Path], passed: list[list[str]], gpu_package: None, capsys: Any
) -> None:
    command = ["predict", str(voices[0]), "--model", str(model_file), "--format", "csv"]
    assert run([*command, "--device", "cuda"]) == 0
    assert BOTH in passed
    on_gpu = capsys.readouterr().out
    passed.clear()
    assert run([*command, "--timeline", "--device", "cuda"]) == 0
    assert BOTH in passed
    passed.clear()
    capsys.readouterr()
    assert run([*command, "--device", "cpu"]) == 0
    assert BOTH not in passed
    assert capsys.readouterr().out == on_gpu


def test_evaluate_passes_its_device_to_every_graph(
    model_file: Path,
    voices: list[Path],
    passed: list[list[str]],
    gpu_package: None,
    tmp_path: Path,
) -> None:
    labelled = tmp_path / "voices.csv"
    rows = [f"{file},{('fear', 'anger')[number % 2]},s{number}" for number, file in enumerate(voices[:4])]
    labelled.write_text("\n".join(["file,emotion,speaker", *rows]) + "\n")
    command = ["evaluate", str(model_file), "--on", str(labelled), "--no-audio"]
    more = ["--robustness", "--explain", "2", "--limit", "2"]
    assert run([*command, "--out", str(tmp_path / "gpu"), "--device", "cuda", *more]) == 0
    assert passed == [BOTH] * 3  # the evaluation, other recording conditions, explanations
    passed.clear()
    assert run([*command, "--out", str(tmp_path / "cpu")]) == 0
    assert passed == [["CPUExecutionProvider"]]
    on_gpu, on_cpu = ((tmp_path / name / "predictions.csv").read_text() for name in ("gpu", "cpu"))
    assert on_gpu == on_cpu


def test_an_evaluation_with_robustness_needs_the_package_before_any_work(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    command = ["evaluate", str(tmp_path / "none"), "--robustness", "--device", "cuda"]
    assert run(command) == 1
    assert "onnxruntime-gpu in place of onnxruntime" in capsys.readouterr().err


def test_the_package_for_the_cpu_is_named(
    model_file: Path, voices: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(MissingExtra, match="onnxruntime-gpu in place of onnxruntime"):
        load_model(model_file, device="cuda")
    for command in (["predict", str(voices[0])], ["serve", "--port", "0"]):
        assert run([*command, "--model", str(model_file), "--device", "cuda"]) == 1
        message = capsys.readouterr().err
        assert len(message.strip().splitlines()) == 1
        assert "pip install 'onnxruntime-gpu" in message


def test_a_silent_fallback_to_the_cpu_is_an_error(model_file: Path, gpu_package: None, capsys: Any) -> None:
    """onnxruntime ignores a provider that cannot be started."""
    with pytest.warns(UserWarning, match="CUDAExecutionProvider"), pytest.raises(DeviceError) as caught:
        load_model(model_file, device="cuda")
    assert "finds no usable GPU; check nvidia-smi" in str(caught.value)


def test_another_device_is_one_sentence(model_file: Path, capsys: Any) -> None:
    with pytest.raises(DeviceError, match=r"there is no device 'tpu'; use cpu or cuda"):
        load_model(model_file, device="tpu")
    assert run(["predict", "a.wav", "--model", str(model_file), "--device", "tpu"]) == 2
    assert "'tpu' is not one of" in capsys.readouterr().err
