"""What every split promises, for each registered split."""

from __future__ import annotations

import pandas as pd
import pytest

from serenade.corpora import PARTS, check_split, count_folds, list_splits, make_split, new_table
from serenade.corpora.split_registry import SPLITS, SplitFamily, split_rule
from serenade.errors import SplitError

NAMES = [name.replace("-K", "-3") if isinstance(SPLITS[name], SplitFamily) else name for name in SPLITS]
every_split = pytest.mark.parametrize("name", NAMES)


def table_for(name):
    """A table that the split fits: its corpus and speakers, with parts and dialogues by speaker."""
    rule = split_rule(name)
    speakers = sorted(rule.speakers) or [f"spk{number:02}" for number in range(12)]
    part = {speaker: ("train", "train", "dev", "test")[number % 4] for number, speaker in enumerate(speakers)}
    return new_table(
        {
            "file": f"{speaker}/{emotion}_{variant}.wav",
            "emotion": emotion,
            "speaker": speaker,
            "sex": ("male", "female")[number % 2],
            "corpus": rule.corpus or "own",
            "split": part[speaker],
            "source": f"{speaker}_{emotion}",
            "variant": variant,
            "dialogue": f"{part[speaker]}/{number}",
            "rank": 0,
        }
        for number, speaker in enumerate(speakers)
        for emotion in ("anger", "fear", "neutral")
        for variant in ("original", "pitch_up")
    )


def folds(name, table):
    return [None] if split_rule(name).count_folds is None else range(1, count_folds(name, table) + 1)


@every_split
def test_is_described(name):
    assert split_rule(name).about
    families = {name for name in list_splits() if name.endswith("-K")}
    assert {f"{name.rpartition('-')[0]}-K" for name in NAMES} >= families
    assert set(NAMES) >= set(list_splits()) - families


@every_split
def test_every_fold_has_train_dev_and_test_and_shares_nothing(name):
    table = table_for(name)
    for fold in folds(name, table):
        split = make_split(table, name, fold=fold)
        check_split(table, split)
        assert {"train", "dev", "test"} <= set(split.parts) <= {*PARTS, ""}
        assert set(split.dropped.index) == set(split.parts.index[split.parts == ""])
        assert (split.dropped != "").all()
        for column in {"": [], "speaker": ["speaker", "source"], "dialogue": ["dialogue", "source"]}[
            split.grouped_by
        ]:
            used = split.parts != ""
            assert (split.parts[used].groupby(table.loc[used, column]).nunique() == 1).all()


@every_split
def test_a_leak_is_found_unless_the_name_says_leaky(name):
    table = table_for(name)
    split = make_split(table, name, fold=folds(name, table)[0])
    parts = split.parts.copy()
    parts[parts.index[parts == "test"][0]] = "train"
    spoilt = type(split)(**{**vars(split), "parts": parts})
    if split.leaky:
        assert "leaky" in name
        check_split(table, spoilt)
    else:
        with pytest.raises(SplitError, match="leaks"):
            check_split(table, spoilt)


@every_split
def test_the_order_of_the_rows_changes_nothing(name):
    table = table_for(name)
    fold = folds(name, table)[-1]
    split = make_split(table, name, fold=fold)
    shuffled = table.sample(frac=1, random_state=1)
    again = make_split(shuffled, name, fold=fold)
    pd.testing.assert_series_equal(again.parts.reindex(table.index), split.parts)
    assert again.hash == split.hash


@every_split
def test_the_folds_test_every_speaker_at_most_once(name):
    table = table_for(name)
    tested = [
        set(table["speaker"][make_split(table, name, fold=fold).parts == "test"])
        for fold in folds(name, table)
    ]
    assert sum(map(len, tested)) == len(set().union(*tested))


@every_split
def test_another_corpus_is_one_sentence(name):
    if split_rule(name).corpus:
        with pytest.raises(SplitError, match="is defined for"):
            make_split(table_for(name).assign(corpus="another"), name, fold=1)


@every_split
def test_missing_speakers_are_one_sentence(name):
    if split_rule(name).needs_speakers:
        with pytest.raises(SplitError, match="--speakers-from"):
            make_split(table_for(name).assign(speaker=""), name, fold=1)


@every_split
def test_a_speaker_that_a_published_split_does_not_list_is_in_no_part(name):
    if split_rule(name).speakers:
        table = table_for(name)
        table.loc[0, "speaker"] = "nobody"
        split = make_split(table, name, fold=folds(name, table)[0])
        assert split.dropped[0] == f"has a speaker that {name} does not list"
