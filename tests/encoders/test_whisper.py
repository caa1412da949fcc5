"""The encoder against transformers; padding and clips longer than the positions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from serenade.encoders.speech import SpeechEncoder
from serenade.encoders.speech_statistics import LOUD_RANGE_DB, SpeechStatistics
from serenade.encoders.whisper import WhisperEncoder, WhisperSize

LONGEST = 200
"""Frames of the positions of the fixture `tiny_whisper`."""


@pytest.fixture
def statistics(tiny_whisper) -> SpeechStatistics:
    source = SpeechEncoder(source=str(tiny_whisper), first_layer=1, last_layer=3, precision="float32")
    return source.load()


def clips(*frames: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random log-mels; what follows a clip's end is rubbish."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(len(frames), 80, max(frames), generator=generator), torch.tensor(frames)


def test_equal_to_transformers(tiny_whisper, statistics):
    from transformers import WhisperModel

    model = WhisperModel.from_pretrained(tiny_whisper).eval()
    features, lengths = clips(LONGEST, LONGEST)
    with torch.inference_mode():
        expected = model.encoder(features, output_hidden_states=True).hidden_states
        states, steps = statistics.encoder(features, lengths)
        normalized = model.encoder.layer_norm(states[2])
    assert steps.tolist() == [100, 100]
    for layer in (1, 2):
        torch.testing.assert_close(states[layer - 1], expected[layer], atol=1e-5, rtol=1e-5)
    # The last of its states is normalised once more.
    torch.testing.assert_close(normalized, expected[3], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 3, 99, 200, 201, 333, 640])
def test_padding_never_changes_a_vector(statistics, frames):
    features, lengths = clips(frames, 640, 50)
    with torch.inference_mode():
        together = statistics(features, lengths)
        alone = statistics(features[:1, :, :frames], lengths[:1])
    torch.testing.assert_close(together[:1], alone, atol=1e-4, rtol=1e-4)


def test_a_long_clip_is_encoded_in_chunks(statistics):
    """Two chunks of the full length are encoded as two clips are."""
    features, lengths = clips(2 * LONGEST)
    with torch.inference_mode():
        states, steps = statistics.encoder(features, lengths)
        halves = [statistics.encoder(part, torch.tensor([LONGEST]))[0] for part in features.split(LONGEST, 2)]
    assert steps.tolist() == [200]
    torch.testing.assert_close(states, torch.cat(halves, dim=2), atol=1e-5, rtol=1e-5)


def test_statistics_are_means_and_deviations_over_all_and_over_loud_steps(statistics):
    features, lengths = clips(101)
    features[:, :, 40:70] -= 2.0
    with torch.inference_mode():
        states, _ = statistics.encoder(features, lengths)
        found = statistics(features, lengths).reshape(3, 4, 16).numpy()
    level = 40 * features[0].mean(0).numpy()
    level = np.append(level, level[-1]).reshape(-1, 2).mean(1)
    loud = level >= np.percentile(level, 95) - LOUD_RANGE_DB
    assert 20 < loud.sum() < 51
    every = states[:, 0].numpy()
    expected = [every.mean(1), every.std(1), every[:, loud].mean(1), every[:, loud].std(1)]
    np.testing.assert_allclose(found, np.stack(expected, 1), atol=1e-4)


def test_width_is_that_of_the_layers():
    encoder = WhisperEncoder(WhisperSize(d_model=16, encoder_layers=3, encoder_attention_heads=2))
    assert SpeechStatistics(encoder, first_layer=2).width == 2 * 4 * 16
