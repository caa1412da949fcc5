"""What `check_corpus` finds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from serenade.corpora import check_corpus, new_table, read_corpus
from serenade.corpora.row_checks import Conflict
from serenade.synthetic.cremad import make_cremad


@pytest.fixture(scope="module")
def defective(tmp_path_factory):
    folder = tmp_path_factory.mktemp("defective")
    files = make_cremad(folder, speakers=2, sentences=("DFA",), rng=np.random.default_rng(0), defects=True)
    (folder / "AudioWAV" / "1002_TSI_FEA_XX.wav").write_bytes(b"RIFF, and then something else")
    (folder / "AudioWAV" / "1002_TSI_HAP_XX.wav").write_bytes(b"")
    return folder, [str(file) for file in files]


def test_every_defect_is_found(defective):
    folder, files = defective
    table = read_corpus(folder)
    lost = new_table([{"file": str(folder / "lost.wav"), "corpus": "cremad"}])
    check = check_corpus(pd.concat([table, lost], ignore_index=True), jobs=2)
    assert check.identical == ((files[0], files[1]),)
    assert check.two_labels == (Conflict(files=(files[0], files[1]), values=("anger", "disgust")),)
    assert check.lfs_pointers == (files[2],)
    assert check.silent == (files[-1],)
    assert sorted(check.unreadable) == [
        str(folder / "AudioWAV" / f"1002_TSI_{name}_XX.wav") for name in ("FEA", "HAP")
    ]
    assert all(check.unreadable.values())
    assert check.missing == check.unlabelled == check.without_speaker == (str(folder / "lost.wav"),)
    assert (check.clips, check.files, check.usable) == (15, 15, 10)
    assert check.emotions["anger"] == {"female": 1, "male": 1}
    assert check.speakers == {"1001": 6, "1002": 8}
    assert check.rates_hz == {16000: 11}
    assert check.channels == {1: 11}
    assert all(1 < length < 4 for length in check.durations_s.values())
    assert json.loads(json.dumps(check.to_dict()))["usable"] == 10


def test_the_check_does_not_depend_on_the_threads(defective):
    table = read_corpus(defective[0])
    reported = []
    alone = check_corpus(table, jobs=1, progress=lambda done, total: reported.append((done, total)))
    assert alone == check_corpus(table, jobs=4)
    assert reported == [(done, 14) for done in range(1, 15)]


def test_files_of_one_size_are_not_yet_identical(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(4000), 8000)
    table = new_table({"file": tmp_path / f"{name}.wav"} for name in "ab")
    assert check_corpus(table).identical == ()


def test_identical_files_with_one_label_are_no_contradiction(tmp_path):
    samples = 0.1 * np.random.default_rng(0).standard_normal(4000)
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", samples, 8000)
    check = check_corpus(new_table({"file": tmp_path / f"{name}.wav", "emotion": "fear"} for name in "ab"))
    assert len(check.identical) == 1
    assert check.two_labels == ()


def test_the_file_of_several_segments_is_checked_once(tmp_path):
    soundfile.write(tmp_path / "long.wav", 0.1 * np.random.default_rng(0).standard_normal(8000 * 70), 8000)
    rows = [{"file": tmp_path / "long.wav", "start": start, "end": start + 10} for start in (0, 10, 20)]
    check = check_corpus(new_table(rows))
    assert (check.clips, check.files) == (3, 1)
    assert check.durations_s == {str(tmp_path / "long.wav"): 70.0}
    assert check.silent == ()


def test_long_silence_is_silent(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.zeros(8000 * 130), 8000)
    assert len(check_corpus(new_table([{"file": tmp_path / "long.wav"}])).silent) == 1


def test_spectrograms(tmp_path):
    folder = tmp_path / "ANG"
    folder.mkdir()
    rng = np.random.default_rng(0)
    np.save(folder / "1001_DFA_ANG_XX_original.npy", rng.normal(size=(128, 50)).astype("f4"))
    np.save(folder / "1001_DFA_ANG_XX_pitch_up.npy", np.full((128, 50), -80, "f4"))
    np.save(folder / "1001_DFA_ANG_XX_pitch_down.npy", np.full((128, 50), np.nan, "f4"))
    np.save(folder / "1001_DFA_ANG_XX_noise_low.npy", np.array([{"code": "would run"}]), allow_pickle=True)
    check = check_corpus(read_corpus(tmp_path))
    assert check.spectrograms == 4
    assert [file.rsplit("XX_")[-1] for file in check.silent] == ["pitch_up.npy"]
    assert [file.rsplit("XX_")[-1] for file in check.unreadable] == ["noise_low.npy", "pitch_down.npy"]
    assert check.durations_s == {}


def test_the_real_duplicate_of_ravdess_is_found(shared):
    table = read_corpus(shared / "ravdess" / "Actor_07")
    (pair,) = check_corpus(table).identical
    assert [file.rsplit("/")[-1] for file in pair] == [
        "03-01-03-01-02-01-07.flac",
        "03-01-03-01-02-02-07.flac",
    ]
