import io
import os
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.decode import blocks, decode, probe
from serenade.audio.downmix import Downmix
from serenade.errors import UnsupportedMedia


def tone(n, rate_hz, hz=440.0):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(n) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_wav_of_any_width(tmp_path, subtype):
    samples = tone(8000, 8000)
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype=subtype)
    sound = decode(tmp_path / "a.wav")
    assert (sound.rate_hz, sound.source_rate_hz, sound.channels) == (8000, 8000, 1)
    assert sound.samples.dtype == np.float32
    assert np.abs(sound.samples - samples).max() < (0.01 if subtype == "PCM_U8" else 1e-4)


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "a.opus"])
def test_compressed_by_libsndfile(tmp_path, name):
    options = {"format": "OGG", "subtype": "OPUS"} if name.endswith("opus") else {}
    soundfile.write(tmp_path / name, tone(48_000, 48_000), 48_000, **options)
    _is_the_tone(tmp_path / name, 1.0)


FFMPEG_ONLY = [
    ("a.m4a", "aac"),
    ("a.mp4", "aac"),
    ("a.webm", "libopus"),
    ("a.mka", "aac"),
    ("a.mpg", "mp2"),
    ("a.wma", "wmav2"),
    ("a.ts", "aac"),
    ("a.avi", "libmp3lame"),
    ("a.ac3", "ac3"),
    ("a.nut", "pcm_s64le"),
]


@pytest.mark.parametrize(("name", "codec"), FFMPEG_ONLY)
def test_containers_by_ffmpeg(tmp_path, encode, name, codec):
    encode(tmp_path / name, codec, [tone(48_000 * 2, 48_000)], 48_000)
    _is_the_tone(tmp_path / name, 2.0)
    part = decode(tmp_path / name, start_s=1.0, duration_s=0.5)
    assert len(part.samples) == 24_000
    # A seek is exact to the container's clock, 1 ms in WebM.
    whole = decode(tmp_path / name).samples
    lags = [np.abs(part.samples[2400:] - whole[50_400 + lag : 72_000 + lag]).max() for lag in range(-48, 49)]
    assert min(lags) < 0.02


def _is_the_tone(path, duration_s):
    sound = decode(path, rate_hz=16_000)
    info = probe(path)
    assert abs(sound.duration_s - duration_s) < 0.1
    assert abs(info.duration_s - duration_s) < 0.1
    assert info.rate_hz == sound.source_rate_hz == 48_000
    middle = sound.samples[4000:12_000]
    assert abs(np.abs(np.fft.rfft(middle)).argmax() * 2 - 440) <= 2
    assert abs(np.sqrt(np.mean(middle**2)) - 0.3 / 2**0.5) < 0.02
    assert not sound.truncated
    assert sound.warnings == info.warnings == ()


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 60_000),
    channels=st.integers(1, 8),
    source_hz=st.sampled_from([8000, 11025, 16_000, 22_050, 44_100, 48_000]),
    target_hz=st.sampled_from([8000, 16_000, 22_050, 24_000]),
    block_s=st.floats(0.01, 2.0),
)
def test_blocks_join_to_the_whole_and_to_soxr(tmp_path_factory, n, channels, source_hz, target_hz, block_s):
    path = tmp_path_factory.mktemp("any") / "a.wav"
    samples = 0.1 * np.random.default_rng(n).standard_normal((n, channels), dtype=np.float32)
    soundfile.write(path, samples, source_hz, subtype="FLOAT")
    size = (1 << 18) // max(2, channels)
    mix = Downmix()
    mono = np.concatenate([mix(samples[start : start + size]) for start in range(0, n, size)])
    golden = mono if source_hz == target_hz else soxr.resample(mono, source_hz, target_hz, quality="HQ")
    if not len(golden):
        return
    whole = decode(path, rate_hz=target_hz)
    parts = blocks(path, rate_hz=target_hz, block_s=block_s)
    joined = list(parts)
    assert len(whole.samples) == len(golden)
    assert np.abs(whole.samples - golden).max() < 1e-4
    assert (np.concatenate(joined) == whole.samples).all()
    assert {len(part) for part in joined[:-1]} <= {max(1, round(block_s * target_hz))}
    assert (parts.channels, parts.source_rate_hz, parts.warnings) == (channels, source_hz, whole.warnings)


def test_a_part_is_that_part(tmp_path):
    samples = 0.1 * np.random.default_rng(0).standard_normal(160_000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    part = decode(tmp_path / "a.wav", start_s=2.5, duration_s=1.25)
    assert (part.samples == samples[40_000:60_000]).all()
    assert len(decode(tmp_path / "a.wav", start_s=9.5, duration_s=3).samples) == 8000
    for start_s in (11, 1e300):
        with pytest.raises(UnsupportedMedia, match="no sound after"):
            decode(tmp_path / "a.wav", start_s=start_s)


@pytest.mark.parametrize("name", ["a.wav", "a.mka"])
def test_an_open_file_and_bytes_give_the_same_as_the_path(tmp_path, encode, babble, name):
    encode(tmp_path / name, "pcm_s16le", [babble], 16_000)
    expected = decode(tmp_path / name).samples
    content = (tmp_path / name).read_bytes()
    with open(tmp_path / name, "rb") as file:
        for media in (file, content, io.BytesIO(content)):
            assert (decode(media).samples == expected).all()
            assert probe(media).duration_s == 4.0
        assert not file.closed


@pytest.mark.parametrize("name", [b"caf\xe9.wav", "\N{SLIGHTLY SMILING FACE}.m4a".encode(), b"a.RAW"])
def test_a_file_of_any_name_is_decoded(tmp_path, encode, babble, name):
    codec = "aac" if name.endswith(b"m4a") else "pcm_s16le"
    encode(tmp_path / "a", codec, [babble], 16_000, format="mp4" if codec == "aac" else "wav")
    path = os.path.join(os.fsencode(tmp_path), name)
    os.rename(tmp_path / "a", path)
    assert abs(decode(os.fsdecode(path)).duration_s - 4) < 0.1


# Tracks


def test_a_silent_first_track_is_passed_over_and_reported(tmp_path, encode, babble):
    file = tmp_path / "a.mp4"
    encode(file, "aac", [np.zeros_like(babble), babble, 0.5 * babble], 16_000)
    sound = decode(file)
    assert (sound.track, sound.tracks, probe(file).track) == (2, 3, 2)
    assert "track 2 of 3" in sound.warnings[0]
    assert np.abs(sound.samples).max() > 0.1
    parts = blocks(file, rate_hz=16_000, block_s=1)
    assert (np.concatenate(list(parts)) == sound.samples).all()
    assert (parts.track, parts.warnings) == (2, sound.warnings)


@pytest.mark.parametrize("name", ["a.mka", "a.mov"])
def test_the_track_that_is_named_is_decoded(tmp_path, encode, babble, name):
    tracks = [babble, 0.5 * babble, np.zeros_like(babble)]
    encode(tmp_path / name, "pcm_s16le", tracks, 16_000)
    for number, samples in enumerate(tracks, 1):
        sound = decode(tmp_path / name, track=number)
        assert np.abs(sound.samples - samples).max() < 1e-3
        assert (sound.track, sound.tracks, sound.warnings) == (number, 3, ())
        assert probe(tmp_path / name, track=number).track == number
        part = np.concatenate(list(blocks(tmp_path / name, rate_hz=16_000, block_s=1, track=number)))
        assert (part == sound.samples).all()
    assert decode(tmp_path / name).track == 1


@pytest.mark.parametrize("name", ["a.wav", "a.mka"])
@pytest.mark.parametrize("track", [0, -1, 2])
def test_a_track_that_is_not_there_is_refused(tmp_path, encode, babble, name, track):
    encode(tmp_path / name, "pcm_s16le", [babble], 16_000)
    for read in (decode, probe):
        with pytest.raises(UnsupportedMedia, match=f"no audio track {track}; it has 1"):
            read(tmp_path / name, track=track)


def test_only_silent_tracks_give_the_first(tmp_path, encode, babble):
    encode(tmp_path / "a.mka", "pcm_s16le", [np.zeros_like(babble)] * 2, 16_000)
    sound = decode(tmp_path / "a.mka")
    assert (sound.track, sound.warnings, len(sound.samples)) == (1, (), len(babble))


# Lengths that no header states


@pytest.mark.parametrize("live", ["1", "0"])
def test_a_stream_of_unstated_length_gives_the_same_samples(tmp_path, encode, babble, live):
    wave = soxr.resample(babble, 16_000, 48_000)
    encode(tmp_path / "a.webm", "libopus", [wave], 48_000, options={"live": live})
    encode(tmp_path / "b.webm", "libopus", [wave], 48_000)
    sound = decode(tmp_path / "a.webm", rate_hz=16_000)
    assert (sound.samples == decode(tmp_path / "b.webm", rate_hz=16_000).samples).all()
    assert abs(probe(tmp_path / "a.webm").duration_s - sound.duration_s) < 0.03
    assert sound.warnings == ()


def test_flac_of_unknown_length(tmp_path, babble):
    soundfile.write(tmp_path / "a.flac", babble, 16_000)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    (tmp_path / "b.flac").write_bytes(content)
    assert (decode(tmp_path / "b.flac").samples == decode(tmp_path / "a.flac").samples).all()
    assert probe(tmp_path / "b.flac").duration_s == 4.0
    part = decode(tmp_path / "b.flac", start_s=2.5, duration_s=1)
    assert (part.samples == decode(tmp_path / "a.flac").samples[40_000:56_000]).all()


# A bit rate that changes: what FFmpeg and libsndfile guess from the first packets is wrong by a factor.
@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [("a.mp3", "libmp3lame", {"flags": "+qscale", "global_quality": "472"}), ("a.aac", "aac", {})],
)
def test_compressed_streams_without_a_length_are_read_to_their_end(tmp_path, encode, name, codec, options):
    noise = 0.2 * np.random.default_rng(0).standard_normal(48_000 * 10, dtype=np.float32)
    noise[: 48_000 * 7] = 0
    muxer = {"write_xing": "0"} if name == "a.mp3" else {}
    encode(tmp_path / name, codec, [noise], 48_000, options=muxer, codec_options=options)
    sound = decode(tmp_path / name)
    assert abs(sound.duration_s - 10) < 0.1
    assert abs(probe(tmp_path / name).duration_s - 10) < 0.1
    assert np.abs(sound.samples[-24_000:]).mean() > 0.05
    assert not sound.truncated
    part = decode(tmp_path / name, start_s=8.0, duration_s=1)
    assert np.abs(part.samples - sound.samples[48_000 * 8 : 48_000 * 9]).max() < 1e-3


# Files that are cut or damaged


def test_a_filler_chunk_before_the_data_is_skipped(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(1000, 48_000), 48_000)
    raw = (tmp_path / "a.wav").read_bytes()
    at = raw.index(b"data")
    filler = b"FLLR" + struct.pack("<I", 4044) + bytes(4044)
    raw = b"RIFF" + struct.pack("<I", len(raw) + len(filler) - 8) + raw[8:at] + filler + raw[at:]
    (tmp_path / "b.wav").write_bytes(raw)
    assert (decode(tmp_path / "b.wav").samples == decode(tmp_path / "a.wav").samples).all()


def test_blocks_hold_little_in_memory(tmp_path):
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 8000, 1, "PCM_16") as out:
        for _ in range(20):
            out.write(np.zeros(8000 * 60, dtype=np.int16))
    tracemalloc.start()
    total = sum(len(block) for block in blocks(tmp_path / "long.wav", rate_hz=16_000, block_s=10))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 20 * 60 * 16_000
    assert peak < 20e6


def test_real_corpora_decode_without_a_warning(shared):
    files = [next((shared / "emovo/f1").glob("*.opus")), next((shared / "ravdess/Actor_01").glob("*"))]
    files += [
        *sorted((shared / "cremad/AudioWAV").glob("*")),
        *sorted((shared / "nemo/samples").glob("*"))[::500],
    ]
    files += [*sorted((shared / "emodb").glob("*"))[::100], *(shared / "noise").glob("*")]
    for file in files:
        sound = decode(file, rate_hz=16_000)
        assert sound.duration_s == pytest.approx(probe(file).duration_s, abs=0.001)
        assert (sound.truncated, sound.warnings) == (False, ())


def test_an_mp3_prints_nothing_and_is_read_whole(tmp_path, capfd):
    """libmpg123 prints that some frames of LAME are damaged, and puts silence in their place."""
    rng = np.random.default_rng(0)
    sweep = 0.3 * np.sin(np.cumsum(rng.uniform(0.02, 0.2, 60 * 22_050)))
    soundfile.write(tmp_path / "a.mp3", sweep, 22_050, format="MP3")
    sound = decode(tmp_path / "a.mp3")
    assert len(sound.samples) == len(sweep)
    assert np.abs(sound.samples - sweep).max() < 0.1
    assert probe(tmp_path / "a.mp3").duration_s == 60.0
    for start_s in (0.3, 20.0, 59.6):
        part = decode(tmp_path / "a.mp3", start_s=start_s, duration_s=0.25).samples
        start = round(start_s * 22_050)
        np.testing.assert_array_equal(part, sound.samples[start : start + len(part)])
    content = bytearray((tmp_path / "a.mp3").read_bytes())
    for place in rng.integers(1_000, len(content), 200):
        content[place] ^= 0x55
    (tmp_path / "a.mp3").write_bytes(content)
    assert len(decode(tmp_path / "a.mp3").samples) > 0.8 * len(sweep)
    assert capfd.readouterr() == ("", "")


# Paths that are no files
