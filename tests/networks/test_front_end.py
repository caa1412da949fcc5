from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from serenade.audio.front_end import WHISPER
from serenade.audio.logmel import log_mel
from serenade.networks.layers.front_end import LARGEST_CONVOLUTION, TorchFrontEnd, power_spectrum


@pytest.mark.parametrize("n_fft", [25, 400, LARGEST_CONVOLUTION, 600, 2 * LARGEST_CONVOLUTION])
def test_power_spectrum_equals_that_of_numpy(n_fft):
    signal = np.random.default_rng(0).standard_normal((2, 3 * n_fft)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(signal, n_fft, axis=1)[:, :: n_fft // 2]
    window = np.sin(np.pi * np.arange(n_fft) / n_fft) ** 2
    expected = np.abs(np.fft.rfft(frames * window)) ** 2
    power = power_spectrum(n_fft, n_fft // 2)(torch.from_numpy(signal))
    np.testing.assert_allclose(power.numpy(), expected, rtol=1e-4, atol=1e-5 * expected.max())


def test_exported_whisper_front_end_equals_numpy_and_has_no_slow_node(tmp_path):
    """Tones of very different levels: the fainter is 70 dB below the louder."""
    seconds = np.arange(16_000, dtype=np.float64) / 16_000
    tones = np.sin(2 * np.pi * 440 * seconds) + 3e-4 * np.sin(2 * np.pi * 3_000 * seconds)
    clip = (0.1 * tones).astype(np.float32)
    file = tmp_path / "front_end.onnx"
    torch.onnx.export(
        TorchFrontEnd(WHISPER),
        (torch.zeros(1, 8_000), torch.tensor([8_000])),
        str(file),
        dynamo=False,
        opset_version=18,
        input_names=["waveform", "lengths"],
        output_names=["features", "frames"],
        dynamic_axes={"waveform": [0, 1], "lengths": [0]},
    )
    session = onnxruntime.InferenceSession(str(file))
    features, _ = session.run(None, {"waveform": clip[None], "lengths": np.array([len(clip)])})
    np.testing.assert_allclose(features[0].T, log_mel(clip, WHISPER), atol=1e-4)
    assert b"STFT" not in file.read_bytes()
