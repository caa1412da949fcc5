from __future__ import annotations

import json
from pathlib import Path

import pytest

from serenade.corpora import read_corpus
from serenade.corpora.readers.parquet import EXTRACTED
from serenade.errors import CorpusError, OutputError

pytest.importorskip("pyarrow")

import pyarrow as pa
from pyarrow import parquet

LABELS = ["angry", "happy", "sad"]
FEATURES = {
    "audio": {"sampling_rate": 16000, "_type": "Audio"},
    "label": {"names": LABELS, "_type": "ClassLabel"},
    "speaker_id": {"dtype": "string", "_type": "Value"},
}


def write(file, columns, features=FEATURES):
    """A Parquet file as the library `datasets` writes it."""
    table = pa.table(columns)
    if features is not None:
        content = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": content})
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, file)


@pytest.fixture
def dataset(tmp_path, voices):
    """Two shards of a dataset, with the recordings as bytes."""
    for part, clips in (("train", voices[:2]), ("test", voices[2:4])):
        write(
            tmp_path / "emo" / "data" / f"{part}-00000-of-00001.parquet",
            {
                "audio": [{"bytes": clip.read_bytes(), "path": clip.name} for clip in clips],
                "label": pa.array([0, 1] if part == "train" else [2, -1], pa.int64()),
                "speaker_id": ["anna", "ben"] if part == "train" else ["cleo", "cleo"],
            },
        )
    return tmp_path / "emo"


def test_labels_have_their_names_and_parts_those_of_the_files(dataset, voices):
    table = read_corpus(dataset)
    assert table["emotion"].tolist() == ["sadness", "", "anger", "happiness"]
    assert table["speaker"].tolist() == ["cleo", "cleo", "anna", "ben"]
    assert table["split"].tolist() == ["test", "test", "train", "train"]
    assert set(table["corpus"]) == {"emo"}
    contents = [Path(file).read_bytes() for file in table["file"]]
    assert contents == [voices[number].read_bytes() for number in (2, 3, 0, 1)]
    assert "2 recordings of train-00000-of-00001.parquet written to" in " ".join(table.attrs["notes"])


def test_the_sounds_are_written_once(dataset):
    first = read_corpus(dataset)
    times = [file.stat().st_mtime_ns for file in sorted((dataset / EXTRACTED).rglob("*.wav"))]
    again = read_corpus(dataset)
    assert again.equals(first)
    assert len(times) == 4
    assert [file.stat().st_mtime_ns for file in sorted((dataset / EXTRACTED).rglob("*.wav"))] == times
    assert not any("written to" in note for note in again.attrs["notes"])


def test_one_file_and_names_as_labels(tmp_path, voices):
    audio = [{"bytes": None, "path": voice.name} for voice in voices[:2]]
    for voice in voices[:2]:
        (tmp_path / voice.name).write_bytes(voice.read_bytes())
    write(tmp_path / "all.parquet", {"sound": audio, "emotion": ["fear", None]}, features=None)
    table = read_corpus(tmp_path / "all.parquet")
    assert table["emotion"].tolist() == ["fear", ""]
    assert table["file"].tolist() == [str(tmp_path / voice.name) for voice in voices[:2]]


@pytest.mark.parametrize(
    ("columns", "features", "message"),
    [
        ({"text": ["a"], "label": [0]}, FEATURES, "has no column of audio .its columns are text, label"),
        ({"audio": [{"bytes": b"x", "path": "a.wav"}], "mood": [0]}, FEATURES, "has no column of labels"),
        ({"audio": [{"bytes": b"x", "path": "a.wav"}], "label": [4]}, None, "labels that are not names .4."),
        (
            {"audio": [{"bytes": None, "path": "gone.wav"}], "label": [0]},
            FEATURES,
            "row 1 has no sound: no bytes, and no file 'gone.wav' in the dataset",
        ),
        (
            {"audio": pa.array([None], pa.struct({"bytes": pa.binary(), "path": pa.string()})), "label": [0]},
            FEATURES,
            "row 1 has no sound",
        ),
        (
            {"audio": [{"bytes": b"x", "path": "a.wav"}], "label": ["joy"], "emotion": ["joy"]},
            None,
            "has several columns of labels",
        ),
    ],
)
def test_each_fault_is_one_sentence(tmp_path, columns, features, message):
    write(tmp_path / "data.parquet", columns, features)
    with pytest.raises(CorpusError, match=message) as caught:
        read_corpus(tmp_path)
    assert str(tmp_path / "data.parquet") in str(caught.value)
    assert not (tmp_path / EXTRACTED).exists()


def test_a_damaged_file_is_one_sentence(tmp_path):
    (tmp_path / "data.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(CorpusError, match="is not a readable Parquet file") as caught:
        read_corpus(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_one_sentence(dataset):
    (dataset / EXTRACTED).write_text("a file")
    with pytest.raises(OutputError, match=EXTRACTED):
        read_corpus(dataset)
