from __future__ import annotations

import importlib.util
import logging
import shlex

import pytest

import serenade
from serenade.cli.main import run
from serenade.errors import ModelError
from serenade.folders import ModelFolder, RunFolder
from serenade.inference.locate import bundled_models, find_model, list_models


def test_a_file_a_model_folder_and_a_run_are_found(tmp_path, toy):
    run_folder = RunFolder(tmp_path / "run")
    file = toy.write_toy_model(run_folder.model.onnx)
    run_folder.model.weights.write_bytes(b"")
    run_folder.model.write_card("card")
    for path in (file, file.parent, run_folder.path, str(run_folder.path)):
        assert find_model(path) == file


@pytest.fixture
def weights(tmp_path):
    """A model folder with weights only."""
    pytest.importorskip("torch")
    from serenade.networks import create_network
    from serenade.networks.weights import save_network
    from serenade.spec import Spec

    spec = Spec(
        name="small",
        labels=("anger", "neutral"),
        front_end=serenade.audio.front_end.FrontEnd(n_mels=16, n_fft=512),
        network="compact",
    )
    folder = ModelFolder(tmp_path / "a folder" / "small")
    save_network(create_network("compact", n_mels=16, n_classes=2), spec, folder.path)
    return folder


def test_the_onnx_file_of_weights_is_made_once_and_said(weights, caplog, toy):
    with caplog.at_level(logging.WARNING):
        model = serenade.load_model(weights.path)
        serenade.load_model(weights.path)
        assert serenade.load_model(weights.weights).file == weights.onnx
    assert [record.getMessage() for record in caplog.records] == [
        f"{weights.onnx} was exported from model.safetensors and is used from now on"
    ]
    assert set(model.predict(toy.voice(1.0), rate=16_000).scores) == {"anger", "neutral"}


def test_without_pytorch_the_message_has_the_command_that_makes_it(weights, monkeypatch):
    real = importlib.util.find_spec
    with monkeypatch.context() as patched:
        patched.setattr(
            "serenade.inference.locate.find_spec", lambda name: None if name == "torch" else real(name)
        )
        with pytest.raises(ModelError, match="is a file of weights, which needs PyTorch") as caught:
            find_model(weights.path)
    command = shlex.split(str(caught.value).partition("&& ")[2])
    assert command[0] == "serenade"
    assert run(command[1:]) == 0
    assert find_model(weights.path) == weights.onnx


def test_a_cross_validation_without_a_final_model_has_the_command_that_makes_it(tmp_path, toy):
    for fold in (1, 2):
        model = RunFolder(tmp_path).fold_run(fold=fold, seed=0).model
        toy.write_toy_model(model.onnx)
        model.weights.write_bytes(b"")
        model.write_card("card")
    with pytest.raises(ModelError, match=r"serenade train .* --refit; or name one fold run, such as .*fold1"):
        find_model(tmp_path)
    final = RunFolder(tmp_path).final.model
    toy.write_toy_model(final.onnx)
    final.weights.write_bytes(b"")
    final.write_card("card")
    assert find_model(tmp_path) == final.onnx


def test_nothing_there_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="is neither a file or folder nor a bundled model"):
        find_model("nowhere")
    with pytest.raises(ModelError, match="a model is a path or the name of a bundled model, not 3"):
        find_model(3)
    with pytest.raises(ModelError, match="is not a run folder"):
        find_model(tmp_path)


@pytest.mark.skipif(bool(bundled_models()), reason="a model is bundled")
def test_without_a_bundled_model_one_must_be_passed():
    assert list_models() == []
    with pytest.raises(ModelError, match=r"has no bundled model; name a run, a model folder or an ONNX file"):
        find_model()
