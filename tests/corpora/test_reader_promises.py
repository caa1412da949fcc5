"""What every reader promises, for each registered corpus."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from serenade.corpora import check_corpus, licence_of, read_corpora, read_corpus
from serenade.corpora.corpus_table import COLUMNS
from serenade.corpora.read import recognise_corpus
from serenade.corpora.registry import CORPORA
from serenade.errors import CorpusError
from serenade.labels import EMOTIONS, OTHER

every_corpus = pytest.mark.parametrize("corpus", CORPORA.entries(), ids=lambda corpus: corpus.name)


def recordings_of(corpus):
    return [name for name, content in corpus.example.items() if not content]


@every_corpus
def test_is_described(corpus):
    assert corpus.title
    assert corpus.licence
    assert corpus.looks_like
    assert recordings_of(corpus)
    assert licence_of(corpus.name) == corpus.licence
    assert corpus.to_dict()["acted"] in (True, False)
    # A corpus of one's own has neither an address nor a language, and is not known to be acted.
    assert bool(corpus.url) == bool(corpus.languages) == corpus.acted


@every_corpus
def test_its_example_is_recognised_and_read(corpus, example):
    folder = example(corpus)
    assert recognise_corpus(folder).name == corpus.name
    table = read_corpus(folder)
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert sorted(map(Path, table["file"])) == sorted(folder / name for name in recordings_of(corpus))
    assert set(table["emotion"]) <= {*EMOTIONS, *OTHER}
    assert table["source"].is_unique
    assert set(table["language"]) <= set(corpus.languages or ("",))
    assert set(table["sex"]) <= {"female", "male", ""}
    assert set(table["split"]) <= {"train", "dev", "test", ""}
    assert table.index.tolist() == list(range(len(table)))
    if corpus.url:
        assert set(table["corpus"]) == {corpus.name}
        assert (table["speaker"] != "").all()
    assert all(isinstance(note, str) for note in table.attrs["notes"])


@every_corpus
def test_a_file_name_states_what_is_read(corpus, example):
    if corpus.name == "meld" or not corpus.acted:
        pytest.skip("the names of the files do not state the speaker")
    table = read_corpus(example(corpus))
    for row in table.itertuples():
        stated = corpus.describe_file(Path(row.file))
        assert (stated["speaker"], stated["source"]) == (row.speaker, row.source)
        assert stated["corpus"] == corpus.name
    assert corpus.describe_file(Path("holiday.wav")) is None


@every_corpus
def test_sources_do_not_depend_on_the_place(corpus, example, tmp_path):
    table = read_corpus(example(corpus), corpus.name)
    (tmp_path / "other").mkdir()
    shutil.move(tmp_path / "corpus", tmp_path / "other" / "corpus")
    moved = read_corpus(tmp_path / "other" / "corpus", corpus.name)
    pd.testing.assert_frame_equal(table.drop(columns="file"), moved.drop(columns="file"))


@every_corpus
def test_a_link_to_the_folder_is_read_as_the_folder(corpus, example, tmp_path):
    folder = example(corpus)
    (tmp_path / "all").mkdir()
    for entry in folder.iterdir():
        (tmp_path / "all" / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    (tmp_path / "all" / "loop").symlink_to(tmp_path / "all", target_is_directory=True)
    table, linked = read_corpus(folder), read_corpus(tmp_path / "all")
    assert linked["source"].tolist() == table["source"].tolist()
    assert linked["emotion"].tolist() == table["emotion"].tolist()


@every_corpus
def test_hidden_files_are_skipped(corpus, example):
    folder = example(corpus)
    expected = len(read_corpus(folder))
    for name in recordings_of(corpus):
        file = folder / name
        file.with_name(f"._{file.name}").write_bytes(b"\x00\x05\x16\x07")
        file.with_name(f".{file.name}").write_bytes(b"")
    assert len(read_corpus(folder)) == expected


@every_corpus
def test_an_unknown_option_is_one_sentence(corpus, example):
    with pytest.raises(CorpusError, match=f"reader of {corpus.name} has no option 'volume'"):
        read_corpus(example(corpus), corpus.name, volume=11)


@every_corpus
def test_a_folder_without_recordings_is_one_sentence(corpus, tmp_path):
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(CorpusError) as caught:
        read_corpus(tmp_path, corpus.name)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@every_corpus
def test_it_is_read_beside_another_corpus(corpus, example, write, tmp_path):
    other = write(tmp_path / "other", {"own.csv": "file,emotion,speaker\nx.wav,fear,x\n", "x.wav": ""})
    folder = example(corpus)
    table = read_corpora([folder, other])
    assert len(table) == len(read_corpus(folder)) + 1
    assert table["corpus"].nunique() == 2


@every_corpus
def test_its_files_can_be_checked(corpus, example):
    table = read_corpus(example(corpus))
    check = check_corpus(table, jobs=1)
    assert check.clips == len(table)
    assert len(check.unreadable) == check.files, "the recordings of the example are empty files"


@every_corpus
def test_unusable_clips_are_its_own(corpus, example):
    table = read_corpus(example(corpus))
    assert not set(table["source"]) & set(corpus.unusable)
    assert all(reason.startswith("is ") for reason in corpus.unusable.values())


@pytest.mark.parametrize("suffix", [".WAV", ".flac", ".mp3", ".m4a"])
@every_corpus
def test_the_format_of_the_recordings_changes_nothing(corpus, suffix, example):
    if set(corpus.example.values()) != {""} or not all(name.endswith(".wav") for name in corpus.example):
        pytest.skip("its tables name the files")
    folder = example(corpus)
    table = read_corpus(folder)
    for name in corpus.example:
        (folder / name).rename((folder / name).with_suffix(suffix))
    other = read_corpus(folder)
    pd.testing.assert_frame_equal(table.drop(columns="file"), other.drop(columns="file"))
