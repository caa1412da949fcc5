"""Clips are read as the store was made, from where they are, or one sentence says why not."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from serenade.audio.logmel import FrontEnd
from serenade.errors import CorpusError
from serenade.evaluation.clip_sound import ClipSound, read_all

RATE_HZ = 16_000


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two seconds at 16 kHz: half a second of silence, then a tone."""
    samples = np.concatenate([np.zeros(8_000), 0.5 * np.sin(np.arange(24_000) / 3)])
    (tmp_path / "corpus" / "s1").mkdir(parents=True)
    file = tmp_path / "corpus" / "s1" / "a.wav"
    soundfile.write(file, samples, RATE_HZ)
    return file


def row(file: Path | str, *, start=math.nan, end=math.nan, duration_s=math.nan) -> SimpleNamespace:
    return SimpleNamespace(file=str(file), start=start, end=end, duration_s=duration_s)


def test_a_clip_is_cut_at_its_times(recording: Path) -> None:
    whole = ClipSound(front_end=FrontEnd()).read(row(recording, duration_s=2.0))
    part = ClipSound(front_end=FrontEnd()).read(row(recording, start=0.75, end=1.25, duration_s=0.5))
    np.testing.assert_array_equal(part, whole[12_000:20_000])


def test_the_front_end_and_the_store_decide_what_is_kept(recording: Path) -> None:
    short = ClipSound(front_end=FrontEnd(max_duration_s=1.5)).read(row(recording, duration_s=1.5))
    assert len(short) == 24_000
    trimmed = ClipSound(front_end=FrontEnd(), trim=True).read(row(recording))
    assert 1.5 <= len(trimmed) / RATE_HZ < 1.6


def test_moved_recordings_are_found_by_the_end_of_their_path(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"another file of this name")
    sound = ClipSound(front_end=FrontEnd(), data=tmp_path / "corpus")
    assert len(sound.read(row("/old/place/s1/a.wav"))) == 32_000
    with pytest.raises(CorpusError, match=r"b\.wav: is not there.*--data DIR"):
        sound.read(row("/old/place/s1/b.wav"))


def test_another_recording_of_the_same_name_is_noticed(recording: Path) -> None:
    with pytest.raises(CorpusError, match=r"has 2\.00 s where the evaluated clip has 3\.10 s"):
        ClipSound(front_end=FrontEnd()).read(row(recording, duration_s=3.1))


def test_what_has_no_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    sound = ClipSound(front_end=FrontEnd())
    with pytest.raises(CorpusError, match=r"broken\.wav"):
        sound.read(row(tmp_path / "broken.wav"))
    with pytest.raises(CorpusError, match="is a spectrogram"):
        sound.read(row(tmp_path / "a.npy"))


def test_a_folder_of_noises(recording: Path, tmp_path: Path) -> None:
    assert {name: len(samples) for name, samples in read_all(recording.parent, rate_hz=8_000).items()} == {
        "a.wav": 16_000
    }
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "none"):
        with pytest.raises(CorpusError, match="holds no recordings"):
            read_all(folder, rate_hz=8_000)
    soundfile.write(tmp_path / "empty" / "quiet.wav", np.zeros(800), 8_000)
    with pytest.raises(CorpusError, match="is silent"):
        read_all(tmp_path / "empty", rate_hz=8_000)
