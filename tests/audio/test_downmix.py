import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.decode import blocks, decode
from serenade.audio.downmix import Downmix
from serenade.audio.level import level_dbfs

SURROUND = ("FL", "FR", "FC", "LFE", "BL", "BR")


def correlation(left, right):
    return float(np.corrcoef(left[: len(right)], right[: len(left)])[0, 1])


@settings(max_examples=40, deadline=None)
@given(
    channels=st.integers(2, 8),
    inverted=st.sets(st.integers(0, 7)),
    gain_db=st.floats(-12, 0),
    noise_db=st.floats(-60, -25),
    offset=st.floats(-0.1, 0.1),
)
def test_no_inverted_channel_cancels_the_voice(babble, channels, inverted, gain_db, noise_db, offset):
    rng = np.random.default_rng(channels)
    samples = np.tile(babble[:, None], channels)
    samples[:, 1::2] *= np.float32(10 ** (gain_db / 20))
    for channel in inverted:
        samples[:, channel % channels] *= -1
    noise = rng.standard_normal(samples.shape, dtype=np.float32) * np.float32(10 ** (noise_db / 20) / 8)
    mixed = Downmix()(samples + noise + np.float32(offset))
    assert abs(correlation(mixed, babble)) > 0.95
    assert level_dbfs(mixed) > level_dbfs(babble) + gain_db - 1


def test_an_inverted_channel_is_named_and_blocks_equal_the_whole(tmp_path, babble):
    soundfile.write(tmp_path / "a.wav", np.stack([babble, -babble, 0 * babble], axis=1), 16_000)
    sound = decode(tmp_path / "a.wav")
    assert sound.warnings == ("channel 2 is inverted; its sign was changed before mixing",)
    parts = blocks(tmp_path / "a.wav", rate_hz=16_000, block_s=0.5)
    assert (np.concatenate(list(parts)) == sound.samples).all()
    assert parts.warnings == sound.warnings


def test_true_stereo_is_averaged():
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((16_000, 2), dtype=np.float32)
    mix = Downmix()
    assert np.allclose(mix(samples), samples.mean(axis=1), atol=1e-6)
    assert mix.inverted == set()


def test_a_sign_is_kept_in_silence_and_changes_with_the_sound(babble):
    mix = Downmix()
    inverted, same = np.stack([babble, -babble], axis=1), np.stack([babble, babble], axis=1)
    assert np.allclose(mix(inverted), babble, atol=1e-6)
    assert not mix(np.zeros((1000, 2), np.float32)).any()
    assert np.allclose(mix(inverted), babble, atol=1e-6)
    assert np.allclose(mix(same), babble, atol=1e-6)


@pytest.mark.parametrize("format", ["WAV", "W64", "AIFF", "CAF", "AU"])
@pytest.mark.parametrize("channels", [3, 4, 5, 6, 7, 8, 12])
def test_a_voice_on_any_channel_of_an_undeclared_layout_is_kept(tmp_path, babble, format, channels):
    for channel in range(channels):
        samples = np.zeros((len(babble), channels), np.float32)
        samples[:, channel] = babble
        soundfile.write(tmp_path / "a", samples, 16_000, format=format, subtype="PCM_16")
        mixed = decode(tmp_path / "a").samples
        assert np.abs(mixed - babble / channels).max() < 1e-3


def test_a_voice_on_any_channel_of_an_undeclared_layout_in_a_video_is_kept(tmp_path, encode, babble):
    for channel in range(6):
        samples = np.zeros((6, len(babble)), np.float32)
        samples[channel] = babble
        soundfile.write(tmp_path / "a.wav", samples.T, 16_000)
        av = pytest.importorskip("av")
        with av.open(str(tmp_path / "a.wav")) as source, av.open(str(tmp_path / "a.mov"), "w") as target:
            stream = target.add_stream_from_template(source.streams.audio[0])
            for packet in source.demux(source.streams.audio[0]):
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
        sound = decode(tmp_path / "a.mov")
        assert sound.channels == 6
        assert abs(correlation(sound.samples, babble)) > 0.99


def declared(path, samples, encode):
    """5.1 as WAVE_FORMAT_EXTENSIBLE, FLAC, Vorbis or AAC, by the file's name; channels in WAV's order."""
    if path.suffix == ".m4a":
        encode(path, "aac", [samples.T], 16_000, layout="5.1")
    else:
        if path.suffix == ".ogg":
            samples = samples[:, [0, 2, 1, 4, 5, 3]]  # Vorbis's order
        soundfile.write(path, samples, 16_000, format={".wav": "WAVEX"}.get(path.suffix))


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.m4a"])
@pytest.mark.fidelity(
    system="audio_to_spectrogram.ipynb",
    output="clips with 5.1 channels",
    verdict="differs",
    note="Mixed down by the weights of the layout. librosa averages the channels.",
)
def test_a_declared_surround_layout_has_its_weights(tmp_path, encode, babble, name):
    levels = {}
    for channel, position in enumerate(SURROUND):
        samples = np.zeros((len(babble), 6), np.float32)
        samples[:, channel] = babble
        samples[:, 0] += 1e-2 * np.sin(np.arange(len(babble)) / 3)
        declared(tmp_path / name, samples, encode)
        mixed = decode(tmp_path / name).samples
        levels[position] = level_dbfs(mixed) - level_dbfs(babble)
    assert levels["FC"] > levels["FL"] + 2 > levels["BL"] + 4
    assert levels["LFE"] < levels["FC"] - 15
    assert levels["FL"] == pytest.approx(levels["FR"], abs=1)
    assert levels["BL"] == pytest.approx(levels["BR"], abs=1)


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("channel", range(6))
def test_a_wrong_declaration_silences_no_voice(tmp_path, encode, babble, name, channel):
    samples = np.zeros((len(babble), 6), np.float32)
    samples[:, channel] = babble
    declared(tmp_path / name, samples, encode)
    assert level_dbfs(decode(tmp_path / name).samples) > level_dbfs(babble) - 17


def test_weights_sum_to_one():
    assert Downmix(SURROUND)(np.ones((10, 6), np.float32))[0] == pytest.approx(1)
