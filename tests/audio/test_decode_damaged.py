"""Files that are cut, damaged or not sound: reported, or refused in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serenade.audio.decode import blocks, decode, probe
from serenade.errors import UnsupportedMedia

av = pytest.importorskip("av")


def tone(n, rate_hz, hz=440.0):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(n) / rate_hz)).astype(np.float32)


def _cut(path, share):
    content = path.read_bytes()
    cut = path.with_name(f"cut{path.suffix}")
    cut.write_bytes(content[: int(len(content) * share)])
    return cut


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
@pytest.mark.parametrize(
    "name",
    ["a.wav", "a.aiff", "a.aifc", "a.w64", "a.rf64", "a.au", "a.caf", "a.sph", "a.flac", "a.mp3", "a.opus"],
)
def test_a_cut_file_of_libsndfile_is_reported(tmp_path, name, share):
    options = {
        "opus": {"format": "OGG", "subtype": "OPUS"},
        "sph": {"format": "NIST"},
        "aifc": {"format": "AIFF"},
    }
    noise = 0.1 * np.random.default_rng(0).standard_normal(48_000 * 6, dtype=np.float32)
    soundfile.write(tmp_path / name, noise, 48_000, **options.get(name[2:], {}))
    assert decode(tmp_path / name).warnings == ()
    file = _cut(tmp_path / name, share)
    sound = decode(file)
    assert sound.truncated
    assert sound.warnings[0].startswith("the file is cut short: ")
    assert abs(sound.duration_s - 6 * share) < 1.1  # an Ogg page is a second
    parts = blocks(file, rate_hz=16_000, block_s=1)
    assert sum(map(len, parts)) == round(sound.duration_s * 16_000)
    assert parts.truncated
    assert parts.warnings == sound.warnings
    # The part before the cut is whole.
    part = decode(file, duration_s=0.5)
    assert not part.truncated
    assert part.warnings == ()
    assert probe(file).truncated == (name != "a.flac")  # its header states samples, not bytes


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.webm", "libopus", {}),
        ("a.mka", "aac", {}),
        ("a.m4a", "aac", {"movflags": "+faststart"}),
        ("a.mov", "pcm_s16le", {"movflags": "+faststart"}),
        ("a.avi", "libmp3lame", {}),
        ("a.wma", "wmav2", {}),
        ("a.mp3", "libmp3lame", {"write_xing": "0"}),
        ("a.aac", "aac", {}),
    ],
)
def test_a_cut_file_of_ffmpeg_is_reported(tmp_path, encode, name, codec, options, share):
    noise = 0.1 * np.random.default_rng(0).standard_normal(48_000 * 6, dtype=np.float32)
    encode(tmp_path / name, codec, [noise], 48_000, options=options)
    whole = decode(tmp_path / name)
    assert (whole.truncated, whole.warnings) == (False, ())
    content = (tmp_path / name).read_bytes()
    (tmp_path / f"cut{name}").write_bytes(content[: int(len(content) * share) - 7])
    sound = decode(tmp_path / f"cut{name}")
    assert sound.truncated
    assert abs(sound.duration_s - 6 * share) < 0.6
    assert not decode(tmp_path / f"cut{name}", duration_s=0.5).truncated


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_an_mp4_that_is_cut_before_its_index_is_refused(tmp_path, encode, babble, share):
    encode(tmp_path / "a.mp4", "aac", [babble], 16_000)
    with pytest.raises(UnsupportedMedia, match="cut short"):
        decode(_cut(tmp_path / "a.mp4", share))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp3", "libmp3lame"), ("a.flac", "flac"), ("a.m4a", "aac"), ("a.webm", "libopus")]
)
def test_damage_in_the_middle_is_reported_and_the_rest_decoded(tmp_path, encode, name, codec):
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000 * 12, dtype=np.float32)
    encode(tmp_path / name, codec, [noise], 16_000)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = bytes(3000)
    (tmp_path / name).write_bytes(content)
    sound = decode(tmp_path / name)
    assert 7 < sound.duration_s < 12
    assert any("damaged" in warning or "s are missing" in warning for warning in sound.warnings)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "pcm_s16le"), ("a.m4a", "aac"), ("a.mp3", "libmp3lame")]
)
def test_a_tag_that_is_not_utf_8_is_ignored(tmp_path, encode, babble, name, codec):
    encode(tmp_path / name, codec, [babble], 16_000, tags={"title": "cafXX"})
    content = (tmp_path / name).read_bytes()
    assert b"cafXX" in content
    (tmp_path / name).write_bytes(content.replace(b"cafXX", b"caf\xe9\xff"))
    assert abs(decode(tmp_path / name).duration_s - 4) < 0.2
    assert abs(probe(tmp_path / name).duration_s - 4) < 0.2


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "0 bytes"),
        (LFS.encode(), "git lfs pull"),
        (b"what is this?" * 9, "cannot be decoded as sound|not a sound file"),
        (bytes(500), "cannot be decoded as sound|not a sound file"),
    ],
)
def test_a_file_that_is_not_sound_gives_one_sentence(tmp_path, content, message):
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    for read in (decode, probe, lambda file: list(blocks(file, rate_hz=16_000, block_s=1))):
        with pytest.raises(UnsupportedMedia, match=message) as caught:
            read(path)
        assert caught.value.file == str(path)
        assert "\n" not in str(caught.value)


def test_a_folder_and_a_path_through_a_file_are_refused(tmp_path):
    with pytest.raises(UnsupportedMedia, match="folder"):
        decode(tmp_path)
    (tmp_path / "a.wav").touch()
    with pytest.raises(UnsupportedMedia, match="no such file"):
        decode(tmp_path / "a.wav" / "b.wav")
    with pytest.raises(UnsupportedMedia, match="null"):
        decode("a\0.wav")


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_that_are_not_numbers_are_refused(tmp_path, bad, channels):
    samples = np.tile(tone(1000, 16_000)[:, None], channels)
    samples[500] = bad
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    with pytest.raises(UnsupportedMedia, match="NaN"):
        decode(tmp_path / "a.wav")


@pytest.mark.parametrize("rate_hz", [1, 500, 2_000_000_000])
def test_a_rate_that_no_recording_has_is_refused(tmp_path, rate_hz):
    soundfile.write(tmp_path / "a.wav", tone(1000, 16_000), rate_hz)
    with pytest.raises(UnsupportedMedia, match="header is damaged"):
        decode(tmp_path / "a.wav", rate_hz=16_000)


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.caf"])
def test_a_header_without_samples_is_refused(tmp_path, name):
    soundfile.write(tmp_path / name, np.zeros(0), 16_000)
    with pytest.raises(UnsupportedMedia, match=r"0 samples|cannot be decoded as sound"):
        decode(tmp_path / name)
    with pytest.raises(UnsupportedMedia, match=r"0 samples|cannot be decoded as sound"):
        list(blocks(tmp_path / name, rate_hz=8000, block_s=1))


def test_a_film_without_sound_is_refused(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        container.mux(stream.encode(None))
    with pytest.raises(UnsupportedMedia, match="only pictures"):
        decode(tmp_path / "a.mp4")


def test_devices_and_pipes_are_refused_before_they_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", "/dev/zero", "/dev/null"):
        with pytest.raises(UnsupportedMedia, match=r"is a device or a pipe, not a file; pipe the sound into"):
            decode(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("file:///home/me/a.wav", "is a URL, not a path; pass '/home/me/a.wav'"),
        ("https://example.org/a.wav", "is a URL, and nothing is downloaded; download the file"),
        ("s3://bucket/a.wav", "is a URL, and nothing is downloaded; download the file"),
        ("calls/*.wav", "no file matches this pattern, and none has this name; check it"),
        ("calls/a.wav", "there is no such file; check the path"),
        ("C:\\calls\\a.wav", "there is no such file; check the path"),
    ],
)
@pytest.mark.parametrize("kind", [str, Path])
def test_what_is_no_file_is_called_by_its_name(path, kind, message):
    with pytest.raises(UnsupportedMedia) as caught:
        decode(kind(path))
    assert caught.value.message.startswith(message)
