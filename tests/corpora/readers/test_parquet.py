from __future__ import annotations

import json
from pathlib import Path

import pytest

from serenade.corpora import read_corpus
from serenade.corpora.dataset_sounds import EXTRACTED
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
            "none of its rows has a sound: no bytes, and no file 'gone.wav' in the dataset",
        ),
        (
            {"audio": pa.array([None], pa.struct({"bytes": pa.binary(), "path": pa.string()})), "label": [0]},
            FEATURES,
            "none of its rows has a sound: no bytes, and no path",
        ),
        (
            {"audio": [{"bytes": b"x", "path": "a.wav"}], "label": ["joy"], "target": ["joy"]},
            None,
            "the columns `label` and `target` both mean emotion",
        ),
        (
            {"audio": [{"bytes": b"x", "path": "a.wav"}], "label": ["joy"], "spk": ["1"], "actor": ["2"]},
            None,
            "the columns `spk` and `actor` both mean speaker",
        ),
        ({"audio": [{"bytes": b"x", "path": "a.wav"}] * 2, "label": [2, 3]}, FEATURES, "row 2 has 3 in col"),
        ({"audio": [{"bytes": b"x", "path": "a.wav"}], "label": [-2]}, FEATURES, "names the labels 0 to 2"),
        (
            {"audio": [{"bytes": b"x", "path": "a.wav"}], "label": ["mad"]},
            FEATURES,
            "row 1 has mad in column",
        ),
        ({"audio": [{"bytes": "x", "path": "a.wav"}], "label": [0]}, FEATURES, "has no column of audio"),
        (
            {"audio": [{"bytes": b"x", "path": "a.wav"}], "label": [["joy"]]},
            None,
            "labels that are not names",
        ),
        (
            {"audio": pa.array([], pa.struct({"bytes": pa.binary(), "path": pa.string()})), "label": []},
            FEATURES,
            "has no rows",
        ),
        *(
            (
                {"audio": [{"bytes": None, "path": name}], "label": [0]},
                FEATURES,
                f"row 1 names {name}, which is outside the dataset",
            )
            for name in ("/etc/passwd", "../secret.wav", "a/../../secret.wav")
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


def shard(file, sounds, labels, **columns):
    """A shard with the given contents in place of recordings."""
    write(
        file, {"audio": [{"bytes": sound, "path": "a.wav"} for sound in sounds], "label": labels, **columns}
    )


def test_files_of_the_same_name_keep_their_sounds(tmp_path):
    """Two configurations of a dataset, and the layout that the hub converts to: a folder per part."""
    shard(tmp_path / "emo" / "de" / "train" / "0000.parquet", [b"german"], [0])
    shard(tmp_path / "emo" / "en" / "train" / "0000.parquet", [b"english"], [1])
    shard(tmp_path / "emo" / "en" / "test" / "0000.parquet", [b"more english"], [2])
    table = read_corpus(tmp_path / "emo")
    found = {Path(row.file).read_bytes(): (row.emotion, row.split) for row in table.itertuples()}
    assert found == {
        b"german": ("anger", "train"),
        b"english": ("happiness", "train"),
        b"more english": ("sadness", "test"),
    }


def test_a_new_version_of_the_dataset_replaces_sounds_of_the_same_length(tmp_path):
    for sounds in ([b"one", b"two"], [b"two", b"one"]):
        shard(tmp_path / "train.parquet", sounds, [0, 1])
        assert [Path(file).read_bytes() for file in read_corpus(tmp_path)["file"]] == sounds


def test_a_link_in_a_downloaded_dataset_is_never_written_through(dataset, tmp_path):
    (tmp_path / "private").write_text("mine")
    folder = dataset / EXTRACTED / "data" / "train-00000-of-00001"
    folder.mkdir(parents=True)
    (folder / "000000.wav").symlink_to(tmp_path / "private")
    with pytest.raises(OutputError, match="is behind a link"):
        read_corpus(dataset)
    assert (tmp_path / "private").read_text() == "mine"


@pytest.mark.parametrize("path", ["a\0.wav", "a." + "x" * 300, "a.py", "a", None])
def test_the_name_of_a_sound_does_not_matter(tmp_path, path):
    write(tmp_path / "a.parquet", {"audio": [{"bytes": b"x", "path": path}], "label": [0]})
    (file,) = read_corpus(tmp_path)["file"]
    assert file == str(tmp_path / EXTRACTED / "a" / "000000.wav")


def test_rows_without_a_sound_are_skipped_and_missing_recordings_stay(tmp_path, voices):
    audio = [{"bytes": voices[0].read_bytes(), "path": "a.wav"}, None, {"bytes": None, "path": "gone.wav"}]
    write(tmp_path / "a.parquet", {"audio": audio, "label": [0, 1, 2]})
    table = read_corpus(tmp_path)
    assert dict(zip(table["emotion"], [Path(file).is_file() for file in table["file"]], strict=True)) == {
        "anger": True,
        "sadness": False,
    }
    assert "1 row of a.parquet without a sound (first: row 2): skipped" in table.attrs["notes"]


def test_shards_with_different_columns_are_reported(tmp_path):
    shard(tmp_path / "test.parquet", [b"1"], [0], speaker_id=["anna"])
    shard(tmp_path / "train.parquet", [b"2"], [1])
    table = read_corpus(tmp_path)
    assert table["speaker"].tolist() == ["anna", ""]
    (note,) = [note for note in table.attrs["notes"] if note.startswith("warning")]
    assert note == "warning: train.parquet and test.parquet have different columns; only one has speaker"


def test_a_column_with_the_exact_name_is_preferred(tmp_path):
    shard(tmp_path / "a.parquet", [b"1"], [2], emotion=["fear"])
    table = read_corpus(tmp_path)
    assert table[["emotion", "label"]].values.tolist() == [["fear", "sad"]]
    assert "column `label` is kept under its name, since there is a column `emotion`" in table.attrs["notes"]


@pytest.mark.parametrize("labels", [["sad", None], [2.0, None], [2, -1]])
def test_labels_of_any_type(tmp_path, labels):
    shard(tmp_path / "a.parquet", [b"1", b"2"], labels)
    assert read_corpus(tmp_path)["emotion"].tolist() == ["sadness", ""]


def test_a_pointer_of_git_lfs_names_the_remedy(tmp_path):
    (tmp_path / "a.parquet").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    with pytest.raises(CorpusError, match="is a Git LFS pointer, not the dataset; run `git lfs pull`"):
        read_corpus(tmp_path)


@pytest.mark.parametrize("metadata", [b"[]", b"{", b'{"info": {"features": [1]}}', b'{"info": null}'])
def test_damaged_metadata_is_no_metadata(tmp_path, metadata):
    columns = {"audio": [{"bytes": b"x", "path": "a.wav"}], "label": ["joy"]}
    table = pa.table(columns).replace_schema_metadata({"huggingface": metadata})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert read_corpus(tmp_path)["emotion"].tolist() == ["happiness"]


def test_columns_that_are_no_values_are_not_kept(tmp_path):
    """Such as vectors of an encoder, an image, or a second column of audio."""
    noisy = [{"bytes": b"noisy", "path": "a.wav"}]
    columns = {"vector": [[0.5] * 4], "image": [b"png"], "noisy": noisy, "age": [31], "variant": ["x"]}
    shard(tmp_path / "a.parquet", [b"1"], [0], **columns)
    table = read_corpus(tmp_path)
    assert {"age", "dataset_variant"} <= set(table.columns)
    assert not {"vector", "image", "noisy", "variant"} & set(table.columns)
    assert "not kept, since they have lists or bytes: vector, image, noisy" in table.attrs["notes"]
    assert Path(table["file"][0]).read_bytes() == b"1"


def test_times_are_those_of_a_recording_only_where_it_is_a_file(tmp_path, voices):
    shard(tmp_path / "in" / "a.parquet", [b"1"], [0], start=[12.5], end=[14.0])
    table = read_corpus(tmp_path / "in")
    assert table["start"].isna().all()
    assert table[["source_start", "source_end"]].values.tolist() == [[12.5, 14.0]]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.wav").write_bytes(voices[0].read_bytes())
    audio = [{"bytes": None, "path": "a.wav"}] * 2
    file = tmp_path / "out" / "a.parquet"
    write(file, {"audio": audio, "label": [0, 1], "begin": ["0:00:00.5", None], "end": [0.75, None]})
    table = read_corpus(tmp_path / "out")
    assert table[["start", "end"]].fillna(-1).values.tolist() == [[0.5, 0.75], [-1, -1]]
    write(file, {"audio": audio, "label": [0, 1], "begin": ["0", "soon"]})
    with pytest.raises(CorpusError, match="row 2: the time 'soon' is neither seconds nor h:mm:ss"):
        read_corpus(tmp_path / "out")
