"""The evaluation folder: what is read back is what was written, or one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from serenade.errors import CorpusError, OutputError
from serenade.evaluation.folder import EvaluationFolder, find_evaluations


@pytest.fixture
def folder(tmp_path: Path, predictions: pd.DataFrame) -> EvaluationFolder:
    folder = EvaluationFolder(tmp_path / "evaluation")
    folder.start()
    folder.write_predictions(predictions)
    folder.write_metrics({"labels": ("anger",), "value": 1 / 3, "none": None})
    return folder


def test_is_read_back(folder: EvaluationFolder, predictions: pd.DataFrame) -> None:
    metrics, table = folder.read()
    assert (metrics["labels"], metrics["value"], metrics["none"]) == (["anger"], 1 / 3, None)
    pd.testing.assert_frame_equal(table, predictions, check_dtype=False)


def test_names_and_texts_of_any_kind_are_read_back(
    folder: EvaluationFolder, predictions: pd.DataFrame
) -> None:
    """The report looks for the recordings by these names, to play them."""
    names = ["/a/caf\udce9.wav", "/a/b\r.wav", "/a/file:x.wav", *predictions["file"][3:]]
    table = predictions.assign(file=names, text="a\rb")
    folder.start()
    folder.write_predictions(table)
    folder.write_metrics({"labels": ("anger",)})
    assert folder.read()[1][["file", "text"]].equals(table[["file", "text"]])


def test_every_flipped_byte_of_the_metrics_is_noticed(folder: EvaluationFolder) -> None:
    whole = folder.metrics.read_bytes()
    content = json.loads(whole)
    for place in range(len(whole)):
        folder.metrics.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            found = folder.read()[0]
        except CorpusError:
            continue
        assert found == {name: value for name, value in content.items() if name != "sha256"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{half", "is not JSON"),
        ("", "is empty"),
        ("[1]", "is not the metrics.json of an evaluation"),
        ('{"labels": []}', "is not the metrics.json of an evaluation"),
        ('{"format": "serenade-evaluation", "version": 99}', "another version"),
        ('{"format": "serenade-evaluation", "version": 4}', "was changed after the evaluation"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_damaged_metrics(folder: EvaluationFolder, content: str, message: str) -> None:
    folder.metrics.write_text(content)
    with pytest.raises(CorpusError, match=message):
        folder.read()


def test_changed_or_missing_predictions(folder: EvaluationFolder) -> None:
    folder.predictions.write_text(folder.predictions.read_text().replace("clip000", "clip999"))
    with pytest.raises(CorpusError, match=r"predictions\.csv: was changed after the evaluation"):
        folder.read()
    folder.predictions.unlink()
    with pytest.raises(CorpusError, match=r"predictions\.csv: cannot be read"):
        folder.read()


def test_an_interrupted_evaluation_is_named(folder: EvaluationFolder) -> None:
    (folder.path / ".0123456789abcdef.part").write_text("half")
    (folder.path / "notes.txt").write_text("mine")
    folder.start()
    with pytest.raises(CorpusError, match="was interrupted"):
        folder.read()
    assert {file.name for file in folder.path.iterdir()} == {"metrics.json", "notes.txt"}


@pytest.mark.parametrize("name", ["metrics.json", "predictions.csv", "report.html", "speakers.png"])
def test_files_of_others_are_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(OutputError, match="choose another --out"):
        EvaluationFolder(tmp_path).start()
    assert (tmp_path / name).read_text() == "{}"


def test_evaluations_of_a_run(folder: EvaluationFolder, tmp_path: Path) -> None:
    assert find_evaluations(tmp_path) == find_evaluations(folder.path) == [folder]
    inner = EvaluationFolder(folder.path / "dev")
    inner.start()
    assert find_evaluations(tmp_path) == [inner, folder]
    with pytest.raises(CorpusError, match="no such folder"):
        find_evaluations(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="holds no evaluation"):
        find_evaluations(tmp_path / "empty")
