"""Split rules by name.

A new split is a module in `splits/` that registers a `SplitRule`, or a `SplitFamily` for a name with a
number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from serenade.errors import SplitError
from serenade.registry import Registry

DEV_SHARE = 0.15
"""Default share of the training speakers that the dev part gets."""


@dataclass(frozen=True, kw_only=True)
class DevChoice:
    """How dev speakers are chosen where a split does not name them.

    Attributes:
        seed: of the random choice, together with the fold.
        share: share of the training speakers.
    """

    seed: int = 0
    share: float = DEV_SHARE


Assign = Callable[[pd.DataFrame, int, DevChoice], "pd.Series[str]"]
"""(labelled rows, fold, choice of the dev speakers) → the part of each row, "" for none."""


@dataclass(frozen=True, kw_only=True)
class SplitRule:
    """How a named split divides a corpus table.

    Attributes:
        about: one line for lists.
        assign: assigns each row to a part.
        count_folds: number of folds on a table; None for a split without folds.
        corpus: name of the corpus that it is defined for; "" for any.
        grouped_by: what no two parts share: "speaker", "dialogue", or "" for a split that leaks on purpose.
        needs_speakers: whether every row must have a speaker.
        excluded: clips of `corpus` that the published split leaves out, by source, with the reason.
        speakers: the speakers that it is defined for; empty for any.
    """

    about: str
    assign: Assign
    count_folds: Callable[[pd.DataFrame], int] | None = None
    corpus: str = ""
    grouped_by: Literal["speaker", "dialogue", ""] = "speaker"
    needs_speakers: bool = True
    excluded: Mapping[str, str] = field(default_factory=dict)
    speakers: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class SplitFamily:
    """Splits whose name ends in a number: `grouped-K` stands for grouped-5, grouped-6 and so on.

    Attributes:
        about: one line for lists.
        rule: returns the rule of a number.
    """

    about: str
    rule: Callable[[int], SplitRule]


SPLITS = Registry[SplitRule | SplitFamily]("split", packages=("serenade.corpora.splits",), error=SplitError)
"""Splits by name; the name of a family ends in "-K"."""


def split_rule(name: str) -> SplitRule:
    """Return the rule of a split.

    Raises:
        SplitError: there is no such split; the message names the most similar one.

    >>> split_rule("grouped-6").about
    '6 folds of speakers in alphabetical blocks'
    """
    if name in SPLITS and isinstance(rule := SPLITS[name], SplitRule):
        return rule
    match = re.fullmatch(r"(.+)-(\d+)", name)
    if match and (family := f"{match[1]}-K") in SPLITS and isinstance(entry := SPLITS[family], SplitFamily):
        return entry.rule(int(match[2]))
    if name in SPLITS:
        raise SplitError(f"{name!r} stands for several splits; write a number for K, e.g. {name[:-1]}5")
    raise SplitError(f"there is no split {name!r}; {SPLITS.suggest(name)}")


def list_splits() -> list[str]:
    """Return the names of the splits; K stands for a number. `SPLITS` has the entries.

    >>> [name for name in list_splits() if name.endswith("-K")]
    ['grouped-K', 'mixed-K']
    """
    return list(SPLITS)


def dialogue_split(corpora: Iterable[str]) -> str:
    """Return the split by dialogue that is defined for a corpus, or "" if there is none or several corpora.

    >>> dialogue_split(["meld", "meld"]), dialogue_split(["cremad"])
    ('meld', '')
    """
    names = set(corpora)
    for name in SPLITS:
        rule = SPLITS[name]
        if isinstance(rule, SplitRule) and rule.grouped_by == "dialogue" and {rule.corpus} == names:
            return name
    return ""
