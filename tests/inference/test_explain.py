"""An explanation points to the sound that the model uses, and moves when that sound moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from serenade import load_model
from serenade.audio.decode import decode
from serenade.audio.front_end import FrontEnd
from serenade.errors import ModelError
from serenade.inference.explain import _sound, _spectrum, explain, occlusion
from serenade.networks import create_network
from serenade.networks.export import export_onnx
from serenade.spec import Spec

RATE_HZ = 16_000


def tone(hz: float, seconds: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def energy_at(hz: float) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """A model whose probability is the energy of one frequency, up to a factor."""

    def probability(waveforms: Sequence[np.ndarray]) -> np.ndarray:
        found = []
        for waveform in waveforms:
            spectrum = np.abs(np.fft.rfft(waveform, 2 * RATE_HZ)) ** 2
            near = np.abs(np.fft.rfftfreq(2 * RATE_HZ, 1 / RATE_HZ) - hz) < 60
            found.append(spectrum[near].sum() / 4e7)
        return np.array(found)

    return probability


@pytest.mark.parametrize(("hz", "band"), [(150, 0), (1500, 2), (6500, 5)])
@pytest.mark.parametrize("second", range(2))
def test_only_the_patches_of_the_evidence_count(hz: float, band: int, second: int) -> None:
    quiet = np.random.default_rng(0).normal(0, 1e-4, RATE_HZ).astype(np.float32)
    halves = [quiet, quiet]
    halves[second] = halves[second] + tone(hz, 1.0)
    samples = np.concatenate(halves)
    probability = energy_at(hz)
    edges_s, edges_hz, over_time, over_frequency, drop = occlusion(
        samples, probability, rate_hz=RATE_HZ, whole=float(probability([samples])[0])
    )
    assert edges_hz[band] < hz < edges_hz[band + 1]
    inside = (edges_s[:-1] >= second) & (edges_s[1:] <= second + 1)
    assert over_time[inside].min() > 20 * np.abs(over_time[~inside]).max()
    assert np.argmax(over_frequency) == band
    others = np.delete(drop, band, axis=0)
    assert drop[band, inside].min() > 20 * max(np.abs(others).max(), np.abs(drop[band, ~inside]).max())


def test_nothing_removed_is_the_sound_itself() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 5_000).astype(np.float32)
    np.testing.assert_allclose(_sound(_spectrum(samples), 5_000), samples, atol=1e-6)


def test_the_map_of_the_toy_model_moves(model_file: Path, voices: list[Path]) -> None:
    """The toy model measures level and peak, so its evidence is where the recording is loud."""
    model = load_model(model_file)
    voice = decode(voices[3], rate_hz=RATE_HZ).samples[:RATE_HZ]
    loud, soft = voice / np.abs(voice).max(), 0.01 * voice
    for order, is_first in (((loud, soft), True), ((soft, loud), False)):
        found = explain(model, np.concatenate(order), rate=RATE_HZ)
        assert found is not None
        first, second = np.abs(found.drop_over_time).reshape(2, -1).sum(1)
        assert (first > 5 * second) == is_first
        assert (second > 5 * first) != is_first
        assert found.probability == pytest.approx(found.prediction.scores[found.emotion], abs=1e-5)


def test_the_map_of_the_bundled_model_moves(shared: Path) -> None:
    """Real speech of one actor: an angry clip before or after a neutral one."""
    folder = shared / "ravdess" / "Actor_05"
    model = load_model("serenade-base")
    angry, neutral = (
        decode(folder / f"03-01-{code}-01-01-05.flac", rate_hz=RATE_HZ).samples[12_000:36_000]
        for code in ("05-02", "01-01")
    )
    halves = []
    for order in ((angry, neutral), (neutral, angry)):
        found = explain(model, np.concatenate(order), rate=RATE_HZ, emotion="anger")
        assert found is not None
        halves.append(found.drop_over_time.reshape(2, -1).sum(1))
    (start, after), (before, end) = halves
    assert start > after
    assert end > before


def test_attention_moves_with_the_sound(toy, tmp_path: Path) -> None:
    torch.manual_seed(0)
    spec = Spec(name="random", labels=("anger", "fear"), front_end=FrontEnd(n_mels=64), network="compact")
    network = create_network("compact", n_mels=64, n_classes=2).eval()
    # Random weights alone give nearly the same attention everywhere, which the mean over channels evens out.
    with torch.no_grad():
        weights = network.attend[-1].weight
        weights.copy_(300 * weights[:1].expand_as(weights))
    export_onnx(network, spec, tmp_path / "model.onnx")
    model = load_model(tmp_path / "model.onnx")
    voice = decode(toy.write_voice(tmp_path / "voice.wav", 1.0), rate_hz=RATE_HZ).samples
    shares = []
    for order in ((voice, 0.01 * voice), (0.01 * voice, voice)):
        found = explain(model, np.concatenate(order), rate=RATE_HZ)
        assert found is not None
        assert found.attention is not None
        assert found.to_dict()["attention"] == pytest.approx(found.attention, abs=1e-5)
        assert found.attention.sum() == pytest.approx(1, abs=1e-5)
        shares.append(found.attention[: len(found.attention) // 2].sum())
    first, second = shares
    assert abs(first - second) > 0.3
    assert first + second == pytest.approx(1, abs=0.2)


def test_a_model_without_attention(model_file: Path, voices: list[Path]) -> None:
    found = explain(load_model(model_file), voices[0])
    assert found is not None
    assert found.attention is None
    assert found.to_dict()["attention"] is None


def test_a_long_recording_is_explained_where_it_is_most_confident(
    model_file: Path, toy, tmp_path: Path
) -> None:
    file = toy.write_voice(tmp_path / "long.wav", 25.0)
    found = explain(load_model(model_file), file)
    assert found is not None
    assert len(found.samples) <= 10 * RATE_HZ
    assert 0 <= found.prediction.start < found.prediction.end <= 25
    assert found.to_dict()["edges_s"][-1] == pytest.approx(len(found.samples) / RATE_HZ, abs=1e-3)


def test_a_model_restricted_to_some_labels_explains_their_probability(
    model_file: Path, voices: list[Path]
) -> None:
    model = load_model(model_file, labels=["anger", "fear"])
    explanation = explain(model, voices[0])
    assert explanation is not None
    prediction = model.predict(voices[0])
    assert explanation.emotion == prediction.emotion
    assert explanation.probability == pytest.approx(prediction.confidence, abs=1e-4)
    with pytest.raises(ModelError, match="has no label 'sadness'; it has anger, fear"):
        explain(model, voices[0], emotion="sadness")


def test_what_cannot_be_explained(model_file: Path, toy, tmp_path: Path) -> None:
    model = load_model(model_file)
    assert explain(model, np.zeros(RATE_HZ), rate=RATE_HZ) is None
    with pytest.raises(ModelError, match="has no label 'joy'; it has anger"):
        explain(model, tone(200, 1.0), rate=RATE_HZ, emotion="joy")
    with pytest.raises(ModelError, match="text"):
        explain(load_model(toy.write_toy_text_model(tmp_path / "text.onnx")), tone(200, 1.0), rate=RATE_HZ)
