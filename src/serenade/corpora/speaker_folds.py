"""Parts and folds by speaker, for the modules of `splits/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from serenade.corpora.speakers import speaker_ids
from serenade.corpora.split_registry import Assign, DevChoice
from serenade.errors import SplitError

Speakers = Callable[["pd.Series[str]", int], set[str]]
"""(speaker of each row, fold) → some of these speakers."""


def choose_dev_speakers(
    speakers: pd.Series[str], sex: pd.Series[str], fold: int, choice: DevChoice
) -> set[str]:
    """Choose the dev speakers at random, each sex with its share of the speakers.

    At least one speaker is chosen, and at least two of six or more.

    Args:
        speakers: speaker of each row that is not in the test part.
        sex: of the same rows.
        fold: number of the fold, from 1.
        choice: share and seed.

    Raises:
        SplitError: there are fewer than two speakers.
    """
    known = pd.Series(sex.to_numpy(), index=speakers.to_numpy()).groupby(level=0).first().sort_index()
    if len(known) < 2:
        raise SplitError(
            f"there are too few speakers: {len(known)} outside the test part, and train and dev need at "
            "least one each; a split by speaker needs at least three speakers"
        )
    count = max(2 if len(known) >= 6 else 1, round(choice.share * len(known)))
    shuffled = known.iloc[np.random.default_rng([choice.seed, fold]).permutation(len(known))]
    # Sorted by relative position within their sex, so that the first speakers keep the proportions.
    position = (shuffled.groupby(shuffled).cumcount() + 0.5) / shuffled.groupby(shuffled).transform("size")
    return set(position.sort_values(kind="stable").index[:count])


def k_folds(name: str, k: int) -> Callable[[pd.DataFrame], int]:
    """Return a rule that gives k as the number of folds, if a corpus has speakers enough.

    Args:
        name: of the split, for the message.
        k: number of folds with about the same number of test speakers.
    """

    def count_folds(table: pd.DataFrame) -> int:
        speakers = speaker_ids(table).nunique()
        # Outside the largest test part there must be two speakers: one for train and one for dev.
        if not 2 <= k <= speakers or speakers - -(-speakers // k) < 2:
            needed = max(k, 4 if k == 2 else 3)
            raise SplitError(
                f"{name} needs K of 2 or more and at least {needed} speakers; this corpus has {speakers}"
            )
        return k

    return count_folds


def by_test_speakers(test_speakers: Speakers, held_out: Speakers | None = None) -> Assign:
    """Return a rule that assigns rows by the test speakers of a fold; dev speakers come from the others.

    Args:
        test_speakers: test speakers of a fold.
        held_out: speakers that are in no part of any fold.
    """

    def assign(table: pd.DataFrame, fold: int, choice: DevChoice) -> pd.Series[str]:
        speakers = speaker_ids(table)
        test, excluded = test_speakers(speakers, fold), held_out(speakers, fold) if held_out else set()
        rest = ~speakers.isin(test | excluded)
        if not speakers.isin(test).any():
            raise SplitError(
                f"fold {fold} has no test speaker in this corpus; use another fold, or the split grouped-5"
            )
        dev = choose_dev_speakers(speakers[rest], table["sex"][rest], fold, choice)
        parts = pd.Series("train", index=table.index)
        parts[speakers.isin(dev)] = "dev"
        parts[speakers.isin(test)] = "test"
        parts[speakers.isin(excluded)] = "held-out"
        return parts

    return assign


def numbered(*ranges: tuple[int, int]) -> Speakers:
    """Return the speakers of a fold as a range of numbers, first and last included, one range a fold."""

    def speakers_of_fold(speakers: pd.Series[str], fold: int) -> set[str]:
        first, last = ranges[fold - 1]
        return {name for name in speakers.unique() if name.isdigit() and first <= int(name) <= last}

    return speakers_of_fold


def by_lists(parts: Mapping[str, frozenset[str]]) -> Assign:
    """Return a rule that assigns rows by the published list of speakers of each part."""
    part_of = {speaker: part for part, speakers in parts.items() for speaker in speakers}

    def assign(table: pd.DataFrame, fold: int, choice: DevChoice) -> pd.Series[str]:
        return table["speaker"].map(part_of).fillna("")

    return assign
