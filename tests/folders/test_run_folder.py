from __future__ import annotations

from pathlib import Path

import pytest

from serenade.errors import ModelError, RunError
from serenade.folders import FoldRunRecord, RunFolder, RunRecord, RunSummary, SplitRow, StoreRecord

RECORD = RunRecord(recipe="r", store=StoreRecord(path="/store", hash="s"))
SUMMARY = RunSummary(
    name="toy",
    recipe="r",
    store=RECORD.store,
    split="grouped-3",
    fold_runs=(
        FoldRunRecord(
            fold=None, seed=0, folder=".", epochs=2, kept_epoch=1, figures={"dev_uar": 0.5}, seconds=1.0
        ),
    ),
)
LOG = [{"epoch": 1.0, "train_loss": 1.5, "dev_loss": float("inf"), "seconds": 0.5}]
SPLIT = [
    SplitRow(id="a", file="/a.wav", source="a", speaker="01", emotion="anger", part="train"),
    SplitRow(id="b", file="/b,\n.wav", source="b", speaker="NA", emotion="", part="", dropped="no label"),
]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run folder with every small file."""
    folder = RunFolder(tmp_path / "run")
    folder.write_record(RECORD)
    folder.write_summary(SUMMARY)
    folder.write_log(LOG)
    folder.write_split(SPLIT)
    folder.write_recipe('name = "toy"\n')
    return folder


def test_what_is_written_reads_back_equal(run: RunFolder) -> None:
    assert run.read_record() == RECORD
    assert run.read_summary() == SUMMARY
    assert run.read_log() == LOG
    assert run.read_split() == SPLIT
    assert run.read_recipe_text() == 'name = "toy"\n'


def test_fold_runs_are_named_and_parsed_in_one_place(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.fold_runs() == [run]
    for fold, seed in ((10, 0), (2, 1), (2, 0)):
        made = run.fold_run(fold=fold, seed=seed)
        made.path.mkdir()
        assert (made.fold, made.seed) == (fold, seed)
    for name in ("fold1-seed0 (copy)", "fold1", "fold0-seed0", "foldx-seedy"):
        (tmp_path / name).mkdir()
    (tmp_path / "fold3-seed0").touch()
    assert [found.path.name for found in run.fold_runs()] == ["fold2-seed0", "fold2-seed1", "fold10-seed0"]


def complete(run: RunFolder) -> None:
    run.model.path.mkdir(parents=True)
    run.model.weights.touch()
    run.model.write_card("# toy")


def test_the_model_of_a_run(run: RunFolder) -> None:
    with pytest.raises(ModelError, match="--resume"):
        run.model_to_use()
    complete(run.fold_run(fold=1, seed=0))
    with pytest.raises(ModelError, match=r"serenade train \S+ --refit"):
        run.model_to_use()
    complete(run.final)
    assert run.model_to_use() == run.final.model


def test_the_model_of_a_single_fold_run(run: RunFolder, tmp_path: Path) -> None:
    complete(run)
    assert run.model_to_use() == run.model
    with pytest.raises(ModelError, match="not a run folder"):
        RunFolder(tmp_path / "nothing").model_to_use()


def test_the_run_of_a_model(run: RunFolder, tmp_path: Path) -> None:
    for inside in (run.path, run.model.path, run.fold_run(fold=1, seed=0).model.weights):
        assert RunFolder.containing(inside) == run
    assert RunFolder.containing(tmp_path) is None


READERS = {
    "run.json": RunFolder.read_record,
    "summary.json": RunFolder.read_summary,
    "log.jsonl": RunFolder.read_log,
    "split.csv": RunFolder.read_split,
    "recipe.toml": RunFolder.read_recipe_text,
}
DAMAGES = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) * 2 // 3],
    "binary": lambda content: bytes(range(256)) * 4,
    "zeros": lambda content: b"\0" * len(content),
    "latin": lambda content: b"\xff\xfe" + content,
    "html": lambda content: b"<html>404</html>",
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_reported_in_one_sentence(run: RunFolder, name: str, damage: str) -> None:
    file = run.path / name
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    if (name, damage) in (("recipe.toml", "empty"), ("split.csv", "cut")):
        return  # An empty recipe is TOML, and a table that ends early is a table.
    with pytest.raises(RunError, match=name) as error:
        READERS[name](run)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


JSON = [
    "null",
    "[]",
    "0",
    '"text"',
    "{}",
    '{"format": "other"}',
    "[" * 100_000,
    '{"a": ' * 5_000,
    "9" * 10_000,
]


@pytest.mark.parametrize("content", JSON, ids=range(len(JSON)))
@pytest.mark.parametrize("name", ["run.json", "summary.json", "log.jsonl"])
def test_foreign_json(run: RunFolder, name: str, content: str) -> None:
    (run.path / name).write_text(content)
    with pytest.raises(RunError, match=name):
        READERS[name](run)


def test_wrong_types(run: RunFolder) -> None:
    text = run.summary.read_text()
    for old, new in (
        ('"seed": 0', '"seed": "0"'),
        ('"seed": 0', '"seed": true'),
        ('"fold": null', '"fold": []'),
        ('"folder": "."', '"folder": 3'),
        ('"dev_uar": 0.5', '"dev_uar": "good"'),
        ('"path": "/store"', '"path": {}'),
        ('"version": 1', '"version": 2'),
    ):
        run.summary.write_text(text.replace(old, new))
        with pytest.raises(RunError, match=r"summary\.json"):
            run.read_summary()


def test_missing_files(tmp_path: Path) -> None:
    for read in READERS.values():
        with pytest.raises(RunError):
            read(RunFolder(tmp_path))
