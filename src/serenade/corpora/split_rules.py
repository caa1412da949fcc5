"""How each named split deals a table out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from serenade.corpora import speaker_lists
from serenade.errors import SplitError

DEV_SHARE = 0.15
"""Share of the speakers to train on that is kept for choosing, where nobody says another."""
_OFFICIAL = {
    "train": "train",
    "dev": "dev",
    "validation": "dev",
    "valid": "dev",
    "val": "dev",
    "test": "test",
}


@dataclass(frozen=True)
class Draw:
    """What is left to chance: `share` of the speakers to train on are dev's, by `seed` and the fold."""

    seed: int = 0
    share: float = DEV_SHARE


Assign = Callable[[pd.DataFrame, int, Draw], "pd.Series[str]"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a named split deals out a table: `folds` counts, `assign` gives a part (or "") for each row.

    What its parts never share is `apart`: "speaker", or "dialogue" where the same people speak everywhere.
    """

    about: str
    assign: Assign
    folds: Callable[[pd.DataFrame], int] | None = None
    corpus: str = ""
    leaky: bool = False
    apart: str = "speaker"


def rule_named(name: str) -> Rule:
    """The rule of a split.

    Raises:
        SplitError: no split is called so; the message names the nearest.
    """
    if name in RULES:
        return RULES[name]
    if match := re.fullmatch(r"grouped-(\d+)", name):
        return _grouped(int(match.group(1)))
    near = difflib.get_close_matches(name, ABOUT, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(ABOUT)}"
    raise SplitError(f"no split is called {name!r}; {hint}")


def people_of(table: pd.DataFrame) -> pd.Series[str]:
    """Speakers, made unique where several corpora share a table."""
    if table["corpus"].nunique() > 1:
        return table["corpus"] + "/" + table["speaker"]
    return table["speaker"]


def _dev_speakers(people: pd.Series[str], sex: pd.Series[str], fold: int, draw: Draw) -> set[str]:
    """A share of the speakers, sexes in the proportion in which they are there."""
    known = pd.Series(sex.to_numpy(), index=people.to_numpy()).groupby(level=0).first().sort_index()
    if len(known) < 2:
        raise SplitError(
            f"there are too few speakers: of {len(known)} to train on none can be kept for choosing (dev); "
            "at least three are needed in all"
        )
    wanted = max(2 if len(known) >= 6 else 1, round(draw.share * len(known)))
    shuffled = known.iloc[np.random.default_rng([draw.seed, fold]).permutation(len(known))]
    # Each speaker's place within his sex, as a share of it: taking the smallest keeps the proportions.
    place = (shuffled.groupby(shuffled).cumcount() + 0.5) / shuffled.groupby(shuffled).transform("size")
    return set(place.sort_values(kind="stable").index[:wanted])


def _by_test_block(
    block: Callable[[pd.Series[str], int], set[str]],
    held_out: Callable[[pd.Series[str]], set[str]] | None = None,
) -> Assign:
    """Assign by the test speakers of a fold; dev speakers are cut from the rest."""

    def assign(table: pd.DataFrame, fold: int, draw: Draw) -> pd.Series[str]:
        people = people_of(table)
        test, aside = block(people, fold), held_out(people) if held_out else set()
        rest = ~people.isin(test | aside)
        if not people.isin(test).any():
            raise SplitError(
                f"fold {fold} has no speaker to test on in this corpus; use another fold or grouped-5"
            )
        dev = _dev_speakers(people[rest], table["sex"][rest], fold, draw)
        parts = pd.Series("train", index=table.index)
        parts[people.isin(dev)] = "dev"
        parts[people.isin(test)] = "test"
        parts[people.isin(aside)] = "held-out"
        return parts

    return assign


def _by_range(ranges: tuple[tuple[int, int], ...]) -> Callable[[pd.Series[str], int], set[str]]:
    def block(people: pd.Series[str], fold: int) -> set[str]:
        first, last = ranges[fold - 1]
        return {person for person in people.unique() if person.isdigit() and first <= int(person) <= last}

    return block


def _after(last: int) -> Callable[[pd.Series[str]], set[str]]:
    def held_out(people: pd.Series[str]) -> set[str]:
        return {person for person in people.unique() if person.isdigit() and int(person) > last}

    return held_out


def _by_list(lists: Mapping[str, frozenset[str]]) -> Assign:
    part_of = {speaker: part for part, speakers in lists.items() for speaker in speakers}

    def assign(table: pd.DataFrame, fold: int, draw: Draw) -> pd.Series[str]:
        return table["speaker"].map(part_of).fillna("")

    return assign


def _grouped(k: int) -> Rule:
    def folds(table: pd.DataFrame) -> int:
        speakers = people_of(table).nunique()
        # Of the biggest fold, two must be left: one to train on and one to choose by.
        if not 2 <= k <= speakers or speakers - -(-speakers // k) < 2:
            needed = max(k, 4 if k == 2 else 3)
            raise SplitError(
                f"grouped-{k} needs at least {needed} speakers, and K of 2 or more; here are {speakers}"
            )
        return k

    def block(people: pd.Series[str], fold: int) -> set[str]:
        return set(np.array_split(np.array(sorted(people.unique()), dtype=object), k)[fold - 1])

    return Rule(about=f"{k} folds of speakers in blocks", assign=_by_test_block(block), folds=folds)


def _one_out(people: pd.Series[str], fold: int) -> set[str]:
    return {sorted(people.unique())[fold - 1]}


def _official(table: pd.DataFrame, fold: int, draw: Draw) -> pd.Series[str]:
    unknown = sorted(set(table["split"].str.lower()) - set(_OFFICIAL) - {""})
    if unknown or not (table["split"] != "").any():
        what = f"says {unknown[0]!r}" if unknown else "is empty"
        raise SplitError(
            f"the table's column `split` {what}; write train, dev and test there, or use grouped-5"
        )
    parts = table["split"].str.lower().map(_OFFICIAL).fillna("")
    if (parts == "dev").any():
        return parts
    # Nothing to choose by: cut it from train, never from test.
    train = table[parts == "train"]
    if (train["speaker"] == "").any():
        raise SplitError(
            "the table's column `split` names no dev part, and without speakers none can be cut from train; "
            "write dev for some of the rows"
        )
    people = people_of(train)
    dev = people.isin(_dev_speakers(people, train["sex"], fold, draw))
    parts[train.index[dev]] = "dev"
    return parts


def _random(table: pd.DataFrame, fold: int, draw: Draw) -> pd.Series[str]:
    """70 / 15 / 15 by file, as the original did: copies and speakers fall on both sides."""
    order = table.sort_values(["file", "start"], kind="stable").index
    shuffled = order[np.random.default_rng(draw.seed).permutation(len(order))]
    bounds = [round(0.70 * len(order)), round(0.85 * len(order))]
    parts = pd.Series("test", index=table.index)
    parts[shuffled[: bounds[1]]] = "dev"
    parts[shuffled[: bounds[0]]] = "train"
    return parts


RULES = {
    "tfds": Rule(
        about="CREMA-D as TensorFlow Datasets deals it out: 63 / 9 / 19 speakers",
        assign=_by_list(speaker_lists.TFDS),
        corpus="cremad",
    ),
    "audeering": Rule(
        about="CREMA-D as audeering deals it out: 56 / 18 / 17 speakers",
        assign=_by_list(speaker_lists.AUDEERING),
        corpus="cremad",
    ),
    "hicmae": Rule(
        about="CREMA-D in the five folds of HiCMAE, blocks of 18 or 19 actors",
        assign=_by_test_block(_by_range(speaker_lists.HICMAE)),
        folds=lambda table: len(speaker_lists.HICMAE),
        corpus="cremad",
    ),
    "actors-5": Rule(
        about="RAVDESS in five folds of four actors; actors 21-24 are held out",
        assign=_by_test_block(_by_range(speaker_lists.ACTORS_5), _after(speaker_lists.ACTORS_5[-1][1])),
        folds=lambda table: len(speaker_lists.ACTORS_5),
        corpus="ravdess",
    ),
    "one-speaker-out": Rule(
        about="a fold for each speaker, tested on that one alone",
        assign=_by_test_block(_one_out),
        folds=lambda table: people_of(table).nunique(),
    ),
    "official": Rule(about="the parts that the corpus or manifest names itself", assign=_official),
    "meld": Rule(
        about="MELD's own parts: no dialogue is in two of them, the speakers are in all: not a speaker split",
        assign=_official,
        corpus="meld",
        apart="dialogue",
    ),
    "random-leaky": Rule(
        about="70 / 15 / 15 by file; speakers and copies are on both sides: for comparison only",
        assign=_random,
        leaky=True,
    ),
}

ABOUT = {
    **{name: rule.about for name, rule in RULES.items()},
    "grouped-K": "K folds of speakers in blocks, e.g. grouped-6",
}
"""Every split and what it is; K stands for a number."""
