"""Splits: which clips are trained on, which choose the epoch, and which are tested on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from serenade.corpora.corpus_table import PART_NAMES
from serenade.corpora.registry import CORPORA
from serenade.corpora.speakers import speaker_ids
from serenade.corpora.split_registry import DEV_SHARE, DevChoice, SplitRule, dialogue_split, split_rule
from serenade.errors import SplitError
from serenade.files import hash_of

PARTS = ("train", "dev", "test", "held-out")


@dataclass(frozen=True, eq=False)
class Split:
    """The part that each row of a corpus table belongs to.

    The parts of a split share no speaker, source clip or identical sound. The split `meld` separates
    dialogues instead of speakers, and splits with `leaky` in their name separate nothing.

    Attributes:
        name: as passed to `make_split`.
        parts: indexed like the table: "train", "dev", "test", "held-out" (in no fold) or "" (dropped).
        fold: from 1; None for a split without folds.
        n_folds: number of folds; 1 for a split without folds.
        seed: of the random choice of dev speakers (for random-leaky, of files).
        clip_ids: identity of each row, independent of its folder: corpus, source, variant and start.
        dropped: the reason for each row with part "".
        corpus: the corpus that is divided, where all other clips are in train; "" where all are divided.
    """

    name: str
    parts: pd.Series[str]
    fold: int | None
    n_folds: int
    seed: int
    clip_ids: pd.Series[str]
    dropped: pd.Series[str]
    corpus: str = ""

    @property
    def grouped_by(self) -> Literal["speaker", "dialogue", ""]:
        """What no two parts share: "speaker", "dialogue", or "" for a split that leaks on purpose."""
        return split_rule(self.name).grouped_by

    @property
    def leaky(self) -> bool:
        """Whether parts may share speakers and source clips."""
        return not self.grouped_by

    @property
    def hash(self) -> str:
        """SHA-256 of the clips of each part, independent of the order of the rows and of their folder."""
        rows = sorted(zip(self.clip_ids.tolist(), self.parts.tolist(), strict=True))
        return hash_of({"name": self.name, "fold": self.fold, "rows": rows})

    def rows(self, table: pd.DataFrame, part: str) -> pd.DataFrame:
        """Return the rows of one part."""
        return table.loc[self.parts[self.parts == part].index]

    def to_dict(self) -> dict[str, Any]:
        """Return name, fold, hash, clips by part and counts of dropped rows as JSON-serializable values."""
        return {
            "name": self.name,
            "fold": self.fold,
            "n_folds": self.n_folds,
            "leaky": self.leaky,
            "grouped_by": self.grouped_by,
            "seed": self.seed,
            "corpus": self.corpus,
            "hash": self.hash,
            "clips": {part: int((self.parts == part).sum()) for part in PARTS if (self.parts == part).any()},
            "dropped": {str(why): int(n) for why, n in self.dropped.value_counts().sort_index().items()},
        }


def count_folds(name: str, table: pd.DataFrame) -> int:
    """Return the number of folds that a split has on a table; 1 for a split without folds.

    Raises:
        SplitError: there is no such split, or it does not fit the table.
    """
    rule = split_rule(name)
    labelled = table[table["emotion"] != ""]
    _check_fits(labelled, name, rule)
    return rule.count_folds(labelled) if rule.count_folds else 1


def make_split(
    table: pd.DataFrame,
    name: str,
    *,
    fold: int | None = None,
    seed: int = 0,
    dev_share: float = DEV_SHARE,
    corpus: str = "",
    without_test: bool = False,
) -> Split:
    """Divide a corpus table into train, dev and test.

    Dropped from all parts are rows without a label and rows that could not be prepared (column `state`;
    unless the split is by dialogue, which must have no gaps). Dropped from dev and test are augmented copies
    (column `variant`); dropped from train are clips that are known to be unusable (`Corpus.unusable`).

    Args:
        table: a corpus table or the index of a store.
        name: one of `list_splits()`, with a number for K, e.g. "grouped-6".
        fold: from 1; None for splits without folds.
        seed: of the random choice of dev speakers, together with the fold.
        dev_share: share of the training speakers that the dev part gets (at least two of six or more), where
            the split does not name them.
        corpus: divide this corpus of several; clips of the other corpora are in train in every fold if they
            have one of its labels. "" divides all.
        without_test: put the clips of test and held-out into train, for a final model.

    Raises:
        SplitError: there is no such split or fold, speakers are missing or too few, or train is empty.
    """
    rule = split_rule(name)
    if corpus:
        split = make_split(
            rows_of_corpus(table, corpus),
            name,
            fold=fold,
            seed=seed,
            dev_share=dev_share,
            without_test=without_test,
        )
        return _with_other_corpora(table, split, corpus)
    labelled = table[table["emotion"] != ""]
    if labelled.empty:
        raise SplitError(f"cannot make the split {name!r}: none of the {len(table)} clips has a label")
    _check_fits(labelled, name, rule)
    n_folds = rule.count_folds(labelled) if rule.count_folds else 1
    if rule.count_folds is None and fold not in (None, 1):
        raise SplitError(f"the split {name!r} has no folds; remove fold={fold}")
    if rule.count_folds is not None and (fold is None or not 1 <= fold <= n_folds):
        raise SplitError(f"the split {name!r} has {n_folds} folds; choose fold=1 … {n_folds}, not {fold}")

    listed = labelled["speaker"].isin(rule.speakers) if rule.speakers else labelled["emotion"] != ""
    assigned = rule.assign(labelled[listed], fold or 1, DevChoice(seed=seed, share=dev_share))
    parts = assigned.reindex(table.index).fillna("")
    if without_test:
        parts[parts.isin(["test", "held-out"])] = "train"
    dropped = pd.Series("", index=table.index)
    dropped[table["emotion"] == ""] = "has no label"
    dropped[(table["emotion"] != "") & (parts == "")] = f"is in no part of {name}"
    dropped[listed.index[~listed]] = f"has a speaker that {name} does not list"
    _drop_rows(table, rule, parts, dropped)
    if not (parts == "train").any():
        raise SplitError(f"the split {name!r} leaves no clip to train on: none is of one of its speakers")
    return Split(
        name=name,
        parts=parts,
        fold=fold if rule.count_folds and not without_test else None,
        n_folds=n_folds,
        seed=seed,
        clip_ids=_clip_ids(table),
        dropped=dropped[parts == ""],
    )


def suggest_split(table: pd.DataFrame) -> tuple[str, str]:
    """Return the name of a split that fits a corpus table, and the reason for it in one clause.

    >>> from serenade.corpora import new_table
    >>> suggest_split(new_table({"file": f"{i}.wav", "emotion": "fear"} for i in range(9)))[0]
    'random-leaky'
    """
    labelled = table[table["emotion"] != ""]
    if name := dialogue_split(table["corpus"]):
        return name, split_rule(name).about
    if (labelled["speaker"] == "").any() or labelled.empty:
        return "random-leaky", "no speakers are known, so the split is random by file"
    speaker = speaker_ids(labelled)
    parts = labelled["split"].str.lower().map(PART_NAMES)
    if {"train", "test"} <= set(parts) and parts.groupby(speaker).nunique().max() == 1:
        return "official", "the corpus names its parts, and they share no speaker"
    speakers = speaker.nunique()
    if speakers >= 5:
        return "grouped-5", f"{speakers} speakers in five folds"
    if speakers >= 3:
        return "one-speaker-out", f"a fold for each of {speakers} speakers"
    return "random-leaky", f"a split by speaker needs at least three speakers, and the corpus has {speakers}"


def rows_of_corpus(table: pd.DataFrame, corpus: str) -> pd.DataFrame:
    """Return the rows of one corpus; all rows for "".

    Raises:
        SplitError: it is not in the table.
    """
    if not corpus:
        return table
    if not (table["corpus"] == corpus).any():
        names = ", ".join(sorted(set(table["corpus"]) - {""})) or "a corpus without a name"
        raise SplitError(f"the corpus to be split is {corpus!r}, and this store contains {names}")
    return table[table["corpus"] == corpus]


def _with_other_corpora(table: pd.DataFrame, split: Split, corpus: str) -> Split:
    """Extend the split of one corpus: all other clips with one of its labels are in train."""
    parts = split.parts.reindex(table.index).fillna("")
    others = table["corpus"] != corpus
    labels = set(table.loc[split.parts[split.parts == "train"].index, "emotion"])
    known = others & table["emotion"].isin(labels)
    parts[known] = "train"
    dropped = split.dropped.reindex(table.index).fillna("")
    dropped[others & ~known] = f"has none of the labels of {corpus}"
    _drop_rows(table, split_rule(split.name), parts, dropped)
    return replace(split, parts=parts, clip_ids=_clip_ids(table), dropped=dropped[parts == ""], corpus=corpus)


def _check_fits(table: pd.DataFrame, name: str, rule: SplitRule) -> None:
    if rule.corpus and (others := sorted(set(table["corpus"]) - {rule.corpus})):
        raise SplitError(
            f"the split {name!r} is defined for {rule.corpus}, and this table contains {', '.join(others)}; "
            "use grouped-5 or one-speaker-out"
        )
    if rule.needs_speakers and (unknown := int((table["speaker"] == "").sum())):
        raise SplitError(
            f"the split {name!r} is by speaker, and {unknown} of {len(table)} clips have no speaker; give "
            "speakers with --speakers-from or a column `speaker` (any name per person), or use random-leaky"
        )


def _drop_rows(table: pd.DataFrame, rule: SplitRule, parts: pd.Series[str], dropped: pd.Series[str]) -> None:
    """Drop rows from their part in place, with the reason."""

    def drop(rows: pd.Series[bool], why: str | pd.Series[str]) -> None:
        rows &= parts != ""
        dropped[rows] = why if isinstance(why, str) else why[rows]
        parts[rows] = ""

    if "state" in table and rule.grouped_by != "dialogue":
        drop(table["state"] != "ok", "could not be prepared: " + table["state"].astype(str))
    if "variant" in table and rule.grouped_by:
        augmented = ~table["variant"].fillna("").isin(["", "original"])
        drop(augmented & (parts != "train"), "is an augmented copy: those are for training only")
    excluded = table["source"].map(rule.excluded)
    drop((table["corpus"] == rule.corpus) & excluded.notna(), excluded)
    for name in set(table["corpus"]) & set(CORPORA):
        unusable = table["source"].map(CORPORA[name].unusable)
        drop((table["corpus"] == name) & unusable.notna() & (parts == "train"), unusable)


def _clip_ids(table: pd.DataFrame) -> pd.Series[str]:
    ids = table["corpus"] + "/" + table["source"]
    if "variant" in table:
        ids = ids + "#" + table["variant"].fillna("").astype(str)
    if table["start"].notna().any():
        ids = ids + "@" + table["start"].astype(str)
    return ids
