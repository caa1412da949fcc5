import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.decode import blocks, decode, probe
from serenade.audio.discovery import find_audio, is_lfs_pointer
from serenade.audio.downmix import Downmix
from serenade.errors import UnsupportedMedia

av = pytest.importorskip("av")


def tone(n, rate_hz, hz=440.0):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(n) / rate_hz)).astype(np.float32)


def encode(path, codec, samples, rate_hz, layout="mono"):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.atleast_2d(samples), format="fltp", layout=layout)
        frame.rate = rate_hz
        queue = av.AudioFifo()
        queue.write(frame)
        while part := queue.read(stream.codec_context.frame_size or 1024, partial=True):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


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
    soundfile.write(tmp_path / name, tone(48_000, 48_000), 48_000, **_how(name))
    _is_the_tone(tmp_path / name, 1.0)


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.mp4", "aac"), ("a.webm", "libopus")])
def test_containers_by_ffmpeg(tmp_path, name, codec):
    encode(tmp_path / name, codec, tone(48_000 * 2, 48_000), 48_000)
    _is_the_tone(tmp_path / name, 2.0)
    part = decode(tmp_path / name, start_s=1.0, duration_s=0.5)
    assert len(part.samples) == 24_000
    # A seek is exact to the container's clock, 1 ms in WebM.
    whole = decode(tmp_path / name).samples
    lags = [np.abs(part.samples[2400:] - whole[50_400 + lag : 72_000 + lag]).max() for lag in range(-48, 49)]
    assert min(lags) < 0.01


def _how(name):
    return {"format": "OGG", "subtype": "OPUS"} if name.endswith("opus") else {}


def _is_the_tone(path, duration_s):
    sound = decode(path, rate_hz=16_000)
    info = probe(path)
    assert abs(sound.duration_s - duration_s) < 0.06
    assert abs(info.duration_s - duration_s) < 0.06
    assert info.rate_hz == sound.source_rate_hz == 48_000
    middle = sound.samples[4000:12_000]
    assert abs(np.abs(np.fft.rfft(middle)).argmax() * 2 - 440) <= 2
    assert abs(np.sqrt(np.mean(middle**2)) - 0.3 / 2**0.5) < 0.02


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
    mono = Downmix()(samples)
    golden = mono if source_hz == target_hz else soxr.resample(mono, source_hz, target_hz, quality="HQ")
    if not len(golden):
        return
    whole = decode(path, rate_hz=target_hz).samples
    parts = list(blocks(path, rate_hz=target_hz, block_s=block_s))
    assert len(whole) == len(golden)
    assert np.abs(whole - golden).max() < 1e-4
    assert (np.concatenate(parts) == whole).all()
    assert {len(part) for part in parts[:-1]} <= {max(1, round(block_s * target_hz))}


def test_a_part_is_that_part(tmp_path):
    samples = 0.1 * np.random.default_rng(0).standard_normal(160_000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    part = decode(tmp_path / "a.wav", start_s=2.5, duration_s=1.25)
    assert (part.samples == samples[40_000:60_000]).all()
    assert len(decode(tmp_path / "a.wav", start_s=9.5, duration_s=3).samples) == 8000
    with pytest.raises(UnsupportedMedia, match="no sound after 11 s"):
        decode(tmp_path / "a.wav", start_s=11)


def test_surround_hears_the_centre_most_and_never_the_low_frequency_channel(tmp_path):
    six = np.zeros((1600, 6), dtype=np.float32)
    six[:, 3] = 0.9
    soundfile.write(tmp_path / "lfe.wav", six, 16_000)
    assert not decode(tmp_path / "lfe.wav").samples.any()
    centre, left = np.eye(6, dtype=np.float32)[[2, 0]]
    assert downmix(centre[None])[0] > downmix(left[None])[0] > 0
    assert downmix(np.ones((1, 6), dtype=np.float32))[0] == pytest.approx(1)


def test_a_filler_chunk_before_the_data_is_skipped(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(1000, 48_000), 48_000)
    raw = (tmp_path / "a.wav").read_bytes()
    at = raw.index(b"data")
    filler = b"FLLR" + struct.pack("<I", 4044) + bytes(4044)
    raw = b"RIFF" + struct.pack("<I", len(raw) + len(filler) - 8) + raw[8:at] + filler + raw[at:]
    (tmp_path / "b.wav").write_bytes(raw)
    assert (decode(tmp_path / "b.wav").samples == decode(tmp_path / "a.wav").samples).all()


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        (b"", "0 bytes"),
        (LFS.encode(), "git lfs pull"),
        (b"what is this?" * 9, "cannot be read as sound|not a sound file"),
        (bytes(500), "cannot be read as sound|not a sound file"),
    ],
)
def test_what_is_not_sound_is_told_in_a_sentence(tmp_path, content, says):
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    for read in (decode, probe, lambda file: list(blocks(file, rate_hz=16_000, block_s=1))):
        with pytest.raises(UnsupportedMedia, match=says) as caught:
            read(path)
        assert caught.value.file == str(path)
        assert "\n" not in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UnsupportedMedia, match="folder"):
        decode(tmp_path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_numbers_are_refused(tmp_path, bad):
    samples = tone(1000, 16_000)
    samples[500] = bad
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    with pytest.raises(UnsupportedMedia, match="NaN"):
        decode(tmp_path / "a.wav")


def test_a_header_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 16_000)
    with pytest.raises(UnsupportedMedia, match="0 samples"):
        decode(tmp_path / "a.wav")
    with pytest.raises(UnsupportedMedia, match="0 samples"):
        list(blocks(tmp_path / "a.wav", rate_hz=8000, block_s=1))


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_mp4_is_refused(tmp_path, share):
    encode(tmp_path / "a.mp4", "aac", tone(48_000 * 3, 48_000), 48_000)
    raw = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(UnsupportedMedia, match=r"cut short|breaks off"):
        decode(tmp_path / "b.mp4")


def test_a_film_without_sound_is_told(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        container.mux(stream.encode(None))
    with pytest.raises(UnsupportedMedia, match="only pictures"):
        decode(tmp_path / "a.mp4")


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


def test_find_audio_passes_over_what_only_looks_like_sound(tmp_path):
    for name in ("b.WAV", "a.flac", "._a.flac", ".hidden/c.wav", "sub/d.mp3", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(LFS)
    found = find_audio(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a.flac", "b.WAV", "sub/d.mp3"]
    assert find_audio(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]
    assert is_lfs_pointer(found[0])


def test_real_corpora_decode(shared):
    for file in (next((shared / "emovo/f1").glob("*.opus")), next((shared / "ravdess/Actor_01").glob("*"))):
        sound = decode(file, rate_hz=16_000)
        assert sound.duration_s == pytest.approx(probe(file).duration_s, abs=0.001)
