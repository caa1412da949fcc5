"""Segments of recordings, and recordings that are cut short: what is kept, with which warning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serenade.audio.logmel import FrontEnd
from serenade.corpora import check_corpus, read_corpus
from serenade.features.prepare import prepare
from serenade.features.store import Store
from serenade.features.store_summary import summarise

SMALL = FrontEnd(n_mels=16, n_fft=512)


MakeClips = Callable[..., Path]


@pytest.fixture
def clips(tmp_path: Path, make_clips: MakeClips) -> Path:
    return make_clips(tmp_path / "clips", 6)


def test_segments_of_one_file(clips: Path, tmp_path: Path) -> None:
    table = read_corpus(clips, "cremad").iloc[[0, 0]].assign(start=[0.0, 0.25], end=[0.25, 0.5])
    store = prepare(table, tmp_path / "out", front_end=SMALL, jobs=1)
    assert store.index["id"].tolist() == ["1001_DFA_ANG_XX@0", "1001_DFA_ANG_XX@0.25"]
    assert store.index["duration_s"].tolist() == [0.25, 0.25]
    assert store.index["sha256"].nunique() == 2


def test_a_segment_that_ends_before_it_begins(clips: Path, tmp_path: Path) -> None:
    table = read_corpus(clips, "cremad").iloc[[0, 0]].assign(start=[0.0, 0.3], end=[0.25, 0.2])
    index = prepare(table, tmp_path / "out", front_end=SMALL, jobs=1).index
    assert index["state"].tolist() == ["ok", "unreadable"]
    assert index["note"][1] == "the end 0.2 s is not after the start 0.3 s"


def cut_short(file: Path) -> None:
    """Break a WAV off in its middle, as an interrupted copy is."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def test_a_segment_that_ends_after_its_recording_is_kept_with_a_warning(clips: Path, tmp_path: Path) -> None:
    table = read_corpus(clips, "cremad").iloc[[0] * 5]
    table = table.assign(start=[0.0, 0.25, 0.3, 0.4, -1.0], end=[0.5, 99.0, 0.52, np.nan, np.nan])
    store = prepare(table, tmp_path / "out", front_end=SMALL, augment=1, jobs=1)
    index = store.index[store.index["variant"] == "original"]
    warning = "the end 99 s is after the end of the recording (0.5 s)"
    assert index["note"].tolist() == ["", warning, "", "", "the start -1 s is negative"]
    assert index["state"].tolist() == ["ok"] * 4 + ["unreadable"]
    assert index["duration_s"].tolist() == pytest.approx([0.5, 0.25, 0.2, 0.1, 0.0])
    summary = summarise(store)
    assert (summary.shortened, summary.incomplete) == (1, 0)
    assert summary.warned == (f"{table['file'].iloc[0]}: warning: {warning}",)
    assert "1 clip with an end after that of the recording: cut there" in str(summary)


def test_a_start_outside_the_recording_is_worded_as_inspect_does(clips: Path, tmp_path: Path) -> None:
    table = read_corpus(clips, "cremad").iloc[[0, 0]].assign(start=[0.0, 50.0], end=[0.5, 60.0])
    index = prepare(table, tmp_path / "out", front_end=SMALL, jobs=1).index
    assert index["note"][1] == "the start 50 s is after the end of the recording (0.5 s)"
    assert check_corpus(table).bad_times == {table["file"].iloc[0]: index["note"][1]}


@pytest.mark.parametrize("max_duration_s", [None, 0.25, 3.0])
def test_a_limit_of_the_front_end_is_no_end_of_the_recording(
    clips: Path, tmp_path: Path, max_duration_s: float | None
) -> None:
    table = read_corpus(clips, "cremad").iloc[[0, 0]].assign(start=[0.0, 0.1], end=[0.5, 99.0])
    front_end = FrontEnd(n_mels=16, n_fft=512, rate_hz=11_025, fmax_hz=5000.0, max_duration_s=max_duration_s)
    index = prepare(table, tmp_path / "out", front_end=front_end, jobs=1).index
    assert index["note"].tolist() == ["", "the end 99 s is after the end of the recording (0.5 s)"]


def test_a_long_recording_is_not_shortened_by_a_segment_within_it(
    tmp_path: Path, make_clips: MakeClips
) -> None:
    folder = make_clips(tmp_path / "in", 1, duration_s=4.0)
    table = read_corpus(folder, "cremad").iloc[[0, 0]].assign(start=[0.0, 0.5], end=[3.9, 3.9])
    front_end = FrontEnd(n_mels=16, n_fft=512, max_duration_s=0.5)
    index = prepare(table, tmp_path / "out", front_end=front_end, jobs=1).index
    assert index["note"].tolist() == ["", ""]
    assert index["cut"].all()


def test_an_incomplete_file_is_kept_with_a_warning(clips: Path, tmp_path: Path) -> None:
    """As `inspect` reports it, in the same words."""
    file = clips / "1001_DFA_ANG_XX.wav"
    cut_short(file)
    store = prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, augment=2, jobs=1)
    summary = summarise(store)
    assert (summary.incomplete, summary.shortened, len(summary.trouble)) == (1, 0, 0)
    (line,) = summary.warned
    reason = check_corpus(read_corpus(clips, "cremad")).truncated[str(file)]
    assert line == f"{file}: warning: {reason}"
    assert "it holds 7,978 of the 16,000 bytes" in reason
    assert "1 clip of incomplete files: used as far as they go" in str(summary)


def test_a_segment_before_the_damage_has_no_warning(clips: Path, tmp_path: Path) -> None:
    file = clips / "1001_DFA_ANG_XX.wav"
    table = read_corpus(clips, "cremad").iloc[[0, 0]].assign(start=[0.0, 0.1], end=[0.1, 0.5])
    cut_short(file)
    notes = prepare(table, tmp_path / "out", front_end=SMALL, jobs=1).index["note"]
    assert notes[0] == ""
    assert notes[1].startswith("the file is cut short: ")
    assert notes[1].endswith("; the end 0.5 s is after the end of the recording (0.2493 s)")


def test_other_warnings_of_the_decoder_are_kept(clips: Path, tmp_path: Path) -> None:
    file = clips / "1001_DFA_ANG_XX.wav"
    samples, rate_hz = soundfile.read(file)
    soundfile.write(file, np.stack([samples, -samples], 1), rate_hz)
    index = prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1).index
    warning = "channel 2 is inverted; its sign was changed before mixing"
    assert index["note"].tolist() == [warning, *[""] * 5]
    assert check_corpus(read_corpus(clips, "cremad")).warnings == {str(file): warning}
    summary = summarise(Store.open(tmp_path / "out"))
    assert (summary.incomplete, summary.shortened, summary.others) == (0, 0, 1)
    assert "1 clip with another warning: used as decoded" in str(summary)
