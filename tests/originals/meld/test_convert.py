"""Pickles of arrays as safetensors."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from serenade.cli.main import run
from serenade.corpora.readers.meld import read_meld
from serenade.features.alignment import AUDIO_PICKLE, read_vectors, vector_rows
from serenade.synthetic.meld import SyntheticMeld


def test_convert_writes_safetensors(synthetic_meld: SyntheticMeld, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "text.safetensors"
    assert (
        run(["originals", "convert", str(synthetic_meld.path / "text_emotion.pkl"), "--out", str(out)]) == 0
    )
    assert str(out) in capsys.readouterr().out
    arrays = safetensors.numpy.load_file(out)
    with (synthetic_meld.path / "text_emotion.pkl").open("rb") as source:
        train, _, test = pickle.load(source)
    assert arrays["train/0/text_emotion"].shape == (33, 600)
    np.testing.assert_array_equal(arrays["train/0/text_emotion"], train["0"])
    np.testing.assert_array_equal(arrays["test/1/text_emotion"], test["1"])
    assert {name.partition("/")[0] for name in arrays} == {"train", "dev", "test"}
    with safe_open(out, framework="numpy") as opened:
        about = json.loads(opened.metadata()["serenade"])
    assert about["source"] == "text_emotion.pkl"


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="vectors of `audio_emotion.pkl`",
    verdict="equal",
    note="Dialogue_ID → (33, 300), row by row; read without running code, which `pickle.load` does.",
)
def test_audio_vectors_as_a_file_and_by_row(synthetic_meld: SyntheticMeld, tmp_path: Path) -> None:
    file, out = synthetic_meld.path / AUDIO_PICKLE, tmp_path / "audio.safetensors"
    assert run(["originals", "convert", str(file), "--out", str(out)]) == 0
    arrays = safetensors.numpy.load_file(out)
    with file.open("rb") as source:
        expected = pickle.load(source)
    for part, dialogues in zip(("train", "dev", "test"), expected, strict=True):
        for number, array in dialogues.items():
            assert array.shape == (33, 300)
            np.testing.assert_array_equal(arrays[f"{part}/{number}/audio_emotion"], array)
    table = read_meld(synthetic_meld.path)
    rows = vector_rows(table, read_vectors(file), file=file)
    assert rows.shape == (len(table), 300)
    for row, part, dialogue, rank in zip(rows, table["split"], table["dialogue"], table["rank"], strict=True):
        content = expected[("train", "dev", "test").index(part)]
        np.testing.assert_array_equal(row, content[dialogue.partition("/")[2]][rank])


def test_convert_keeps_text_and_numbers(tmp_path: Path, capsys: Any) -> None:
    content = {"0_1": np.arange(3.0), "names": ["é", b"b"], "n": 7}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    assert (
        run(["originals", "convert", str(tmp_path / "a.pkl"), "--out", str(tmp_path / "a.safetensors")]) == 0
    )
    arrays = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert sorted(arrays) == ["0_1/a", "n/a"]
    assert arrays["n/a"] == 7
    with safe_open(tmp_path / "a.safetensors", framework="numpy") as opened:
        assert json.loads(opened.metadata()["serenade"])["texts"] == {"names/0/a": "é", "names/1/a": "b"}
    assert "2 arrays and 2 texts" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"cos\nsystem\n.", pickle.dumps("text"), b"no"])
def test_convert_refuses_and_writes_nothing(tmp_path: Path, capsys: Any, content: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    assert (
        run(
            [
                "originals",
                "convert",
                str(tmp_path / "a.pkl"),
                "--out",
                str(tmp_path / "out" / "a.safetensors"),
            ]
        )
        == 1
    )
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
