"""RAVDESS, nEMO, EmoDB, EMOVO, and the guess between them."""

from __future__ import annotations

import pytest

from serenade.corpora import list_corpora, read_corpora, read_corpus
from serenade.corpora.registry import guess_corpus, register_corpus
from serenade.corpora.table import COLUMNS, new_table
from serenade.errors import CorpusError


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


@pytest.mark.parametrize(
    ("corpus", "clips", "speakers", "emotions", "language"),
    [
        ("ravdess", 1200, 20, 8, "en"),
        ("nemo", 3402, 7, 6, "pl"),
        ("emodb", 535, 10, 7, "de"),
        ("emovo", 588, 6, 7, "it"),
    ],
)
def test_real_corpora_are_guessed_and_read(shared, corpus, clips, speakers, emotions, language):
    table = read_corpus(shared / corpus)
    assert table["corpus"].unique().tolist() == [corpus]
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert (len(table), table["speaker"].nunique(), table["emotion"].nunique()) == (clips, speakers, emotions)
    assert table["language"].unique().tolist() == [language]
    assert set(table["sex"]) == {"female", "male"}
    assert table["source"].is_unique


def test_ravdess_names(tmp_path):
    touch(tmp_path, "Actor_12/03-01-05-02-01-02-12.wav", "Actor_01/03-01-01-01-02-01-01.wav")
    first, last = read_corpus(tmp_path).to_dict("records")
    assert (first["emotion"], first["speaker"], first["sex"], first["level"]) == (
        "neutral",
        "01",
        "male",
        "normal",
    )
    assert (last["emotion"], last["sex"], last["level"], last["repetition"]) == (
        "anger",
        "female",
        "strong",
        2,
    )
    assert last["text"] == "Kids are talking by the door."


def test_ravdess_songs_and_second_copies_are_left_out_and_counted(tmp_path):
    touch(tmp_path, "a/03-01-05-01-01-01-01.wav", "b/03-01-05-01-01-01-01.wav", "03-02-05-01-01-01-01.wav")
    table = read_corpus(tmp_path, "ravdess")
    assert len(table) == 1
    assert [note.split()[0] for note in table.attrs["notes"]] == ["1", "1"]
    (tmp_path / "a").rename(tmp_path / "song")
    for file in tmp_path.rglob("03-01*"):
        file.unlink()
    with pytest.raises(CorpusError, match="songs or silent films only"):
        read_corpus(tmp_path, "ravdess")


def test_emodb_letters_are_german(tmp_path):
    touch(tmp_path, "03a01Wa.wav", "08b10Ac.wav", "16a02Lb.wav")
    table = read_corpus(tmp_path)
    assert table["emotion"].tolist() == ["anger", "fear", "boredom"]
    assert table["sex"].tolist() == ["male", "female", "female"]


def write_nemo(folder):
    touch(folder, "samples/WR0_surprised_64.opus", "samples/EB0_anger_1.opus", "samples/XY9_fear_2.opus")
    (folder / "data.tsv").write_text(
        "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"
        'WR0_surprised_64.wav\tsurprised\t"Ucho\tucho\t        WR0\tmale\t23\n'
        "EB0_anger_1.wav\tanger\tLubię\tlubię\t        EB0\tfemale\t27\n"
        "EB0_anger_2.wav\tanger\tLubię\tlubię\t        EB0\tfemale\t27\n"
    )


@pytest.mark.parametrize("below", [".", "samples"])
def test_nemo_matches_its_table_by_stem(tmp_path, below):
    write_nemo(tmp_path)
    table = read_corpus(tmp_path / below)
    assert table["speaker"].tolist() == ["EB0", "WR0", "XY9"]
    assert table["sex"].tolist() == ["female", "male", ""]
    assert table["text"].tolist() == ["Lubię", '"Ucho', ""]
    assert table["emotion"].tolist() == ["anger", "surprise", "fear"]
    assert table.attrs["notes"] == [
        "1 of 3 rows of data.tsv have no file here: left out",
        "1 clips have no row in data.tsv: read by their names",
    ]


def test_nemo_without_or_with_a_wrong_table(tmp_path):
    write_nemo(tmp_path)
    (tmp_path / "data.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(CorpusError, match="has no column age, emotion"):
        read_corpus(tmp_path, "nemo")
    (tmp_path / "data.tsv").unlink()
    assert "data.tsv was not found" in read_corpus(tmp_path, "nemo").attrs["notes"][0]
    with pytest.raises(CorpusError, match=r"there is no data\.tsv"):
        read_corpus(tmp_path, "nemo", metadata=tmp_path)


def test_hidden_and_apple_double_files_are_no_clips(tmp_path):
    touch(tmp_path, "03a01Wa.wav", "._03a01Wb.wav", ".03a01Wc.wav")
    assert len(read_corpus(tmp_path, "emodb")) == 1


def test_a_guess_that_fails_says_what_it_looked_for(tmp_path):
    with pytest.raises(CorpusError, match="no sound files, no spectrograms and no manifest"):
        read_corpus(tmp_path)
    touch(tmp_path, "hello.wav")
    with pytest.raises(
        CorpusError, match=r"hello\.wav.*cremad: 1001_DFA_ANG_XX.*ravdess: 03-01-05"
    ) as caught:
        read_corpus(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(CorpusError, match="did you mean 'cremad'"):
        read_corpus(tmp_path, "crema-d")
    with pytest.raises(CorpusError, match="choose one of cremad, emodb"):
        read_corpus(tmp_path, "zzz")


def test_every_corpus_states_its_licence():
    assert all(corpus.licence and corpus.looks_like for corpus in list_corpora())
    assert {corpus.name for corpus in list_corpora()} >= {
        "cremad",
        "ravdess",
        "nemo",
        "emodb",
        "emovo",
        "manifest",
    }


def test_a_reader_of_ones_own_is_guessed_too(tmp_path, monkeypatch):
    from serenade.corpora import registry

    monkeypatch.setattr(
        registry.CORPORA, "_entries", {name: registry.CORPORA[name] for name in registry.CORPORA}
    )

    @register_corpus("mine", licence="mine", url="", languages=("eo",), looks_like="x1.wav", recognise=r"x\d")
    def read_mine(path):
        return new_table([{"file": path / "x1.wav", "emotion": "anger", "corpus": "mine"}])

    touch(tmp_path, "x1.wav")
    assert guess_corpus(tmp_path).name == "mine"
    assert read_corpus(tmp_path)["corpus"].tolist() == ["mine"]


@pytest.mark.parametrize("corpus", [None, "ravdess"])
def test_an_option_that_a_reader_does_not_have(tmp_path, corpus):
    touch(tmp_path, "03-01-05-01-02-01-12.wav")
    with pytest.raises(CorpusError, match="the reader of ravdess has no option 'metadata'; it takes none"):
        read_corpus(tmp_path, corpus, metadata=tmp_path)


@pytest.fixture
def two(tmp_path):
    """A clip of RAVDESS, and one of EmoDB that nobody has labelled so: its speaker is 03 too."""
    touch(tmp_path, "ravdess/03-01-05-01-01-01-03.wav", "emodb/03a01Wa.wav", "notes/why.txt")
    return [tmp_path / "ravdess", tmp_path / "emodb"]


def test_several_folders_are_one_table(two):
    table = read_corpora(two)
    assert table[["corpus", "speaker"]].to_numpy().tolist() == [["ravdess", "03"], ["emodb", "03"]]
    assert table.index.tolist() == [0, 1]
    assert read_corpora(two[:1])["corpus"].tolist() == ["ravdess"]


def test_notes_of_every_folder_are_kept(two):
    touch(two[1], "other.wav")
    assert read_corpora(two).attrs["notes"] == ["1 files are not named as emodb names them: left out"]


def test_options_go_to_their_reader(two, tmp_path):
    write_nemo(tmp_path / "nemo")
    folders = [*two, tmp_path / "nemo"]
    assert len(read_corpora(folders, nemo={"metadata": tmp_path / "nemo"})) == 5
    with pytest.raises(CorpusError, match="there are options for cremad, and these are emodb, nemo, ravdess"):
        read_corpora(folders, cremad={"metadata": tmp_path})


def test_one_of_several_that_is_not_there(two, tmp_path):
    with pytest.raises(CorpusError, match="gone: there is no such file or folder"):
        read_corpora([*two, tmp_path / "gone"])
