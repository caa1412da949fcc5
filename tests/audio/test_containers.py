import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from serenade.audio.containers import Patched, inspect_container
from serenade.audio.decode import blocks, decode, probe
from serenade.errors import UnsupportedMedia

PLACEHOLDERS = [0, 0x7FFFFFFF, 0x80000000, 0x7FFFF000, 0xFFFFFFFF]


def recorder_that_died(path, samples, size, *, format, subtype="PCM_16", channels=1):
    """A recording whose header still holds `size` where its own sizes belong."""
    soundfile.write(path, np.tile(samples[:, None], channels), 16_000, format=format, subtype=subtype)
    content = bytearray(path.read_bytes())
    if format in ("WAV", "WAVEX"):
        places = [(4, "<I"), (content.index(b"data") + 4, "<I")]
    elif format == "AIFF":
        places = [(4, ">I"), (content.index(b"SSND") + 4, ">I"), (content.index(b"COMM") + 10, ">I")]
    elif format == "AU":
        places = [(8, ">I")]
    elif format == "W64":
        places = [(16, "<Q"), (content.index(b"data") + 16, "<Q")]
    elif format == "RF64":
        places = [(20, "<Q"), (28, "<Q"), (36, "<Q")]
    else:
        places = [(content.index(b"data") + 4, ">Q")]
    for at, code in places:
        struct.pack_into(code, content, at, size)
    path.write_bytes(content)


@pytest.mark.parametrize("size", PLACEHOLDERS)
@pytest.mark.parametrize(
    ("format", "subtype", "channels"),
    [
        ("WAV", "PCM_16", 1),
        ("WAV", "FLOAT", 2),
        ("WAV", "ULAW", 1),
        ("WAVEX", "PCM_24", 6),
        ("AIFF", "PCM_16", 1),
        ("AU", "PCM_16", 1),
        ("W64", "PCM_16", 2),
        ("RF64", "PCM_16", 1),
        ("CAF", "PCM_16", 1),
    ],
)
def test_a_placeholder_is_no_size(tmp_path, babble, format, subtype, channels, size):
    path = tmp_path / "a.sound"
    recorder_that_died(path, babble, size, format=format, subtype=subtype, channels=channels)
    sound = decode(path)
    assert len(sound.samples) == len(babble)
    assert np.abs(sound.samples - babble).max() < (0.02 if subtype == "ULAW" else 1e-3)
    assert (sound.truncated, sound.warnings) == (False, ())
    assert probe(path).duration_s == 4.0
    part = decode(path, start_s=1, duration_s=1)
    assert np.abs(part.samples - sound.samples[16_000:32_000]).max() < 1e-6
    assert sum(map(len, blocks(path, rate_hz=8000, block_s=0.3))) == 32_000


@pytest.mark.parametrize("size", [(1 << 64) - 1, (1 << 63) - 1])
@pytest.mark.parametrize("format", ["W64", "RF64", "CAF"])
def test_a_placeholder_of_64_bits_is_no_size(tmp_path, babble, format, size):
    recorder_that_died(tmp_path / "a", babble, size, format=format)
    assert len(decode(tmp_path / "a").samples) == len(babble)


def test_a_recording_of_no_samples_with_a_chunk_behind_has_no_samples(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 16_000)
    content = (tmp_path / "a.wav").read_bytes() + b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + bytes(18)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UnsupportedMedia, match="0 samples"):
        decode(tmp_path / "a.wav")


@pytest.mark.parametrize("off_by", [-8, 2, 44])
def test_a_size_that_is_off_by_a_header_is_no_truncation(tmp_path, babble, off_by):
    soundfile.write(tmp_path / "a.wav", babble, 16_000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    at = content.index(b"data") + 4
    struct.pack_into("<I", content, at, 2 * len(babble) + off_by)
    (tmp_path / "a.wav").write_bytes(content)
    assert not decode(tmp_path / "a.wav").truncated


@given(content=st.binary(max_size=200))
@pytest.mark.parametrize(
    "head",
    [
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"RF64\xff\xff\xff\xffWAVEds64",
        b"FORM\x00\x00\x00\x00AIFF",
        bytes.fromhex("726966662e91cf11a5d628db04c10000"),
        b".snd",
        b"caff\x00\x01\x00\x00",
        b"NIST_1A\n",
        b"\x00\x00\x00\x10ftyp",
        b"\x1aE\xdf\xa3",
        b"OggS\x00",
        b"ID3\x04\x00\x00",
        b"\xff\xfb\x90\x00",
    ],
)
def test_a_header_of_nonsense_is_inspected_without_an_error(head, content):
    file = io.BytesIO(head + content)
    file.seek(3)
    inspect_container(file)
    assert file.tell() == 3


@given(
    content=st.binary(max_size=60),
    at=st.integers(0, 70),
    new=st.binary(max_size=20),
    start=st.integers(0, 70),
    size=st.integers(0, 70),
)
def test_a_patched_file_reads_as_if_written_over(content, at, new, start, size):
    expected = bytearray(content)
    for offset, byte in enumerate(new, at):
        if offset < len(expected):
            expected[offset] = byte
    file = Patched(io.BytesIO(content), ((at, new),))
    file.seek(start)
    assert file.read(size) == expected[start : start + size]


@pytest.mark.parametrize("offset", [-5, 2**70])
def test_a_patched_file_stays_where_it_is_if_a_decoder_seeks_out_of_range(offset):
    file = Patched(io.BytesIO(b"abcdef"), ())
    file.seek(2)
    assert (file.seek(offset), file.tell(), file.read(1)) == (2, 2, b"c")


# Sound behind the end that the header states


SIZED = {
    "WAV": (lambda content: content.index(b"data") + 4, "<I", 0),
    "RIFX": (lambda content: content.index(b"data") + 4, ">I", 0),
    "RF64": (lambda content: 28, "<Q", 0),
    "AIFF": (lambda content: content.index(b"SSND") + 4, ">I", 8),
    "AU": (lambda content: 8, ">I", 0),
    "W64": (lambda content: content.index(b"data") + 16, "<Q", 24),
    "CAF": (lambda content: content.index(b"data") + 4, ">Q", 4),
}


def written_of(path, samples, format):
    options = {"format": "WAV", "endian": "BIG"} if format == "RIFX" else {"format": format}
    soundfile.write(path, samples, 16_000, subtype="PCM_16", **options)
    return bytearray(path.read_bytes())


@pytest.mark.parametrize("format", SIZED)
def test_a_stated_size_smaller_than_the_file_is_reported(tmp_path, babble, format):
    path = tmp_path / "a.sound"
    content = written_of(path, babble, format)
    assert decode(path).warnings == ()
    place, code, extra = SIZED[format]
    struct.pack_into(code, content, place(content), 2 * 16_000 + extra)
    path.write_bytes(content)
    with path.open("rb") as file:
        excess = inspect_container(file).excess
    assert excess == f"it holds {2 * (len(babble) - 16_000):,} bytes behind the sound that its header states"
    assert f"the file was not read to its end: {excess}" in decode(path).warnings
    assert f"the file was not read to its end: {excess}" in probe(path).warnings


@pytest.mark.parametrize("format", SIZED)
@pytest.mark.parametrize("rest", ["zeros", "tag", "slack", "chunk"])
def test_zeros_tags_and_chunks_behind_the_sound_are_no_sound(tmp_path, babble, format, rest):
    path = tmp_path / "a.sound"
    content = written_of(path, babble, format)
    order = SIZED[format][1][0]
    content += {
        "zeros": bytes(3_000),
        "tag": b"TAG" + b"title".ljust(125),
        "slack": b"\x07" * 40,
        "chunk": b"LIST" + struct.pack(order + ("Q" if format == "CAF" else "I"), 200) + b"\x07" * 200,
    }[rest]
    if rest == "chunk" and format in ("AU", "W64"):
        pytest.skip("has no chunks of this kind")
    path.write_bytes(content)
    assert decode(path).warnings == ()


def test_sound_behind_a_sphere_file_is_reported(tmp_path, babble):
    path = tmp_path / "a.sph"
    content = written_of(path, babble, "NIST")
    count = f"sample_count -i {len(babble)}".encode()
    fewer = f"sample_count -i {16_000}".encode().ljust(len(count))
    path.write_bytes(content.replace(count, fewer))
    assert decode(path).warnings[0].startswith("the file was not read to its end: it holds ")
