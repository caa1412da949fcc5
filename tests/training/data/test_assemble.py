"""Whose clips are dealt out of a store of several corpora, and what else a network is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from serenade.corpora import make_split
from serenade.errors import RecipeError, SplitError
from serenade.features.store import Store
from serenade.training.data.assemble import auxiliary_targets_of
from serenade.training.recipe import Recipe
from serenade.training.run import train

Tiny = Callable[..., Recipe]
Weights = Callable[[Path], dict[str, torch.Tensor]]


@pytest.fixture
def several(make_store: Callable[..., Store], tmp_path: Path) -> Store:
    """Five speakers of one corpus, and one of another with the name of the first."""

    def change(table: pd.DataFrame, features: list) -> None:
        other = table["speaker"] == "06"
        table.loc[other, "corpus"] = "other"
        table.loc[other, "speaker"] = "01"

    return make_store(tmp_path / "several", change=change)


@pytest.mark.usefixtures("bare")
def test_a_run_deals_out_one_corpus_and_learns_from_the_other(several: Store, tiny: Tiny, tmp_path: Path):
    run = train(
        tiny(data={"split_corpus": "toy", "fold": 0}, training={"epochs": 1}),
        store=several,
        out=tmp_path / "run",
    ).folder
    for fold in (1, 2, 3):
        split = pd.read_csv(run / f"fold{fold}-seed0" / "split.csv")
        assert split["part"][several.index["corpus"] == "other"].eq("train").all()
        assert {"train", "dev", "test"} == set(split["part"][several.index["corpus"] == "toy"])


def test_a_run_on_a_corpus_that_the_store_has_not(several: Store, tiny: Tiny, tmp_path: Path):
    with pytest.raises(
        SplitError, match="the corpus to be split is 'cremad', and this store contains other, toy"
    ):
        train(tiny(data={"split_corpus": "cremad"}), store=several, out=tmp_path / "run")


def test_speakers_of_one_name_in_two_corpora_are_two(several: Store, tiny: Tiny):
    split = make_split(several.index, "grouped-5", fold=2, corpus="toy")
    recipe = tiny(data={"auxiliary_targets": ["speaker"]})
    asked = pd.Series(auxiliary_targets_of(recipe, several, split)["speaker"].numpy())
    first = asked[several.index["speaker"] == "01"].groupby(several.index["corpus"]).unique()
    assert len(first["toy"]) == len(first["other"]) == 1
    assert first["toy"][0] != first["other"][0]


@pytest.mark.usefixtures("bare")
def test_what_else_is_asked_shapes_the_network_and_leaves_it_no_larger(
    store: Store, tiny: Tiny, weights_of: Weights, tmp_path: Path
):
    plain = weights_of(train(tiny(), store=store, out=tmp_path / "plain").folder)
    asked = weights_of(
        train(tiny(data={"auxiliary_targets": ["sex"]}), store=store, out=tmp_path / "asked").folder
    )
    assert asked.keys() == plain.keys()
    assert any(not torch.equal(asked[name], plain[name]) for name in plain)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("column", "network", "said"),
    [
        ("shoe_size", "compact", "this store does not have"),
        ("language", "compact", "has one value in the train part"),
        ("sex", "cnn_lstm", "has no embedding"),
    ],
)
def test_a_question_that_cannot_be_asked(
    store: Store, tiny: Tiny, tmp_path: Path, column: str, network: str, said: str
):
    sections = {} if network == "compact" else {"network": {"name": network}}
    with pytest.raises(RecipeError, match=said):
        train(tiny(data={"auxiliary_targets": [column]}, **sections), store=store, out=tmp_path / "run")
