from __future__ import annotations

import pandas as pd
import pytest

from serenade.corpora import read_corpus
from serenade.errors import CorpusError

audformat = pytest.importorskip("audformat")


@pytest.fixture
def database(tmp_path):
    """`database(storage_format="csv", …)`: a database that the library audformat wrote."""

    def save(storage_format="csv", *, test_label="neutral", speakers="labels"):
        db = audformat.Database(
            "emodb", languages=["de"], license="CC0-1.0", source="here", usage="unrestricted"
        )
        db.schemes["emotion"] = audformat.Scheme(labels=["anger", "happiness", "neutral"])
        about = {3: {"gender": "male", "age": 31}, 8: {"gender": "female", "age": 34}}
        if speakers == "table":
            index = pd.Index([3, 8], name="speaker", dtype="Int64")
            db["people"] = audformat.MiscTable(index)
            db.schemes["gender"] = audformat.Scheme(labels=["male", "female"])
            db["people"]["gender"] = audformat.Column(scheme_id="gender")
            db["people"]["gender"].set(["male", "female"])
            db.schemes["speaker"] = audformat.Scheme("int", labels="people")
        else:
            db.schemes["speaker"] = audformat.Scheme(labels=about)
        for part in ("train", "test"):
            db.splits[part] = audformat.Split(type=part)
        db["files"] = audformat.Table(audformat.filewise_index(["wav/a.wav", "wav/b.wav"]))
        db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
        db["files"]["speaker"].set([3, 8])
        tables = {"all": (["wav/a.wav", "wav/b.wav"], ["anger", "neutral"], None)}
        tables |= {
            "train": (["wav/a.wav"], ["anger"], "train"),
            "test": (["wav/b.wav"], [test_label], "test"),
        }
        for name, (files, labels, split) in tables.items():
            db[name] = audformat.Table(audformat.filewise_index(files), split_id=split)
            db[name]["emotion"] = audformat.Column(scheme_id="emotion")
            db[name]["emotion"].set(labels)
        db.save(tmp_path / "db", storage_format=storage_format)
        return tmp_path / "db"

    return save


@pytest.mark.parametrize("storage_format", ["csv", "parquet"])
@pytest.mark.parametrize("speakers", ["labels", "table"])
def test_labels_speakers_and_parts_are_read(database, storage_format, speakers):
    folder = database(storage_format, speakers=speakers)
    table = read_corpus(folder)
    assert [file.removeprefix(f"{folder}/") for file in table["file"]] == ["wav/a.wav", "wav/b.wav"]
    assert table["emotion"].tolist() == ["anger", "neutral"]
    assert table["speaker"].tolist() == ["3", "8"]
    assert table["sex"].tolist() == ["male", "female"]
    assert table["split"].tolist() == ["train", "test"]
    assert set(table["language"]) == {"de"}
    assert set(table["corpus"]) == {"emodb"}
    assert table["start"].isna().all()
    if speakers == "labels":
        assert [int(age) for age in table["age"]] == [31, 34]
    assert "licence of the database: CC0-1.0" in table.attrs["notes"]


def test_segments_have_their_times(tmp_path):
    db = audformat.Database("mine", source="here", usage="unrestricted")
    db.schemes["emotion"] = audformat.Scheme(labels=["anger", "neutral"])
    index = audformat.segmented_index(["a.wav", "a.wav"], ["0s", "1.5s"], ["1.5s", pd.NaT])
    db["emotion"] = audformat.Table(index)
    db["emotion"]["emotion"] = audformat.Column(scheme_id="emotion")
    db["emotion"]["emotion"].set(["anger", "neutral"])
    for storage_format in ("csv", "parquet"):
        db.save(tmp_path / storage_format, storage_format=storage_format)
        table = read_corpus(tmp_path / storage_format)
        assert table["start"].tolist() == [0, 1.5]
        assert table["end"].tolist()[0] == 1.5
        assert pd.isna(table["end"].tolist()[1])


def test_tables_that_disagree_are_refused_and_one_can_be_named(database):
    folder = database(test_label="happiness")
    with pytest.raises(CorpusError, match=r"tables .* have several labels for wav/b.wav; name one"):
        read_corpus(folder)
    assert read_corpus(folder, table="test")["emotion"].tolist() == ["happiness"]
    with pytest.raises(CorpusError, match="has no table 'files' of emotions"):
        read_corpus(folder, table="files")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"db.yaml": "a: [b"}, "is not a readable header of an audformat database"),
        ({"db.yaml": "name: x"}, "is not the header of an audformat database: it has no tables"),
        ({"db.yaml": "tables: {files: {columns: {}}}"}, "has neither db.files.csv nor db.files.parquet"),
        (
            {"db.yaml": "tables: {files: {columns: {}}}", "db.files.csv": "file,duration\na.wav,1\n"},
            "has no table with a column of emotions .its tables are files",
        ),
        ({"db.yaml": "tables: {emotion: {}}", "db.emotion.csv": "emotion\nanger\n"}, "has no column `file`"),
        ({"db.yaml": "tables: {emotion: {}}", "db.emotion.csv": ""}, "is empty; write a header"),
        (
            {
                "db.yaml": "tables: {emotion: {}}",
                "db.emotion.csv": "file,start,end,emotion\na.wav,x,,anger\n",
            },
            "line 2: the time 'x' is neither seconds nor",
        ),
        (
            {"db.yaml": "tables: {emotion: {}}", "db.emotion.csv": "file,emotion\na.wav,anger,x\n"},
            "line 2 has 3 cells, and the header 2",
        ),
        ({"db.yaml": "tables: {}"}, "it has no tables"),
        ({"db.yaml": "tables: [a]"}, "`tables` must be a mapping"),
        ({"db.yaml": "[tables]"}, "it must be a mapping"),
        ({"db.yaml": ""}, "it has no tables"),
        ({"db.yaml": f"tables: {{{'a' * 300}: {{}}}}"}, "has neither db.aaa"),
        (
            {"db.yaml": "tables: {/../../other: {}}", "db./x": "", "../other.csv": "file\n"},
            "has neither db./",
        ),
        ({"db.yaml": "tables: {a: 5}"}, "table a must be a mapping"),
        ({"db.yaml": "tables: {a: {columns: [b]}}"}, "`columns` of table a must be a mapping"),
        ({"db.yaml": "tables: {a: {columns: {b: c}}}"}, "column b of table a must be a mapping"),
        ({"db.yaml": "tables: {a: {}}\nschemes: 3"}, "`schemes` must be a mapping"),
        ({"db.yaml": "tables: {a: {}}\nsplits: {x: y}"}, "split x must be a mapping"),
        (
            {"db.yaml": "tables: {1: {}}", "db.1.csv": "file\na.wav\n"},
            "has no table with a column of emotions .its tables are 1",
        ),
        (
            {
                "db.yaml": "tables: {e: {columns: {r1: {scheme_id: emotion}, r2: {scheme_id: emotion}}}}",
                "db.e.csv": "file,r1,r2\na.wav,anger,joy\n",
            },
            "the columns `r1` and `r2` both mean emotion",
        ),
        *(
            (
                {
                    "db.yaml": "tables: {emotion: {}}",
                    "db.emotion.csv": f"file,emotion\na.wav,joy\n{name},joy\n",
                },
                f"row 2 names {name}, which is outside the dataset",
            )
            for name in ("/etc/passwd", "../x.wav")
        ),
        (
            {
                "db.yaml": "tables: {e: {columns: {speaker: {scheme_id: speaker}}}}\n"
                "schemes: {speaker: {labels: people}}",
                "db.e.csv": "file,emotion,speaker\na.wav,joy,1\n",
                "db.people.csv": "speaker,sex\n1,male\n1,female\n",
            },
            "has several rows for speaker 1; keep one",
        ),
        ({"db.yaml": "tables: {emotion: {}}", "db.emotion.csv": "file,emotion\na.wav,3\n"}, "is not a name"),
    ],
)
def test_each_fault_is_one_sentence(write, tmp_path, files, message):
    with pytest.raises(CorpusError, match=message) as caught:
        read_corpus(write(tmp_path / "db", files))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_pickled_table_is_never_loaded(write, tmp_path):
    folder = write(
        tmp_path / "db",
        {
            "db.yaml": "tables: {emotion: {columns: {emotion: {}}}}",
            "db.emotion.pkl": "cos\nsystem\n(S'false'\ntR.",
        },
    )
    with pytest.raises(CorpusError, match=r"has neither db.emotion.csv nor db.emotion.parquet"):
        read_corpus(folder)


def test_speakers_without_attributes_are_reported(write, tmp_path):
    folder = write(
        tmp_path / "db",
        {
            "db.yaml": "tables: {emotion: {columns: {actor: {scheme_id: people}}}}\n"
            "schemes: {people: {labels: {anna: {gender: female}, 7: {gender: male}}}}\nlanguages: deu",
            "db.emotion.csv": "file,emotion,actor\na.wav,joy,anna\nb.wav,joy,7\nc.wav,joy,carl\nd.wav,joy,\n",
        },
    )
    table = read_corpus(folder)
    assert table["speaker"].tolist() == ["anna", "7", "carl", ""]
    assert table["sex"].tolist() == ["female", "male", "", ""]
    assert set(table["language"]) == {"de"}
    assert "1 speaker without attributes in the database (carl)" in table.attrs["notes"]


def test_whole_numbers_with_missing_values_stay_whole(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    (tmp_path / "db.yaml").write_text(
        "tables: {emotion: {columns: {speaker: {scheme_id: speaker}}}}\n"
        "schemes: {speaker: {labels: {3: {gender: male}}}}"
    )
    columns = {"file": ["a.wav", "b.wav"], "emotion": ["anger", "anger"], "speaker": [3, None]}
    parquet.write_table(pa.table(columns), tmp_path / "db.emotion.parquet")
    table = read_corpus(tmp_path)
    assert table[["speaker", "sex"]].values.tolist() == [["3", "male"], ["", ""]]
