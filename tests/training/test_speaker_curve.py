"""Learning curves over speakers: nested subsets, the same test part, continued where they stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from serenade.cli.main import run as run_command
from serenade.corpora import make_split
from serenade.corpora.train_speakers import with_train_speakers
from serenade.errors import RecipeError, SplitError
from serenade.evaluation.folder import EvaluationFolder
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.training.recipe import Recipe
from serenade.training.speaker_curve import speaker_curve

pytestmark = pytest.mark.usefixtures("bare")


@pytest.fixture
def recipe(tmp_path: Path, tiny) -> Path:
    file = tmp_path / "tiny.toml"
    file.write_text(tiny(data={"split": "grouped-3", "fold": 1}).to_toml())
    return file


def drawn(table, split, draw: int) -> list[str]:
    """The training speakers of a draw of one."""
    return with_train_speakers(table, split, speakers=1, draw=draw).rows(table, "train")["speaker"].tolist()


def test_subsets_are_nested_and_test_and_dev_stay(store: Store) -> None:
    table, split = store.index, make_split(store.index, "grouped-3", fold=1)
    every = set(split.rows(table, "train")["speaker"])
    sets = [
        set(with_train_speakers(table, split, speakers=n, draw=0).rows(table, "train")["speaker"])
        for n in range(1, len(every) + 1)
    ]
    assert [len(each) for each in sets] == list(range(1, len(every) + 1))
    assert all(smaller < larger for smaller, larger in pairwise(sets))
    fewer = with_train_speakers(table, split, speakers=1, draw=0)
    for part in ("dev", "test"):
        assert fewer.rows(table, part).equals(split.rows(table, part))
    left_out = fewer.dropped[fewer.dropped == "a training speaker that was not drawn"].index
    assert set(table.loc[left_out, "speaker"]) == every - sets[0]
    assert fewer.hash != split.hash
    first = {
        frozenset(with_train_speakers(table, split, speakers=1, draw=draw).rows(table, "train")["speaker"])
        for draw in range(12)
    }
    assert len(first) > 1


def test_only_speakers_of_the_split_corpus_are_drawn(store: Store) -> None:
    table = store.index.copy()
    other = table.assign(corpus="other", emotion="boredom", speaker=table["speaker"] + "x")
    both = pd.concat([table, other], ignore_index=True)
    own = str(table["corpus"].iloc[0])
    split = make_split(both, "grouped-3", fold=1, corpus=own)
    split = replace(split, parts=split.parts.mask(both["corpus"] == "other", "train"))
    fewer = with_train_speakers(both, split, speakers=1, draw=0, corpus=own).rows(both, "train")
    assert fewer.loc[fewer["corpus"] == own, "speaker"].nunique() == 1
    assert len(fewer[fewer["corpus"] == "other"]) == len(table)
    with pytest.raises(SplitError, match="no clip of"):
        with_train_speakers(both, split, speakers=1, draw=0)


def test_what_cannot_be_drawn_is_one_sentence(store: Store) -> None:
    table, split = store.index.copy(), make_split(store.index, "grouped-3", fold=1)
    with pytest.raises(SplitError, match="99 training speakers are requested, and train has"):
        with_train_speakers(table, split, speakers=99, draw=0)
    train = split.rows(table, "train")
    table.loc[train.index[0], "speaker"] = ""
    with pytest.raises(SplitError, match="some training clips have no speaker"):
        with_train_speakers(table, split, speakers=1, draw=0)
    table = store.index.copy()
    table.loc[train.index, "emotion"] = ["rare", *["anger"] * (len(train) - 1)]
    own = table.loc[train.index[0], "speaker"]
    fewer = [draw for draw in range(12) if own not in drawn(store.index, split, draw)]
    with pytest.raises(SplitError, match="have no clip of rare; use more speakers"):
        with_train_speakers(table, split, speakers=1, draw=fewer[0])


def test_the_hash_of_a_recipe_without_the_keys_is_that_of_earlier_versions() -> None:
    recipe = Recipe.from_dict({})
    assert Recipe.from_dict({"data": {"train_speakers": 0}}).hash == recipe.hash
    assert Recipe.from_dict({"data": {"train_speakers": 4}}).hash != recipe.hash


def test_the_curve_is_that_of_the_evaluations_and_in_the_report(
    store: Store, recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "curve"
    names: list[str] = []
    curve = speaker_curve(
        recipe, store=store, out=out, speakers=[1], draws=2, on_run=lambda *run: names.append(run[2])
    )
    assert names == ["1 speaker, draw 1", "1 speaker, draw 2", "3 speakers, draw 1"]
    assert [len(point.scores) for point in curve.points] == [2, 1]
    evaluated = []
    for point in curve.points:
        for score, run in zip(point.scores, point.runs, strict=True):
            metrics, predictions = EvaluationFolder(RunFolder(out / run).evaluation).read()
            assert score == metrics["mean"][curve.metric]["value"]
            evaluated.append(set(predictions["id"]))
    assert all(clips == evaluated[0] for clips in evaluated)
    content = json.loads((out / "speaker_curve.json").read_text())
    assert content == json.loads(json.dumps(curve.to_dict()))
    page = curve.report.read_text()
    assert "Learning curve over speakers" in page
    assert "on test by the number of training speakers: " in page
    assert (out / "speaker_curve.png").stat().st_size > 5000
    weights = [RunFolder(out / run).model.weights for point in curve.points for run in point.runs]
    times = [file.stat().st_mtime_ns for file in weights]
    again = speaker_curve(recipe, store=store, out=out, speakers=[1], draws=2)
    assert again.points == curve.points
    assert [file.stat().st_mtime_ns for file in weights] == times


def test_impossible_numbers_are_one_sentence(store: Store, recipe: Path, tmp_path: Path) -> None:
    for count in (99, 0, -1):
        with pytest.raises(RecipeError, match="choose numbers from 1 to"):
            speaker_curve(recipe, store=store, out=tmp_path / "curve", speakers=[2, count])
    for text in (",", "", "1/2,2", "2,,3", "2.5"):
        command = ["curve", str(recipe), "--store", str(store.path), "--speakers", text]
        assert run_command([*command, "--out", str(tmp_path / "curve")]) == 2
    assert not (tmp_path / "curve").exists()
    with pytest.raises(RecipeError, match=r"data.train_speakers is set"):
        speaker_curve(recipe, store=store, out=tmp_path / "curve", changes=["data.train_speakers=2"])
