from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serenade.audio.decode import decode
from serenade.errors import UnsupportedMedia
from serenade.inference.arrays import MAX_CHANNELS, waveform_of

FLOATS = st.floats(-1, 1, width=16)


def waveform(samples, rate=16_000):
    return waveform_of(samples, rate=rate, rate_hz=16_000)


@given(hnp.arrays(np.float32, st.integers(1, 50), elements=st.floats(-1, 1, width=32)))
def test_a_float_array_is_the_waveform(samples):
    np.testing.assert_array_equal(waveform(samples), samples)
    np.testing.assert_array_equal(waveform(samples.astype(np.float64)), samples)
    np.testing.assert_array_equal(waveform(samples.tolist()), samples)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
@given(data=st.data())
def test_signed_integers_are_pcm_of_their_full_range(kind, data):
    full = -float(np.iinfo(kind).min)
    samples = data.draw(hnp.arrays(kind, st.integers(1, 50)))
    np.testing.assert_array_equal(waveform(samples), (samples / full).astype(np.float32))


@given(hnp.arrays(np.int16, st.integers(1, 50)))
def test_integers_of_a_list_are_16_bit_pcm(samples):
    np.testing.assert_array_equal(waveform(samples.tolist()), waveform(samples))
    np.testing.assert_array_equal(waveform(samples.astype(np.int64)), waveform(samples))


def test_unsigned_8_bit_integers_are_the_pcm_of_8_bit_wav_files(tmp_path):
    samples = np.arange(256, dtype=np.uint8)
    assert waveform(np.array([0, 128, 255], np.uint8)).tolist() == [-1, 0, 127 / 128]
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 16_000, 1, "PCM_U8") as file:
        file.buffer_write(((samples.astype(np.int32) - 128) << 24).tobytes(), "int32")
    np.testing.assert_array_equal(waveform(samples), decode(tmp_path / "a.wav").samples)


@given(
    samples=st.integers(MAX_CHANNELS + 1, 60),
    channels=st.integers(1, MAX_CHANNELS),
    seed=st.integers(0, 99),
)
def test_channels_may_come_first_or_last(samples, channels, seed):
    array = np.random.default_rng(seed).uniform(-1, 1, (samples, channels)).astype(np.float32)
    mixed = waveform(array)
    assert mixed.shape == (samples,)
    np.testing.assert_array_equal(waveform(array.T), mixed)
    same = np.repeat(array[:, :1], channels, axis=1)
    np.testing.assert_allclose(waveform(same), array[:, 0], atol=1e-6)


def test_an_inverted_channel_does_not_cancel_the_other():
    voice = np.sin(np.arange(1000, dtype=np.float32))
    np.testing.assert_allclose(waveform(np.stack([voice, -voice], axis=1)), voice, atol=1e-6)


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=20), elements=FLOATS)
)
def test_every_other_shape_is_an_error_that_names_it(samples):
    shape = samples.shape
    channels = min(shape) if len(shape) == 2 else 1
    if len(shape) in (1, 2) and samples.size and (len(shape) == 1 or channels <= MAX_CHANNELS):
        assert waveform(samples).ndim == 1
    else:
        with pytest.raises(UnsupportedMedia) as caught:
            waveform(samples)
        assert f"shape {shape}" in str(caught.value)


def test_tensors_are_accepted():
    torch = pytest.importorskip("torch")
    samples = torch.tensor([0.0, 0.5, -0.25])
    for tensor in (samples, samples.double(), samples.bfloat16(), samples.clone().requires_grad_()):
        assert waveform(tensor).tolist() == [0.0, 0.5, -0.25]
    assert waveform((samples * 32_768).to(torch.int16)).tolist() == [0.0, 0.5, -0.25]
    assert waveform(torch.zeros(2, 100)).shape == (100,)


@given(rate=st.integers(4_000, 96_000), size=st.integers(100, 2000))
def test_resampling_keeps_the_duration(rate, size):
    assert len(waveform(np.zeros(size), rate=rate)) == pytest.approx(size * 16_000 / rate, abs=1)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], r"shape \(0,\) is empty"),
        ([0.1, float("nan")], "NaN or infinity"),
        ([0.1, float("inf")], "NaN or infinity"),
        ([1e300], "NaN or infinity"),
        ([12_000.0, -3.0], "peak of this array is 12,000"),
        ([0, 70_000], "64-bit integers"),
        (["a"], "an array of <U1 is not sound"),
        ([1 + 2j], "an array of complex128 is not sound"),
        ([True], "an array of bool is not sound"),
        (np.zeros(3, np.uint16), "an array of uint16 is not sound"),
        ([[0.0], [0.0, 1.0]], "different lengths"),
        (3.0, r"shape \(\) is not sound"),
        (None, r"shape \(\) is not sound"),
        (np.zeros((128, 300)), r"shape \(128, 300\) is not sound"),
        (np.zeros((1, 2, 8)), r"shape \(1, 2, 8\) is not sound"),
    ],
)
def test_what_is_not_sound_is_refused(samples, message):
    with pytest.raises(UnsupportedMedia, match=message):
        waveform(samples)


@pytest.mark.parametrize("rate", [0, -16_000, 16_000.5, float("nan"), 1e9, True, "fast", None])
def test_a_rate_must_be_a_whole_number_that_sound_can_have(rate):
    with pytest.raises(UnsupportedMedia, match="rate"):
        waveform([0.0, 0.1], rate=rate)


def test_a_rate_may_be_any_number_type():
    for rate in (8_000, 8_000.0, np.int64(8_000), np.float32(8_000)):
        assert len(waveform(np.zeros(800), rate=rate)) == 1600


def test_too_few_samples_at_a_high_rate_are_an_error():
    with pytest.raises(UnsupportedMedia, match="an array of 1 samples is too short at 384,000 Hz"):
        waveform([0.5], rate=384_000)
