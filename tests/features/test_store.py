from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.logmel import FrontEnd
from serenade.errors import StoreError
from serenade.features.store import Store, write_store

FRONT_END = FrontEnd(n_mels=4, fmax_hz=8000.0)


def frames(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32)


def table(counts: list[int], **columns: object) -> pd.DataFrame:
    ids = [f"clip{i}" for i in range(len(counts))]
    return pd.DataFrame({"id": ids, "file": ids, "frames": counts, **columns})


def test_each_row_gets_its_own_frames(tmp_path: Path) -> None:
    blocks = [frames(n, seed=n) for n in (3, 1, 5)]
    store = write_store(tmp_path, blocks, table([3, 1, 5]), front_end=FRONT_END)
    assert len(store) == 3
    for row, block in enumerate(blocks):
        np.testing.assert_array_equal(store.features(row), block)


@settings(max_examples=20, deadline=None)
@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=8), cut=st.integers(1, 7))
def test_it_does_not_matter_how_the_blocks_are_cut(
    counts: list[int], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    everything = frames(sum(counts))
    pieces = [everything[first : first + cut] for first in range(0, len(everything), cut)]
    store = write_store(tmp_path_factory.mktemp("s"), pieces, table(counts), front_end=FRONT_END)
    whole = np.concatenate([store.features(row) for row in range(len(counts))])
    np.testing.assert_array_equal(whole, everything)


def test_features_cannot_be_written_to(tmp_path: Path) -> None:
    store = write_store(tmp_path, [frames(2)], table([2]), front_end=FRONT_END)
    with pytest.raises(ValueError, match="read-only"):
        store.features(0)[0, 0] = 1.0


def test_a_store_is_sent_to_a_worker_by_its_path(tmp_path: Path) -> None:
    store = write_store(tmp_path, [frames(500)], table([500]), front_end=FRONT_END)
    sent = pickle.dumps(store)
    assert len(sent) < 500
    np.testing.assert_array_equal(pickle.loads(sent).features(0), store.features(0))


def test_columns_come_back_as_they_went(tmp_path: Path) -> None:
    index = table(
        [1, 1],
        speaker=["007", "1001"],
        emotion=["anger", ""],
        sentence=["NA", 'so, "quoted"\nand on'],
        start=[0.1, np.nan],
        age=pd.array([30, None], dtype="Int64"),
        votes=[3, 4],
        cut=[True, False],
        emotion_anger=[1 / 3, np.nan],
        level=[None, "low"],
    )
    back = write_store(tmp_path, [frames(2)], index, front_end=FRONT_END).index
    assert back["speaker"].tolist() == ["007", "1001"]
    assert back["emotion"].tolist() == ["anger", ""]
    assert back["sentence"].tolist() == ["NA", 'so, "quoted"\nand on']
    assert back["level"].tolist() == ["", "low"]
    np.testing.assert_array_equal(back["start"], [0.1, np.nan])
    np.testing.assert_array_equal(back["age"], [30, np.nan])
    np.testing.assert_array_equal(back["emotion_anger"], [1 / 3, np.nan])
    assert back["votes"].tolist() == [3, 4]
    assert back["votes"].dtype == np.int64
    assert back["cut"].tolist() == [True, False]
    assert back["cut"].dtype == bool


def test_usable_rows_keep_their_place(tmp_path: Path) -> None:
    index = table([2, 0, 1], state=["ok", "unreadable", "ok"], note=["", "is empty", ""])
    store = write_store(tmp_path, [frames(3)], index, front_end=FRONT_END)
    assert store.usable.index.tolist() == [0, 2]
    assert store.features(1).shape == (0, 4)
    assert store.about["states"] == {"ok": 2, "unreadable": 1}


def test_hash_tells_content_from_place(tmp_path: Path) -> None:
    def written(name: str, *, seed: int = 0, label: str = "anger", root: str = "/a") -> str:
        index = table([2], emotion=[label]).assign(file=f"{root}/clip.wav")
        return write_store(tmp_path / name, [frames(2, seed)], index, front_end=FRONT_END).hash

    first = written("a")
    assert written("moved", root="/b") == first
    assert len({first, written("frames", seed=1), written("label", label="fear")}) == 3


def test_front_end_is_read_back(tmp_path: Path) -> None:
    write_store(tmp_path, [frames(2)], table([2]), front_end=FRONT_END)
    assert Store.open(tmp_path).front_end == FRONT_END


def test_a_store_of_no_frames_opens(tmp_path: Path) -> None:
    store = write_store(tmp_path, [], table([0], state=["unreadable"]), front_end=FRONT_END)
    assert store.frames.shape == (0, 4)
    assert store.usable.empty


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store here"):
        Store.open(tmp_path / "none")


def test_unfinished(tmp_path: Path) -> None:
    write_store(tmp_path, [frames(2)], table([2]), front_end=FRONT_END)
    (tmp_path / "store.json").unlink()
    with pytest.raises(StoreError, match="not a finished store"):
        Store.open(tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is damaged"),
        ("[]", "not the store.json"),
        ('{"format": "other"}', "not the store.json"),
        ('{"format": "serenade-store", "version": 99}', "version 99"),
    ],
)
def test_foreign_store_json(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "store.json").write_text(content)
    with pytest.raises(StoreError, match=sentence):
        Store.open(tmp_path)


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    write_store(tmp_path, [frames(2)], table([2]), front_end=FRONT_END)
    about = json.loads((tmp_path / "store.json").read_text())
    (tmp_path / "store.json").write_text(json.dumps(about | {"total_frames": 3}))
    with pytest.raises(StoreError, match="its shape is"):
        Store.open(tmp_path)


def test_truncated_frames_are_refused(tmp_path: Path) -> None:
    write_store(tmp_path, [frames(50)], table([50]), front_end=FRONT_END)
    whole = (tmp_path / "frames.npy").read_bytes()
    (tmp_path / "frames.npy").write_bytes(whole[:-100])
    with pytest.raises(StoreError, match=r"frames\.npy: is damaged"):
        Store.open(tmp_path)


def test_an_index_of_other_counts_leaves_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="got 2 frames for an index of 3"):
        write_store(tmp_path, [frames(2)], table([3]), front_end=FRONT_END)
    assert list(tmp_path.iterdir()) == []


def damaged(path: Path, change: str) -> None:
    """Damage a store of three rows in one way."""
    store = Store.open(path)
    array = np.array(store.frames)
    index = pd.read_csv(path / "index.csv", dtype=str, keep_default_na=False)
    about = json.loads((path / "store.json").read_text())
    if change == "zeroed frames":
        array[2:4] = 0
    elif change == "swapped frames":
        array[[0, 5]] = array[[5, 0]]
    elif change == "cut frames":
        array = array[:-1]
    elif change == "frames of another type":
        array = array.astype(np.float64)
    elif change == "reordered rows":
        index = index.iloc[[1, 0, 2]]
    elif change == "doubled row":
        index = index.iloc[[0, 1, 1, 2]]
    elif change == "missing row":
        index = index.iloc[:2]
    elif change == "negative offset":
        index.loc[0, "offset"] = "-1"
    elif change == "changed label":
        index.loc[0, "emotion"] = "fear"
    elif change == "text for a number":
        index.loc[0, "frames"] = "many"
    elif change == "missing column":
        index = index.drop(columns="speaker")
    elif change == "hostile front end":
        about["front_end"]["n_mels"] = 10**9
    elif change == "rows as text":
        about["rows"] = "many"
    elif change == "no columns":
        del about["columns"]
    np.save(path / "frames.npy", array)
    index.to_csv(path / "index.csv", index=False)
    (path / "store.json").write_text(json.dumps(about))
    if change == "no index":
        (path / "index.csv").unlink()
    if change == "empty frames":
        (path / "frames.npy").write_bytes(b"")
    if change == "binary index":
        (path / "index.csv").write_bytes(b"\xff\xfe\x00" * 40)


@pytest.mark.parametrize(
    "change",
    [
        "zeroed frames",
        "swapped frames",
        "cut frames",
        "frames of another type",
        "reordered rows",
        "doubled row",
        "missing row",
        "negative offset",
        "changed label",
        "text for a number",
        "missing column",
        "hostile front end",
        "rows as text",
        "no columns",
        "no index",
        "empty frames",
        "binary index",
    ],
)
def test_damage_is_one_sentence(tmp_path: Path, change: str) -> None:
    index = table([2, 1, 3], emotion=["anger", "sadness", "anger"])
    write_store(tmp_path, [frames(6)], index, front_end=FRONT_END)
    damaged(tmp_path, change)
    with pytest.raises(StoreError, match="is damaged") as caught:
        Store.open(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_copied_store_is_checked_once(tmp_path: Path) -> None:
    write_store(tmp_path / "a", [frames(6)], table([2, 1, 3]), front_end=FRONT_END)
    shutil.copytree(tmp_path / "a", tmp_path / "b", copy_function=shutil.copy)
    records = json.loads((tmp_path / "b" / "store.json").read_text())["files"]
    assert Store.open(tmp_path / "b").hash == Store.open(tmp_path / "a").hash
    assert json.loads((tmp_path / "b" / "store.json").read_text())["files"] != records
    # Bits that change without a new time of change are found when the checksums are asked for.
    file = tmp_path / "b" / "frames.npy"
    times = file.stat()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    Store.open(tmp_path / "b")
    with pytest.raises(StoreError, match=r"frames\.npy: is damaged"):
        Store.open(tmp_path / "b", verify=True)
