from __future__ import annotations

from pathlib import Path

from serenade.inference.recordings import find_recordings


def touch(*files):
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def test_folders_globs_and_files_give_each_recording_once(tmp_path):
    wanted = [tmp_path / "a.wav", tmp_path / "sub" / "b.MP3", tmp_path / "sub" / "c.m4a"]
    touch(*wanted, tmp_path / "notes.txt", tmp_path / "._a.wav", tmp_path / "sub" / "x.npy")
    assert find_recordings([tmp_path]) == wanted
    assert find_recordings([tmp_path / "a.wav", str(tmp_path / "**" / "*.*[v34a]"), tmp_path]) == wanted


def test_what_leads_to_nothing_is_kept_to_be_named(tmp_path):
    (tmp_path / "empty").mkdir()
    arguments = [tmp_path / "empty", str(tmp_path / "*.wav"), tmp_path / "gone.wav"]
    assert find_recordings(arguments) == [Path(argument) for argument in arguments]


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(tmp_path):
    touch(tmp_path / "take [1].wav")
    assert find_recordings([str(tmp_path / "take [1].wav")]) == [tmp_path / "take [1].wav"]
