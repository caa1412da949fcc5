"""Models on the hub, with a stand-in of its HTTP API on the loopback interface."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

import serenade
from serenade.cli.main import run
from serenade.errors import MissingExtra, ModelError
from serenade.folders import ModelFolder
from serenade.hub import HubName, local_model
from serenade.inference.locate import find_model

TOKEN, READ_ONLY = "hf_secret_of_the_test", "hf_token_that_only_reads"


@pytest.fixture
def published(hub, model_file):
    """A hub with one model."""
    hub.add("lab/toy", {"model.onnx": model_file.read_bytes(), "README.md": b"# toy", "notes.bin": b"x"})
    return hub


def test_a_model_is_loaded_by_its_name(published, toy, tmp_path):
    model = serenade.load_model("hf://lab/toy")
    voice = toy.write_voice(tmp_path / "voice.wav", 1.0)
    assert model.predict(voice) == serenade.predict(voice, model="hf://lab/toy")
    assert model.spec.name == "toy"
    assert not any("notes.bin" in request for request in published.requests)


def test_a_path_object_and_a_revision_name_a_model(published, model_file, toy, tmp_path):
    published.tags["lab/toy", "v1"] = 0
    newer = toy.write_toy_model(tmp_path / "newer.onnx", toy.toy_spec(version="4"))
    published.add("lab/toy", {"model.onnx": newer.read_bytes()})
    assert serenade.load_model(Path("hf://lab/toy")).spec.version == "4"
    assert serenade.load_model(Path("hf://lab/toy@v1")).spec.version == "3"
    assert find_model("hf://lab/toy@v1").read_bytes() == model_file.read_bytes()


def test_what_is_in_the_cache_is_used_offline(published, monkeypatch):
    first = find_model("hf://lab/toy")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert find_model("hf://lab/toy") == first
    with pytest.raises(ModelError, match="hf://lab/other: is not in the cache, and HF_HUB_OFFLINE is set"):
        find_model("hf://lab/other")


def test_predict_serve_and_page_take_the_name(published, toy, tmp_path, capsys):
    voice = toy.write_voice(tmp_path / "voice.wav", 1.0)
    assert run(["predict", str(voice), "--model", "hf://lab/toy", "--format", "csv"]) == 0
    assert "voice.wav" in capsys.readouterr().out
    app = pytest.importorskip("serenade.service.app")
    settings = pytest.importorskip("serenade.service.settings").Settings(model="hf://lab/toy")
    assert app.create_app(settings).state.spec.name == "toy"
    assert run(["page", "--static", str(tmp_path / "site"), "--model", "hf://lab/toy"]) == 0
    assert (tmp_path / "site" / "index.html").is_file()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "hf://lab/none",
            "there is no such model on the hub, or it is private: check the name, or set HF_TOKEN",
        ),
        ("hf://lab/toy@none", "the model has no such revision"),
        ("hf://lab/private", "there is no such model on the hub, or it is private"),
        (
            "hf://lab/gated",
            "its owner restricts access: ask for it on the page of the model, and set HF_TOKEN",
        ),
        (
            "hf://lab/data",
            r"is not a model of serenade: the repository has no model.onnx or model.safetensors",
        ),
        ("hf://lab/foreign", "is not a readable ONNX model"),
        ("hf://toy", "is not a name of a model on the hub; write hf://owner/name"),
        ("hf://lab/toy/model.onnx", "is not a name of a model on the hub"),
        ("hf://lab/to..y", "is not a name of a model on the hub"),
        ("hf://lab/toy@", "is not a name of a model on the hub"),
        ("hf://lab/" + "a" * 97, "the hub does not take this: Repo.id "),
        ("hf://lab/toy.git", "the hub does not take this: Repo.id "),
    ],
)
def test_each_fault_is_one_sentence(published, name, message, capsys):
    for other in ("private", "gated"):
        published.add(f"lab/{other}", published.files("lab/toy"))
        getattr(published, other).add(f"lab/{other}")
    published.add("lab/data", {"data.csv": b"a,b"})
    published.add("lab/foreign", {"model.onnx": b"not a model"})
    with pytest.raises(ModelError, match=message):
        serenade.load_model(name)
    assert run(["predict", "voice.wav", "--model", name]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_hub_that_fails_or_cannot_be_reached_is_one_sentence(published, monkeypatch):
    published.fails_with = 418
    with pytest.raises(ModelError, match="is not in the cache, and the hub cannot be reached"):
        find_model("hf://lab/toy")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(ModelError, match="is not in the cache, and the hub cannot be reached"):
            find_model("hf://lab/toy")


def test_the_token_is_sent_and_never_printed(published, monkeypatch, capsys):
    published.private.add("lab/toy")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert serenade.load_model("hf://lab/toy").spec.name == "toy"
    assert run(["predict", "voice.wav", "--model", "hf://lab/none"]) == 1
    assert TOKEN not in "".join(capsys.readouterr())


def test_the_library_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match=r"needs huggingface_hub; .* pip install 'serenade\[hub\]'"):
        find_model("hf://lab/toy")


def test_the_environment_variables_of_the_library_are_used(published, tmp_path):
    variables = {"HF_ENDPOINT": published.url, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", "import serenade; print(serenade.load_model('hf://lab/toy').spec.name)"],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("toy\n", "", 0)


def test_weights_alone_are_exported_and_missing_weights_are_named(published, tmp_path, capsys):
    pytest.importorskip("torch")
    from serenade.audio.front_end import FrontEnd
    from serenade.networks import create_network
    from serenade.networks.weights import save_network
    from serenade.spec import Spec

    spec = Spec(
        name="small",
        labels=("anger", "neutral"),
        front_end=FrontEnd(n_mels=16, n_fft=512),
        network="compact",
    )
    folder = ModelFolder(tmp_path / "small")
    save_network(create_network("compact", n_mels=16, n_classes=2), spec, folder.path)
    published.add("lab/small", {path.name: path.read_bytes() for path in folder.path.iterdir()})
    out = tmp_path / "small.onnx"
    assert run(["export", "hf://lab/small", "--out", str(out)]) == 0
    assert serenade.load_model(out).spec.name == "small"
    assert serenade.load_model("hf://lab/small").spec.name == "small"
    assert run(["export", "hf://lab/toy", "--out", str(out)]) == 1
    assert "the repository has no model.safetensors" in capsys.readouterr().err


def test_a_name_is_written_as_it_was_read():
    assert str(HubName.parse("hf://lab/toy@v1.0")) == "hf://lab/toy@v1.0"
    assert local_model("lab/toy") == Path("lab/toy")


def test_a_cache_that_cannot_be_written_is_one_sentence(published, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(
        ModelError, match=r"cannot be stored in the cache .*; set HF_HUB_CACHE to another folder"
    ):
        find_model("hf://lab/toy")
