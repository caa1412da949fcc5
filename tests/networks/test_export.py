"""The exported graph: same answers as torch, any batch, any length, the Spec inside."""

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


COMMITTEE = {"members": [{"name": "compact"}, {"name": "compact", "options": {"temporal": 0}}]}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in ("cnn_lstm", "cnn_lstm.original", "compact", "spectrogram_cnn")),
        ("compact", {"tempi_percent": [92, 100, 108]}),
        ("committee", COMMITTEE),
    ],
)
def test_parity_over_random_lengths(name, options, tmp_path):
    torch.manual_seed(0)
    front_end = CREMAD_SEED if name.endswith("original") else FrontEnd(n_mels=64)
    network = create_network(name, n_mels=front_end.n_mels, n_classes=6, **options).eval()
    spec = Spec(
        name="toy",
        labels=("anger", "disgust", "fear", "happiness", "neutral", "sadness"),
        front_end=front_end,
        network=name,
        network_args=options,
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
        (onnx_says,) = session.run(None, {"waveform": waveform, "lengths": lengths})
        with torch.no_grad():
            torch_says = classifier(torch.from_numpy(waveform), torch.from_numpy(lengths)).numpy()
        np.testing.assert_allclose(onnx_says, torch_says, atol=1e-4)
        np.testing.assert_allclose(onnx_says.sum(1), 1, atol=1e-5)
