"""The domain check: a prediction for sound that is unlike the training data is "unsure"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from serenade import export, load_model
from serenade.audio.front_end import FrontEnd
from serenade.domain import Domain, sharpened, softened
from serenade.errors import ModelError
from serenade.inference.aggregate import mean_prediction
from serenade.inference.prediction import ModelName, Prediction, Quality
from serenade.networks import create_network
from serenade.networks.layers.domain import DomainCheck
from serenade.networks.layers.front_end import TorchFrontEnd
from serenade.networks.weights import load_network, save_network
from serenade.spec import Spec

LABELS = ("anger", "calm", "fear")
QUALITY = Quality(duration_s=1.0, speech_ratio=1.0, level_dbfs=-20.0, clipped=False)
MODEL = ModelName(name="toy", version="1", license="MIT")


@pytest.mark.parametrize("distance", [0.0, 0.8, 1.0])
def test_within_the_limit_nothing_changes(distance):
    assert softened([0.5, 0.3, 0.2], distance).tolist() == [0.5, 0.3, 0.2]


def test_beyond_the_limit_confidence_falls_with_the_distance_and_the_order_stays():
    scores = np.array([0.7, 0.2, 0.1])
    confidences = [softened(scores, distance).max() for distance in (1.0, 1.2, 2.0, 5.0)]
    assert confidences == sorted(confidences, reverse=True)
    assert softened(scores, 50.0) == pytest.approx([1 / 3] * 3, abs=1e-3)
    assert (np.diff(softened(scores, 2.0)) < 0).all()
    assert sharpened(softened(scores, 1.7), 1.7) == pytest.approx(scores)


def prediction(distance, scores=(0.8, 0.15, 0.05)):
    named = dict(zip(LABELS, scores, strict=True))
    return Prediction.of(
        named, quality=QUALITY, model=MODEL, end=1.0, unsure_below=0.5, domain_distance=distance
    )


def test_the_state_and_the_json_form():
    assert [prediction(distance).state for distance in (None, 0.9, 1.1)] == ["ok", "ok", "unsure"]
    assert prediction(0.9, (0.4, 0.35, 0.25)).state == "unsure"
    assert prediction(1.2345).to_dict()["domain_distance"] == 1.234
    assert "domain_distance" not in prediction(None).to_dict()


def test_the_mean_of_windows_has_the_mean_distance():
    mean = mean_prediction([prediction(0.5), prediction(2.1)], unsure_below=0.5)
    assert mean.domain_distance == pytest.approx(1.3)
    assert mean.state == "unsure"
    assert mean_prediction([prediction(None)] * 2, unsure_below=0.5).domain_distance is None


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """A model of random weights with a domain check whose distances are about 1, and its network."""
    torch.manual_seed(0)
    front_end = FrontEnd(rate_hz=16_000, n_fft=512, hop=256, n_mels=32, fmax_hz=8_000)
    network = create_network("compact", n_mels=32, n_classes=3, temporal=0)
    network.domain = DomainCheck(width=network.width, components=4, centres=2)
    network.domain.projection.normal_(std=0.3)
    network.domain.centres.normal_()
    domain = Domain(components=4, centres=2, share_inside=0.99, clips=10, speakers=2)
    spec = Spec(
        name="toy", labels=LABELS, front_end=front_end, network="compact", network_args={"temporal": 0}
    )
    folder = tmp_path_factory.mktemp("checked")
    save_network(network.eval(), replace(spec, domain=domain), folder)
    export(folder, folder / "model.onnx")
    return folder


def test_the_graph_returns_the_distance_of_the_network(checked, voices):
    network, spec = load_network(checked)
    assert spec.domain.components == 4
    model = load_model(checked)
    found = [model.predict(file) for file in voices]
    assert len({row.domain_distance for row in found}) == len(voices)
    sound = np.random.default_rng(0).normal(scale=0.1, size=20_000).astype(np.float32)
    rows = model._graph.rows([sound, sound[:9_000]])
    assert rows[:, :3] == pytest.approx(model._graph.probabilities([sound, sound[:9_000]]))
    assert rows[1, 3] == pytest.approx(model._graph.rows([sound[:9_000]])[0, 3], rel=1e-3)
    waveform, lengths = torch.from_numpy(sound)[None], torch.tensor([len(sound)])
    features, frames = TorchFrontEnd(spec.front_end)(waveform, lengths)
    with torch.no_grad():
        distance = network.domain(network.embed(features, frames))
    assert rows[0, 3] == pytest.approx(float(distance[0]), rel=1e-3)


def test_predictions_are_softened_by_their_distance(checked, voices):
    model = load_model(checked)
    for file in voices:
        row = model.predict(file)
        assert row.state == ("unsure" if row.domain_distance > 1 else "ok")
        raw = sharpened([row.scores[label] for label in LABELS], row.domain_distance)
        assert raw.max() >= row.confidence - 1e-9
    assert all(row.domain_distance is not None for row in model.timeline(voices[-1], window_s=1.0))


def test_a_spec_whose_weights_have_no_check_is_one_sentence(checked, tmp_path):
    network, spec = load_network(checked)
    network.domain = None
    save_network(network, spec, tmp_path)
    with pytest.raises(ModelError, match="its weights do not fit"):
        load_network(tmp_path)
