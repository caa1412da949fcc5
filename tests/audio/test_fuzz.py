"""Mutated recordings: decoding succeeds or raises UnsupportedMedia, whatever is in the file."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

SNDFILE = {
    "a.wav": {"subtype": "PCM_16"},
    "b.wav": {"subtype": "FLOAT"},
    "c.wav": {"format": "WAVEX", "subtype": "PCM_24"},
    "d.wav": {"subtype": "IMA_ADPCM"},
    "a.aiff": {},
    "a.w64": {},
    "a.rf64": {},
    "a.au": {},
    "a.caf": {},
    "a.sph": {"format": "NIST"},
    "a.flac": {},
    "a.mp3": {},
    "a.ogg": {},
    "a.opus": {"format": "OGG", "subtype": "OPUS"},
}
FFMPEG = {
    "a.m4a": "aac",
    "a.aac": "aac",
    "a.webm": "libopus",
    "a.mka": "libopus",
    "a.avi": "libmp3lame",
    "a.wma": "wmav2",
    "a.mpg": "mp2",
    "a.ts": "aac",
    "a.mov": "pcm_s16le",
    "a.flv": "aac",
}
PER_FILE = 45
SECONDS = 60.0
"""For one file; the slowest takes about one."""

WORKER = """
import json, sys
import numpy as np
from serenade.audio.decode import blocks, decode, probe
from serenade.errors import UnsupportedMedia

for line in sys.stdin:
    file = line.rstrip("\\n")
    print(json.dumps({"file": file, "state": "begun"}), flush=True)
    states = []
    for read in (
        lambda: decode(file, rate_hz=16_000).samples,
        lambda: np.concatenate(list(blocks(file, rate_hz=16_000, block_s=0.5))),
        lambda: decode(file, start_s=0.7, duration_s=0.5).samples,
        lambda: np.array([probe(file).duration_s]),
    ):
        try:
            result = read()
            assert len(result) and np.isfinite(result).all(), "empty or not finite"
            states.append("read")
        except UnsupportedMedia as error:
            assert "\\n" not in str(error)
            states.append("refused")
    assert states[0] == states[1], states
    print(json.dumps({"file": file, "state": states[0]}), flush=True)
"""


def mutated(content, others, rng):
    """The bytes of a recording, cut, flipped, overwritten or spliced with those of another."""
    content = bytearray(content)
    size = len(content)
    at, length = int(rng.integers(size)), int(rng.integers(1, size // 4))
    kind = rng.choice(["cut", "flip", "flip head", "zeros", "noise", "delete", "insert", "splice"])
    if kind == "cut":
        return content[:at]
    if kind.startswith("flip"):
        for place in rng.integers(
            min(size, 200) if kind == "flip head" else size, size=int(rng.integers(1, 30))
        ):
            content[place] ^= 1 << int(rng.integers(8))
    elif kind == "zeros":
        content[at : at + length] = bytes(min(length, size - at))
    elif kind == "noise":
        content[at : at + length] = rng.bytes(min(length, size - at))
    elif kind == "delete":
        del content[at : at + length]
    else:
        other = content if kind == "insert" else others[int(rng.integers(len(others)))]
        start = int(rng.integers(len(other)))
        content[at:at] = other[start : start + length]
    return content


@pytest.mark.slow
def test_mutated_recordings_are_decoded_or_refused(tmp_path, encode, babble):
    samples = np.stack([babble, 0.5 * babble], axis=1)[: 16_000 * 2]
    for name, options in SNDFILE.items():
        soundfile.write(tmp_path / name, samples, 16_000, **options)
    for name, codec in FFMPEG.items():
        tracks = [np.zeros(32_000), samples[:, 0]] if name in ("a.m4a", "a.mka", "a.mov") else [samples[:, 0]]
        encode(tmp_path / name, codec, tracks, 48_000 if codec == "libopus" else 16_000)
    names = [*SNDFILE, *FFMPEG]
    contents = [(tmp_path / name).read_bytes() for name in names]
    rng = np.random.default_rng(18)
    files = []
    for name, content in zip(names, contents, strict=True):
        for number in range(PER_FILE):
            changed = content
            for _ in range(int(rng.integers(1, 4))):
                changed = mutated(changed, contents, rng) if len(changed) > 8 else changed
            files.append(tmp_path / f"{number:03}{name}")
            files[-1].write_bytes(changed)
    states = []
    for first in range(0, len(files), 90):
        chunk = files[first : first + 90]
        done = subprocess.run(
            [sys.executable, "-c", WORKER],
            input="".join(f"{file}\n" for file in chunk),
            capture_output=True,
            text=True,
            timeout=SECONDS * 5,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 0, f"{lines[-1]}: {done.stderr[-2000:]}"
        assert done.stderr == "", "a decoder prints lines of its own"
        states += [line["state"] for line in lines if line["state"] != "begun"]
    assert len(states) == len(files) == 1080
    assert states.count("read") > 500
    assert states.count("refused") > 50
