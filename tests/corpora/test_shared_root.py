"""Speakers of manifests with a common root are the same people."""

from __future__ import annotations

import pytest

from serenade.corpora import check_split, make_split, read_corpora, read_corpus
from serenade.errors import SplitError

CLIPS = [
    (f"rec/spk{who}/{n:03}.wav", emotion, who)
    for who in range(1, 7)
    for n, emotion in enumerate(("joy", "sad"))
]


def manifest(file, clips, *, prefix="", corpus=""):
    file.parent.mkdir(parents=True, exist_ok=True)
    head = "file,emotion,speaker" + (",corpus" if corpus else "")
    tail = f",{corpus}" if corpus else ""
    rows = [f"{prefix}{name},{emotion},{who}{tail}" for name, emotion, who in clips]
    file.write_text("\n".join([head, *rows]) + "\n")
    return file


def folds_share_a_speaker(table):
    """Whether any fold has a speaker in two parts, by the names in the manifests."""
    for fold in (1, 2, 3):
        split = make_split(table, "grouped-3", fold=fold)
        check_split(table, split)
        parts = split.parts[split.parts != ""].groupby(table["speaker"]).nunique()
        if (parts > 1).any():
            return True
    return False


@pytest.mark.parametrize(
    ("train", "test", "prefixes"),
    [
        ("train.csv", "test.csv", ("", "")),
        ("train.csv", "lists/test.csv", ("", "../")),
        ("lists/train.csv", "lists/test.csv", ("../", "../")),
        ("train/labels.csv", "test/labels.csv", ("../", "../")),
        ("a/lists/train.csv", "b/lists/test.csv", ("../../", "../../")),
    ],
)
def test_speakers_of_train_and_test_are_the_same_people(tmp_path, train, test, prefixes):
    first = manifest(tmp_path / "corpus" / train, CLIPS[::2], prefix=prefixes[0])
    second = manifest(tmp_path / "corpus" / test, CLIPS[1::2], prefix=prefixes[1])
    table = read_corpora([first, second])
    assert table["corpus"].nunique() == 1
    assert not folds_share_a_speaker(table)
    assert any("are one corpus" in note and "are the same people" in note for note in table.attrs["notes"])


def test_one_manifest_and_its_two_halves_are_the_same_clips(tmp_path):
    whole = read_corpus(manifest(tmp_path / "mine" / "all.csv", CLIPS))
    halves = [manifest(tmp_path / "mine" / f"{n}.csv", CLIPS[n::2]) for n in (0, 1)]
    table = read_corpora(halves)
    assert set(table["source"]) == set(whole["source"])
    assert set(table["corpus"]) == set(whole["corpus"]) == {"mine"}


def test_absolute_lists_in_another_place_share_the_recordings(tmp_path):
    base = f"{tmp_path}/corpus/"
    first = manifest(tmp_path / "home" / "x" / "train.csv", CLIPS[::2], prefix=base)
    second = manifest(tmp_path / "work" / "y" / "test.csv", CLIPS[1::2], prefix=base)
    assert not folds_share_a_speaker(read_corpora([first, second]))


def test_manifests_of_different_folders_are_different_people(tmp_path):
    tables = [manifest(tmp_path / name / "labels.csv", CLIPS) for name in ("one", "two")]
    table = read_corpora(tables)
    assert sorted(set(table["corpus"])) == ["one", "two"]
    assert make_split(table, "one-speaker-out", fold=1).n_folds == 12


def test_folders_of_one_name_are_different_corpora(tmp_path):
    tables = [manifest(tmp_path / name / "data" / "labels.csv", CLIPS) for name in ("one", "two")]
    assert sorted(set(read_corpora(tables)["corpus"])) == ["data", "two-data"]


def test_a_column_corpus_keeps_speakers_apart(tmp_path):
    tables = [manifest(tmp_path / f"{name}.csv", CLIPS, corpus=name) for name in ("one", "two")]
    table = read_corpora(tables)
    assert sorted(set(table["corpus"])) == ["one", "two"]
    assert make_split(table, "one-speaker-out", fold=1).n_folds == 12


def test_train_and_test_folders_per_emotion_are_one_corpus(touch, tmp_path):
    for part in ("train", "test"):
        touch(
            tmp_path,
            *(f"{part}/{emotion}/spk{who}_{part}.wav" for emotion in ("joy", "sad") for who in range(6)),
        )
    table = read_corpora([tmp_path / "train", tmp_path / "test"], speakers_from="name:^(spk[0-9])")
    assert not folds_share_a_speaker(table)
    split = make_split(table.assign(split=["train"] * 12 + ["test"] * 12), "official")
    with pytest.raises(SplitError, match="leaks"):
        check_split(table, split)


def test_a_manifest_and_a_known_corpus_stay_apart(touch, tmp_path):
    touch(tmp_path, "own/emodb/03a01Wa.wav")
    own = manifest(tmp_path / "own" / "labels.csv", CLIPS)
    assert sorted(set(read_corpora([own, tmp_path / "own" / "emodb"])["corpus"])) == ["emodb", "own"]
