from __future__ import annotations

import os
from pathlib import Path

from serenade.files import MAX_NAME_BYTES
from serenade.output.paths import paths_per_recording


def test_paths_are_laid_out_as_the_recordings_and_never_the_same(tmp_path):
    files = [tmp_path / "a" / "x.wav", tmp_path / "b" / "x.wav"]
    assert paths_per_recording(files, Path("o"), suffix=".vtt") == {
        files[0]: Path("o/a/x.vtt"),
        files[1]: Path("o/b/x.vtt"),
    }
    files = [tmp_path / "x.wav", tmp_path / "x.mp3"]
    paths = paths_per_recording(files, Path("o"), suffix=".vtt")
    assert set(paths.values()) == {Path("o/x.wav.vtt"), Path("o/x.mp3.vtt")}
    assert paths_per_recording([], Path("o"), suffix=".vtt") == {}


def test_every_name_fits_and_stays_apart(tmp_path):
    names = ["x" * 250 + ".wav", "x" * 250 + ".mp3", "é" * 125 + ".wav", os.fsdecode(b"\xe9" * 251 + b".wav")]
    paths = paths_per_recording([tmp_path / name for name in names], tmp_path, suffix=".TextGrid")
    assert len(set(paths.values())) == len(names)
    for path in paths.values():
        assert len(os.fsencode(path.name)) <= MAX_NAME_BYTES
        path.touch()
