"""Reading folders and manifests, one or several."""

from __future__ import annotations

import pytest

from serenade.corpora import new_table, read_corpora, read_corpus, register_corpus
from serenade.corpora.read import recognise_corpus
from serenade.corpora.registry import CORPORA, Corpus, share_named
from serenade.errors import CorpusError


@pytest.mark.parametrize(
    ("corpus", "clips", "speakers", "emotions", "language"),
    [
        ("ravdess", 1200, 20, 8, "en"),
        ("nemo", 3402, 7, 6, "pl"),
        ("emodb", 535, 10, 7, "de"),
        ("emovo", 588, 6, 7, "it"),
    ],
)
def test_real_corpora_are_recognised_and_read(shared, corpus, clips, speakers, emotions, language):
    table = read_corpus(shared / corpus)
    assert table["corpus"].unique().tolist() == [corpus]
    assert (len(table), table["speaker"].nunique(), table["emotion"].nunique()) == (clips, speakers, emotions)
    assert table["language"].unique().tolist() == [language]
    assert set(table["sex"]) == {"female", "male"}
    assert table["source"].is_unique


def test_an_unknown_corpus_is_told_how_to_write_a_manifest(touch, tmp_path):
    with pytest.raises(CorpusError, match="no recordings, no spectrograms and no manifest"):
        read_corpus(tmp_path)
    touch(tmp_path, "day 1/hello.wav")
    with pytest.raises(CorpusError, match="no known corpus") as caught:
        read_corpus(tmp_path)
    assert "`file,emotion,speaker`" in str(caught.value)
    assert "`day 1/hello.wav,anger,anna`" in str(caught.value)
    # The example is a manifest that can be read.
    (tmp_path / "labels.csv").write_text("file,emotion,speaker\nday 1/hello.wav,anger,anna\n")
    assert read_corpus(tmp_path)["speaker"].tolist() == ["anna"]


def test_a_table_with_unknown_columns_is_named_with_its_columns(touch, tmp_path):
    touch(tmp_path, "hello.wav")
    (tmp_path / "notes.csv").write_text("what,feeling\nhello.wav,joy\n")
    with pytest.raises(
        CorpusError, match=r"notes\.csv has no columns for .* \(its columns are what, feeling\)"
    ):
        read_corpus(tmp_path)


def test_neither_a_folder_nor_a_manifest(touch, tmp_path):
    with pytest.raises(CorpusError, match="neither a folder nor a manifest"):
        read_corpus(touch(tmp_path, "x.wav") / "x.wav")


def test_unknown_names_are_corrected(tmp_path):
    with pytest.raises(CorpusError, match="did you mean 'cremad'"):
        read_corpus(tmp_path, "crema-d")
    with pytest.raises(CorpusError, match="choose one of audformat, cremad, emodb"):
        read_corpus(tmp_path, "zzz")


def test_a_reader_of_ones_own_is_recognised(touch, tmp_path, monkeypatch):
    monkeypatch.setattr(CORPORA, "_entries", {name: CORPORA[name] for name in CORPORA})

    def read_mine(path):
        return new_table([{"file": path / "x1.wav", "emotion": "anger", "corpus": "mine"}])

    register_corpus(
        Corpus(
            name="mine",
            title="Mine",
            read=read_mine,
            licence="mine",
            url="",
            languages=("eo",),
            acted=False,
            looks_like="x1.wav",
            recognise=share_named(lambda file: file.stem == "x1"),
            example={"x1.wav": ""},
        )
    )
    touch(tmp_path, "x1.wav")
    assert recognise_corpus(tmp_path).name == "mine"
    assert read_corpus(tmp_path)["corpus"].tolist() == ["mine"]


@pytest.fixture
def two(touch, tmp_path):
    """A clip of RAVDESS and one of EmoDB; both speakers are called 03."""
    touch(tmp_path, "ravdess/03-01-05-01-01-01-03.wav", "emodb/03a01Wa.wav")
    return [tmp_path / "ravdess", tmp_path / "emodb"]


def test_several_folders_are_one_table(two):
    table = read_corpora(two)
    assert table[["corpus", "speaker"]].to_numpy().tolist() == [["ravdess", "03"], ["emodb", "03"]]
    assert table.index.tolist() == [0, 1]
    assert read_corpora(two[:1])["corpus"].tolist() == ["ravdess"]


def test_notes_of_every_folder_are_kept(two, touch):
    touch(two[1], "other.wav")
    assert read_corpora(two).attrs["notes"] == [
        "1 recording without a file name of EmoDB: skipped (other.wav)"
    ]


@pytest.fixture
def nemo(write, tmp_path):
    table = "file_id\temotion\traw_text\tspeaker_id\tgender\tage\nWR0_fear_1.wav\tfear\tA\tWR0\tmale\t23\n"
    return write(tmp_path, {"nemo/WR0_fear_1.wav": "", "tables/data.tsv": table})


def test_metadata_is_for_every_reader_that_takes_it(two, nemo):
    # Without a corpus's name, too: the option does not decide which corpus it is.
    assert read_corpus(nemo / "nemo", metadata=nemo / "tables")["sex"].tolist() == ["male"]
    table = read_corpora([*two, nemo / "nemo"], metadata=nemo / "tables")
    assert table.set_index("corpus").loc["nemo", "age"] == 23
    with pytest.raises(CorpusError, match="none of the readers of emodb, ravdess has an option 'metadata'"):
        read_corpora(two, metadata=nemo / "tables")


def test_options_of_one_reader(two, nemo):
    assert len(read_corpora([*two, nemo / "nemo"], nemo={"metadata": nemo / "tables"})) == 3
    with pytest.raises(CorpusError, match="there are options for cremad, and the corpora are emodb, ravdess"):
        read_corpora(two, cremad={"metadata": nemo})


def test_one_of_several_that_does_not_exist(two, tmp_path):
    with pytest.raises(CorpusError, match="gone: there is no such file or folder"):
        read_corpora([*two, tmp_path / "gone"])
