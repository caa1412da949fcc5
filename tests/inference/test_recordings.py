from __future__ import annotations

from pathlib import Path

import pytest

from serenade.errors import UnsupportedMedia
from serenade.inference.recordings import find_recordings


def touch(*files):
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def found(*arguments):
    return list(find_recordings(arguments).files)


def test_folders_patterns_and_files_give_each_recording_once(tmp_path):
    wanted = [tmp_path / "a.wav", tmp_path / "sub" / "b.MP3", tmp_path / "sub" / "c.m4a"]
    touch(*wanted, tmp_path / "notes.txt", tmp_path / "._a.wav", tmp_path / "sub" / "x.npy")
    assert found(tmp_path) == wanted
    assert found(tmp_path / "a.wav", str(tmp_path / "**" / "*.*[v34a]"), tmp_path) == wanted


def test_skipped_files_of_folders_are_counted(tmp_path):
    touch(tmp_path / "a.wav", tmp_path / "notes.txt", tmp_path / "sub" / "x.npy")
    discovery = find_recordings([tmp_path])
    assert str(discovery) == "1 recording, 2 other files skipped (1 .npy, 1 .txt)"


def test_an_argument_without_a_recording_is_kept_to_be_reported(tmp_path):
    (tmp_path / "empty").mkdir()
    arguments = [tmp_path / "empty", str(tmp_path / "*.wav"), tmp_path / "gone.wav"]
    assert found(*arguments) == [Path(argument) for argument in arguments]


def test_a_file_url_is_a_path(tmp_path):
    touch(tmp_path / "my calls" / "a.wav")
    url = (tmp_path / "my calls" / "a.wav").as_uri()
    assert "%20" in url
    assert found(url, url.replace("file:///", "file:/"), (tmp_path / "my calls").as_uri()) == [
        tmp_path / "my calls" / "a.wav"
    ]


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(tmp_path):
    touch(tmp_path / "take [1].wav")
    assert found(str(tmp_path / "take [1].wav")) == [tmp_path / "take [1].wav"]


def test_an_empty_name_is_not_the_current_folder():
    with pytest.raises(UnsupportedMedia, match=r'is empty; .*such as "\." for the current folder'):
        found("")
