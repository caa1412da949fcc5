"""The exported graph: the same probabilities as torch, for any batch and length, and the Spec inside."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from serenade.audio.front_end import CREMAD_SEED, MELD_SEED, WHISPER, FrontEnd
from serenade.audio.logmel import log_mel, normalize
from serenade.networks import create_network
from serenade.networks.export import Classifier, export_onnx
from serenade.networks.layers.front_end import TorchFrontEnd
from serenade.networks.registry import EXAMPLE_SIZES, NETWORKS, SOUND
from serenade.spec import Spec

FRONT_ENDS = {
    "cremad_seed": CREMAD_SEED,
    "meld_seed": MELD_SEED,
    "whisper": WHISPER,
    "htk_magnitude_band": FrontEnd(mel_scale="htk", power=1.0, normalize="band", n_mels=40),
    "not_centred": FrontEnd(center=False, normalize="none"),
    "db_re_one": FrontEnd(db_ref="one", top_db=None),
}


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS.keys())
def test_torch_front_end_equals_numpy(front_end):
    """Every clip of a padded batch has the features that numpy gives it alone."""
    rng = np.random.default_rng(0)
    counts = [16_000, 60_000, 1, 700, 5_000]
    clips = [(0.1 * rng.standard_normal(n)).astype(np.float32) for n in counts]
    batch = np.zeros((len(clips), max(counts)), np.float32)
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = clip
    features, frames = TorchFrontEnd(front_end)(torch.from_numpy(batch), torch.tensor(counts))
    for row, n, clip in zip(features, frames.tolist(), clips, strict=True):
        expected = normalize(log_mel(clip, front_end), front_end)
        assert n == len(expected)
        np.testing.assert_allclose(row[:, :n].T.numpy(), expected, atol=2e-3)
        assert not row[:, n:].any()


def test_silence_stays_finite():
    features, _ = TorchFrontEnd(FrontEnd())(torch.zeros(2, 4_000), torch.tensor([4_000, 0]))
    assert not features.any()


@pytest.mark.parametrize(
    ("name", "options"),
    [*((name, NETWORKS[name].example) for name in NETWORKS), ("compact", {"tta_speeds": [0.92, 1.0, 1.08]})],
)
def test_probabilities_equal_those_of_torch(name, options, tmp_path):
    torch.manual_seed(0)
    front_end = CREMAD_SEED if name.endswith("original") else FrontEnd(n_mels=64)
    if NETWORKS[name].count_parameters() is None:
        pytest.skip("needs a pretrained encoder")
    sizes = EXAMPLE_SIZES | {"n_mels": front_end.n_mels}
    network = create_network(name, n_classes=6, **sizes, **options).eval()
    if network.takes != SOUND:
        pytest.skip("does not take sound alone; test_registry compares its logits")
    spec = Spec(
        name="toy",
        labels=("anger", "disgust", "fear", "happiness", "neutral", "sadness"),
        front_end=front_end,
        network=name,
        network_args=dict(options),
        temperature=1.7,
    )
    export_onnx(network.train(), spec, tmp_path / "toy.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "toy.onnx")
    assert Spec.from_metadata(session.get_modelmeta().custom_metadata_map) == spec
    assert network.training
    classifier = Classifier(network, spec).eval()
    rng = np.random.default_rng(1)
    for batch in (1, 3):
        lengths = rng.integers(1, 50_000, batch)
        waveform = np.zeros((batch, lengths.max()), np.float32)
        for row, n in zip(waveform, lengths, strict=True):
            row[:n] = rng.standard_normal(n) * 10 ** rng.uniform(-3, 0)
        from_onnx = session.run(None, {"waveform": waveform, "lengths": lengths})
        with torch.no_grad():
            from_torch = classifier(torch.from_numpy(waveform), torch.from_numpy(lengths))
        from_torch = from_torch if isinstance(from_torch, tuple) else (from_torch,)
        assert len(from_onnx) == len(classifier.outputs)
        for found, expected in zip(from_onnx, from_torch, strict=True):
            np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)
            # Probabilities and, where the network has it, attention.
            np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_attention_over_time_ignores_padding(name):
    torch.manual_seed(0)
    if NETWORKS[name].count_parameters() is None:
        pytest.skip("needs a pretrained encoder")
    network = create_network(name, n_classes=6, **EXAMPLE_SIZES, **NETWORKS[name].example).eval()
    if network.takes != SOUND or not network.has_attention:
        pytest.skip("has no attention over time")
    lengths = torch.tensor([90, 40, 3])
    features = torch.randn(3, EXAMPLE_SIZES["n_mels"], 90)
    features = features * (torch.arange(90) < lengths[:, None])[:, None]
    weights = network.attention_over_time(features=features, lengths=lengths).detach()
    torch.testing.assert_close(weights.sum(1), torch.ones(3))
    for row, clip, frames in zip(weights, features, lengths, strict=True):
        alone = network.attention_over_time(features=clip[None, :, :frames], lengths=frames[None])[0].detach()
        torch.testing.assert_close(row[: len(alone)], alone)
        assert not row[len(alone) :].any()


def test_networks_with_attention():
    with_attention = [
        name
        for name in NETWORKS
        if NETWORKS[name].count_parameters() is not None and NETWORKS[name].create_example().has_attention
    ]
    assert with_attention == ["cnn_lstm", "compact", "ensemble"]
