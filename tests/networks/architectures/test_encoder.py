"""The network on a frozen encoder: one ONNX file with everything in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from serenade.audio.front_end import WHISPER
from serenade.audio.logmel import log_mel, normalize
from serenade.encoders.onnx_weights import hash_of_weights, read_weights
from serenade.errors import ModelError
from serenade.inference.graph import Graph
from serenade.networks import create_network
from serenade.networks.architectures.encoder import EncoderNetwork
from serenade.networks.export import export_onnx
from serenade.spec import Spec

LABELS = ("anger", "fear", "neutral")


def network_of(folder: Path, precision: str = "int8") -> EncoderNetwork:
    torch.manual_seed(0)
    network = create_network("encoder", n_classes=3, encoder=str(folder), last_layer=3, precision=precision)
    assert isinstance(network, EncoderNetwork)
    network.mean.normal_()
    network.scale.uniform_(0.5, 2)
    return network.eval()


def spec_of(network: EncoderNetwork) -> Spec:
    return Spec(
        name="tiny",
        labels=LABELS,
        front_end=WHISPER,
        network="encoder",
        network_args={"encoder": network.encoder.source, "last_layer": 3},
        temperature=0.5,
    )


@pytest.mark.parametrize("precision", ["float32", "float16", "int8", "int4"])
def test_the_graph_equals_the_network_at_any_length(tiny_whisper, tmp_path, precision):
    network = network_of(tiny_whisper, precision)
    export_onnx(network, spec_of(network), tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    rng = np.random.default_rng(0)
    # 2 s of positions are 32,000 samples.
    sounds = [0.1 * rng.standard_normal(n).astype("float32") for n in (160, 5_000, 32_000, 32_200, 90_000)]
    together = np.zeros((len(sounds), 90_000), np.float32)
    for row, sound in zip(together, sounds, strict=True):
        row[: len(sound)] = sound
    lengths = np.array([len(sound) for sound in sounds])
    probabilities, embedding = session.run(
        ["probabilities", "embedding"], {"waveform": together, "lengths": lengths}
    )
    for number, sound in enumerate(sounds):
        features = torch.from_numpy(normalize(log_mel(sound, WHISPER), WHISPER).T.copy())[None]
        with torch.inference_mode():
            vector = network.speech(features, torch.tensor([features.shape[2]]))
            expected = (network(vector) / 0.5).softmax(-1)
            embedded = network.embed(vector)
        np.testing.assert_allclose(probabilities[number], expected[0], atol=1e-3)
        np.testing.assert_allclose(embedding[number], embedded[0], atol=2e-2)
        alone = session.run(None, {"waveform": sound[None], "lengths": lengths[number : number + 1]})
        np.testing.assert_allclose(alone[0][0], probabilities[number], atol=1e-5)


def test_fewer_bits_make_a_smaller_file(tiny_whisper, tmp_path):
    sizes = []
    for precision in ("int8", "float16", "float32"):
        network = network_of(tiny_whisper, precision)
        export_onnx(network, spec_of(network), tmp_path / f"{precision}.onnx")
        sizes.append((tmp_path / f"{precision}.onnx").stat().st_size)
    assert sizes == sorted(sizes)
    # Matrices and filters have 13,824 weights; every row has a scale of 4 bytes.
    assert sizes[2] - sizes[0] > 1.8 * 13_824


@pytest.mark.parametrize("precision", ["float32", "float16", "int8", "int4"])
def test_the_encoder_is_read_back_from_the_graph(tiny_whisper, tmp_path, precision):
    network = network_of(tiny_whisper, precision)
    export_onnx(network, spec_of(network), tmp_path / "model.onnx")
    found = read_weights(tmp_path / "model.onnx")
    expected = network.speech.encoder.state_dict()
    assert found.keys() == expected.keys()
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, atol=1e-7, rtol=1e-6)


def test_a_file_without_an_encoder_is_one_sentence(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not a readable ONNX model"):
        read_weights(tmp_path / "no.onnx")


def test_saved_weights_are_those_of_the_classifier_alone(tiny_whisper):
    network = network_of(tiny_whisper)
    network.encoder.load()
    assert set(network.state_dict()) == {"mean", "scale", "classify.weight", "classify.bias"}


def test_prediction_runs_the_graph(tiny_whisper, tmp_path):
    network = network_of(tiny_whisper)
    export_onnx(network, spec_of(network), tmp_path / "model.onnx")
    graph = Graph.load(tmp_path / "model.onnx", threads=1)
    found = graph.probabilities([np.zeros(8_000, np.float32), np.ones(400, np.float32)])
    assert found.shape == (2, 3)


def test_another_classifier_does_not_change_the_hash_of_the_encoder(tiny_whisper, tmp_path):
    hashes = []
    for number, precision in enumerate(("int8", "int8", "int4")):
        network = network_of(tiny_whisper, precision)
        torch.nn.init.normal_(network.classify.weight, std=number)
        export_onnx(network, spec_of(network), tmp_path / f"{number}.onnx")
        hashes.append(hash_of_weights(tmp_path / f"{number}.onnx"))
    assert hashes[0] == hashes[1] != hashes[2]
