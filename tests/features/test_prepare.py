from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from serenade.audio.decode import decode
from serenade.audio.logmel import FrontEnd, log_mel
from serenade.corpora import check_corpus, new_table, read_corpus
from serenade.corpora.corpus_table import COLUMNS
from serenade.errors import CorpusError, OutputError, StoreError
from serenade.features import chunks
from serenade.features.prepare import Progress, prepare
from serenade.features.store import Store

SMALL = FrontEnd(n_mels=16, n_fft=512)
MakeClips = Callable[..., Path]


@pytest.fixture
def clips(tmp_path: Path, make_clips: MakeClips) -> Path:
    return make_clips(tmp_path / "clips", 6)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CLIPS_PER_CHUNK", 2)


def content(store: Path) -> dict[str, bytes]:
    return {name: (store / name).read_bytes() for name in ("frames.npy", "index.csv")}


def test_each_clip_has_the_log_mel_of_its_sound(clips: Path, tmp_path: Path) -> None:
    store = prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1)
    assert len(store) == 6
    assert sorted(path.name for path in store.path.iterdir()) == ["frames.npy", "index.csv", "store.json"]
    for row, told in store.index.iterrows():
        expected = log_mel(decode(told["file"], rate_hz=16_000).samples, SMALL)
        np.testing.assert_array_equal(store.features(row), expected)
    assert store.index["speaker"].tolist() == ["1001"] * 6
    assert store.index["emotion"].tolist() == ["anger", "disgust", "fear", "happiness", "neutral", "sadness"]
    assert store.index["duration_s"].tolist() == [0.5] * 6
    assert (store.index["state"] == "ok").all()


def test_the_store_says_how_it_was_made(clips: Path, tmp_path: Path) -> None:
    about = prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1, seed=4).about
    assert about["corpus"] == ["cremad"]
    assert "ODbL" in about["licence"]["cremad"]
    assert about["front_end"] == SMALL.to_dict()
    assert about["seed"] == 4


def test_variants_follow_their_clip(clips: Path, tmp_path: Path) -> None:
    index = prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, augment=3, jobs=1).index
    assert len(index) == 24
    for source, rows in index.groupby("source"):
        assert rows["variant"].tolist()[0] == "original"
        assert rows["variant"].nunique() == 4
        assert rows["emotion"].nunique() == rows["speaker"].nunique() == 1
        assert rows["id"].tolist() == [source] + [f"{source}_{name}" for name in rows["variant"][1:]]
    assert index["id"].is_unique


def test_neither_workers_nor_chunks_change_a_byte(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"corpus": "cremad", "front_end": SMALL, "augment": 2}
    prepare(clips, tmp_path / "one", jobs=1, **options)
    monkeypatch.setattr(chunks, "CLIPS_PER_CHUNK", 2)
    prepare(clips, tmp_path / "two", jobs=2, **options)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_order_of_the_table_changes_no_clip(clips: Path, tmp_path: Path) -> None:
    table = read_corpus(clips, "cremad")
    first = prepare(table, tmp_path / "a", front_end=SMALL, augment=2, jobs=1)
    other = prepare(table[::-1], tmp_path / "b", front_end=SMALL, augment=2, jobs=1)
    hashes = [store.index.set_index("id")["sha256"].sort_index() for store in (first, other)]
    pd.testing.assert_series_equal(*hashes)


def test_the_seed_decides_the_variants(clips: Path, tmp_path: Path) -> None:
    drawn = [
        prepare(clips, tmp_path / str(seed), corpus="cremad", front_end=SMALL, augment=3, seed=seed, jobs=1)
        for seed in (0, 1)
    ]
    assert drawn[0].index["variant"].tolist() != drawn[1].index["variant"].tolist()


@pytest.mark.usefixtures("small_chunks")
def test_a_second_run_goes_on_where_the_first_was_ended(clips: Path, tmp_path: Path) -> None:
    class Ended(BaseException):
        pass

    def end_after_first(progress: Progress) -> None:
        if progress.done:
            raise Ended

    out = tmp_path / "out"
    with pytest.raises(Ended):
        prepare(clips, out, corpus="cremad", front_end=SMALL, jobs=1, progress=end_after_first)
    with pytest.raises(StoreError, match="not a finished store"):
        Store.open(out)
    seen: list[Progress] = []
    prepare(clips, out, corpus="cremad", front_end=SMALL, jobs=1, progress=seen.append)
    assert (seen[0].found_chunks, seen[0].found, seen[0].total) == (1, 2, 6)
    assert [step.done for step in seen] == [2, 4, 6]
    prepare(clips, tmp_path / "unbroken", corpus="cremad", front_end=SMALL, jobs=1)
    assert content(out) == content(tmp_path / "unbroken")


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("left", [0, 100, -1])
def test_a_chunk_torn_by_a_loss_of_power_is_made_anew(clips: Path, tmp_path: Path, left: int) -> None:
    def end_after_first(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        prepare(clips, out, corpus="cremad", front_end=SMALL, jobs=1, progress=end_after_first)
    (chunk,) = (out / ".chunks").glob("*.npz")
    whole = chunk.read_bytes()
    middle = len(whole) // 2
    # Shorter than it was, or as long as it was with a page of zeros in it.
    chunk.write_bytes(whole[:left] if left >= 0 else whole[:middle] + bytes(64) + whole[middle + 64 :])
    seen: list[Progress] = []
    prepare(clips, out, corpus="cremad", front_end=SMALL, jobs=1, progress=seen.append)
    assert seen[0].found == 0
    prepare(clips, tmp_path / "unbroken", corpus="cremad", front_end=SMALL, jobs=1)
    assert content(out) == content(tmp_path / "unbroken")


@pytest.mark.usefixtures("small_chunks")
def test_leftovers_of_another_front_end_are_not_used(clips: Path, tmp_path: Path) -> None:
    def end(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        prepare(clips, out, corpus="cremad", front_end=FrontEnd(n_mels=8, n_fft=512), jobs=1, progress=end)
    seen: list[Progress] = []
    store = prepare(clips, out, corpus="cremad", front_end=SMALL, jobs=1, progress=seen.append)
    assert seen[0].found == 0
    assert store.front_end == SMALL


def test_a_finished_store_is_opened_as_it_is(clips: Path, tmp_path: Path) -> None:
    options = {"corpus": "cremad", "front_end": SMALL, "jobs": 1}
    first = prepare(clips, tmp_path / "out", **options)
    made = (first.path / "frames.npy").stat().st_mtime_ns
    seen: list[Progress] = []
    again = prepare(clips, tmp_path / "out", progress=seen.append, **options)
    assert seen == [Progress(done=6, total=6, found=6, found_chunks=1, chunks=1)]
    assert seen[0].already_prepared
    assert again.hash == first.hash
    assert (again.path / "frames.npy").stat().st_mtime_ns == made
    assert not (again.path / ".chunks").exists()


def test_noisy_copies_follow_their_clips(clips: Path, tmp_path: Path) -> None:
    options = {"corpus": "cremad", "front_end": SMALL, "noisy": 2, "jobs": 1}
    store = prepare(clips, tmp_path / "out", **options)
    again = prepare(clips, tmp_path / "again", **options)
    index = store.index
    originals = index[index["variant"] == "original"]
    copies = index[index["variant"] == "noisy_1"]
    usable = originals[originals["state"] == "ok"]
    assert list(copies["id"]) == [f"{name}_noisy_1" for name in usable["id"]]
    assert list(copies["frames"]) == list(usable["frames"])
    for row in copies.index:
        np.testing.assert_array_equal(store.features(row), again.features(row))


@pytest.mark.parametrize(
    "other", [{"front_end": FrontEnd()}, {"augment": 1}, {"front_end": SMALL, "seed": 1}]
)
def test_a_finished_store_of_something_else_is_refused(
    clips: Path, tmp_path: Path, other: dict[str, object]
) -> None:
    prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1)
    with pytest.raises(StoreError, match="finished store of other recordings"):
        prepare(clips, tmp_path / "out", corpus="cremad", jobs=1, **({"front_end": SMALL} | other))
    assert len(Store.open(tmp_path / "out")) == 6


def test_changed_recordings_are_not_taken_for_prepared(clips: Path, tmp_path: Path) -> None:
    prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1)
    soundfile.write(next(clips.iterdir()), np.full(9000, 0.1), 16_000)
    with pytest.raises(StoreError, match="finished store of other recordings"):
        prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1)


def test_a_folder_with_other_things_in_it_is_refused(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is an input of this command"):
        prepare(clips, clips, corpus="cremad", front_end=SMALL, jobs=1)
    assert len(list(clips.iterdir())) == 6


def test_clips_in_trouble_are_told_and_counted(clips: Path, tmp_path: Path) -> None:
    (clips / "1002_DFA_ANG_XX.wav").write_bytes(b"")
    (clips / "1002_DFA_DIS_XX.wav").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 81836\n"
    )
    soundfile.write(clips / "1002_DFA_FEA_XX.wav", np.zeros(8000), 16_000)
    (clips / "1002_DFA_HAP_XX.wav").write_bytes(b"RIFF not really a wav" * 20)
    soundfile.write(clips / "1002_DFA_NEU_XX.wav", np.full(8000, np.nan), 16_000, subtype="FLOAT")
    store = prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, augment=1, jobs=1)
    bad = store.index[store.index["speaker"] == "1002"].set_index("id")
    assert bad["state"].tolist() == ["unreadable", "unreadable", "silent", "unreadable", "unreadable"]
    assert (bad["note"] != "").all()
    assert "LFS" in bad.loc["1002_DFA_DIS_XX", "note"]
    assert bad["frames"].tolist()[:2] == [0, 0]
    assert store.about["states"] == {"ok": 12, "silent": 1, "unreadable": 4}
    assert len(store.usable) == 12


def test_a_wav_of_no_samples_has_a_row_that_says_so(clips: Path, tmp_path: Path) -> None:
    soundfile.write(clips / "1002_DFA_ANG_XX.wav", np.zeros(0), 16_000)
    store = prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1)
    row = store.index.set_index("id").loc["1002_DFA_ANG_XX"]
    assert (row["state"], row["frames"]) == ("unreadable", 0)
    assert "0 samples" in row["note"]


def test_nothing_usable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1001_DFA_ANG_XX.wav").write_bytes(b"no sound")
    with pytest.raises(StoreError, match="none of 1 clips can be used"):
        prepare(tmp_path / "in", tmp_path / "out", corpus="cremad", jobs=1)
    with pytest.raises(StoreError, match="not a finished store"):
        Store.open(tmp_path / "out")


@pytest.mark.parametrize("table", [pd.DataFrame({"file": ["a.wav"]}), pd.DataFrame(columns=[*COLUMNS])])
def test_a_table_that_is_none_is_an_error(tmp_path: Path, table: pd.DataFrame) -> None:
    with pytest.raises(CorpusError, match="the corpus table"):
        prepare(table, tmp_path / "out", jobs=1)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(CorpusError):
        prepare(tmp_path / "in", tmp_path / "out", corpus="cremad", jobs=1)
    assert not (tmp_path / "out").exists()


def test_long_clips_are_cut_and_told(tmp_path: Path, make_clips: MakeClips) -> None:
    folder = make_clips(tmp_path / "in", 2, duration_s=1.0)
    front_end = FrontEnd(n_mels=16, n_fft=512, max_duration_s=0.25)
    store = prepare(folder, tmp_path / "out", corpus="cremad", front_end=front_end, augment=8, jobs=1)
    assert store.index["cut"].all()
    assert (store.index["duration_s"] == 0.25).all()
    assert (store.index["frames"] == front_end.frames(4000)).all()


def test_what_is_no_file_is_named_and_not_opened(clips: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    (tmp_path / "broken.wav").symlink_to("gone.wav")
    (tmp_path / "spectrogram.npy").mkdir()
    names = [
        "/dev/zero",
        tmp_path,
        *(tmp_path / f"{name}.wav" for name in ("pipe", "loop", "broken", "gone")),
    ]
    table = new_table([{"file": next(clips.iterdir())}, *({"file": name} for name in names)])
    index = prepare(table, tmp_path / "out", front_end=SMALL, jobs=1).index.set_index("file")
    expected = {
        "/dev/zero": ("unreadable", "is a device, not a recording"),
        str(tmp_path): ("unreadable", "is a folder, not a recording"),
        str(tmp_path / "pipe.wav"): ("unreadable", "is a pipe, not a recording"),
        str(tmp_path / "loop.wav"): ("unreadable", "cannot be opened: Too many levels of symbolic links"),
        str(tmp_path / "broken.wav"): ("missing", "is a link to gone.wav, which does not exist"),
        str(tmp_path / "gone.wav"): ("missing", "the file does not exist"),
    }
    assert {
        file: (row["state"], row["note"]) for file, row in index.iterrows() if row["state"] != "ok"
    } == expected
    check = check_corpus(table)
    assert check.unreadable == {file: note for file, (state, note) in expected.items() if state != "missing"}
    assert check.missing == tuple(file for file, (state, _) in sorted(expected.items()) if state == "missing")


def test_a_name_that_is_not_utf8_leads_to_the_file_again(clips: Path, tmp_path: Path) -> None:
    """Issue 18: from a Latin-1 name on disk through prepare to reading the file again."""
    first, second, third = sorted(clips.iterdir())[:3]
    folder = tmp_path / os.fsdecode(b"gr\xfc\xdfe") / "anger"
    folder.mkdir(parents=True)
    names = [b"caf\xe9.wav", "caf\u00e9.wav".encode(), b"100%25\xff.wav", b"a\r\nb.wav", b"file:x.wav"]
    for name, file in zip(names, [first, second, third, first, second], strict=True):
        (folder / os.fsdecode(name)).write_bytes(file.read_bytes())
    store = prepare(folder.parent, tmp_path / "out", corpus="folders", front_end=SMALL, jobs=1)
    again = Store.open(store.path)
    assert {os.fsencode(file) for file in again.index["file"]} == {
        os.fsencode(folder) + b"/" + n for n in names
    }
    for row, file in enumerate(again.index["file"]):
        expected = log_mel(decode(file, rate_hz=16_000).samples, SMALL)
        np.testing.assert_array_equal(again.features(row), expected)
    (store.path / "index.csv").read_text(encoding="utf-8")
    assert len(prepare(folder.parent, tmp_path / "out", corpus="folders", front_end=SMALL, jobs=1)) == 5


def test_columns_of_a_manifest_that_the_store_has_too(clips: Path, tmp_path: Path) -> None:
    table = read_corpus(clips, "cremad").assign(id=range(6), state="CA", text="a\rb\r\nc\nd")
    table.attrs["notes"] = []
    store = prepare(table, tmp_path / "out", front_end=SMALL, jobs=1)
    assert (store.index["state"] == "ok").all()
    assert (store.index["text"] == "a\rb\r\nc\nd").all()
    assert store.about["notes"] == ["not kept, since the store has columns of these names: id, state"]


def test_a_column_with_the_name_of_an_internal_one(clips: Path, tmp_path: Path) -> None:
    table = read_corpus(clips, "cremad").assign(clip=range(6))
    index = prepare(table, tmp_path / "out", front_end=SMALL, augment=1, jobs=1).index
    assert index["clip"].tolist() == [n for n in range(6) for _ in range(2)]


def test_the_index_of_a_store_is_a_manifest(clips: Path, tmp_path: Path) -> None:
    store = prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, augment=1, jobs=1)
    check = check_corpus(read_corpus(store.path / "index.csv"))
    assert (check.clips, check.files, check.missing) == (12, 6, ())


def test_speakers_with_several_spellings_are_noted(clips: Path, tmp_path: Path) -> None:
    table = read_corpus(clips, "cremad").assign(speaker=["1", "01", "1.0", "1", "2", "3"])
    store = prepare(table, tmp_path / "out", front_end=SMALL, jobs=1)
    assert store.index["speaker"].tolist() == ["1", "1", "1", "1", "2", "3"]
    assert any(note.startswith("warning: 1 speaker with several spellings") for note in store.about["notes"])


def test_identical_sound_is_seen_across_formats(tmp_path: Path, make_clips: MakeClips) -> None:
    folder = make_clips(tmp_path / "in", 2)
    samples, rate_hz = soundfile.read(folder / "1001_DFA_ANG_XX.wav", dtype="int16")
    soundfile.write(folder / "1003_DFA_ANG_XX.flac", samples, rate_hz)
    index = prepare(folder, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1).index.set_index("id")
    assert index.loc["1001_DFA_ANG_XX", "sha256"] == index.loc["1003_DFA_ANG_XX", "sha256"]
    assert index["sha256"].nunique() == 2


def test_several_folders_are_one_store(clips: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Actor_01"
    folder.mkdir()
    soundfile.write(folder / "03-01-05-01-01-01-01.wav", 0.1 * np.ones(8000), 16_000)
    store = prepare([clips, folder], tmp_path / "out", front_end=SMALL, jobs=1)
    assert store.about["corpus"] == ["cremad", "ravdess"]
    assert store.index["speaker"].tolist() == ["1001"] * 6 + ["01"]
    assert store.index["repetition"].tolist()[-1] == 1.0


def test_silence_at_the_ends_is_left_away(tmp_path: Path, make_clips: MakeClips) -> None:
    clips = make_clips(tmp_path / "clips", 2)
    for file in clips.iterdir():
        sound, rate_hz = soundfile.read(file)
        soundfile.write(file, np.concatenate([np.zeros(rate_hz), sound, np.zeros(rate_hz)]), rate_hz)
    whole = prepare(clips, tmp_path / "whole", corpus="cremad", front_end=SMALL, jobs=1)
    trimmed = prepare(clips, tmp_path / "trimmed", corpus="cremad", front_end=SMALL, trim=True, jobs=1)
    assert whole.index["duration_s"].tolist() == [2.5, 2.5]
    assert trimmed.index["duration_s"].between(0.5, 0.7).all()
    assert trimmed.about["trim"]
    with pytest.raises(StoreError, match="a finished store of other recordings"):
        prepare(clips, tmp_path / "trimmed", corpus="cremad", front_end=SMALL, jobs=1)


def test_too_many_variants(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="augment is 9"):
        prepare(clips, tmp_path / "out", corpus="cremad", augment=9, jobs=1)


def test_two_runs_at_once_are_kept_apart(clips: Path, tmp_path: Path) -> None:
    def another(progress: Progress) -> None:
        prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1)

    with pytest.raises(StoreError, match="another serenade prepare is writing here"):
        prepare(clips, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1, progress=another)


def test_real_clips(shared: Path, tmp_path: Path) -> None:
    store = prepare(shared / "cremad" / "AudioWAV", tmp_path / "out", augment=1, jobs=1)
    assert store.about["states"] == {"ok": 30}
    assert store.about["corpus"] == ["cremad"]
    assert store.index["speaker"].nunique() == 5
    for row in range(len(store)):
        features = store.features(row)
        assert features.max() == pytest.approx(0, abs=1e-4)
        assert features.min() >= -80.001
        assert features.std() > 2
