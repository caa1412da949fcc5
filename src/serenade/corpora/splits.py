"""Named splits: who is trained on, who chooses, who is tested.

The parts of a split never share a speaker, a source clip or identical sound, unless its name says `leaky`.
The split `meld` alone keeps dialogues apart, not speakers; `Split.apart` says which it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from serenade.corpora import speaker_lists
from serenade.corpora.split_rules import ABOUT, DEV_SHARE, Draw, Rule, rule_named
from serenade.errors import SplitError
from serenade.files import hash_of

PARTS = ("train", "dev", "test", "held-out")
_APART = {
    "speaker": (("speaker", "speakers"), ("source", "source clips"), ("sha256", "identical sounds")),
    "dialogue": (("dialogue", "dialogues"), ("source", "source clips")),
}
"""What `check_split` looks at, by what a split keeps apart."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which part each row of a table belongs to.

    Attributes:
        name: as given to `make_split`.
        parts: indexed like the table: "train", "dev", "test", "held-out" (in no fold) or "" (dropped).
        fold: from 1, None where there are no folds.
        n_folds: 1 where there are none.
        leaky: parts may share speakers and sources; only where the name says so.
        seed: of the dev speakers (and of random-leaky's files).
        sources: the table's `source` (with `start` and variant where several rows share one), for the hash.
        dropped: why a row is in no part, for the rows with part "" only.
        corpus: whose clips were dealt out, where others are only learnt from; "" where all were.
    """

    name: str
    parts: pd.Series[str]
    fold: int | None
    n_folds: int
    leaky: bool
    seed: int
    sources: pd.Series[str]
    dropped: pd.Series[str]
    corpus: str = ""

    @property
    def apart(self) -> str:
        """What no two parts share: "speaker", "dialogue", or "" where the name says `leaky`."""
        return "" if self.leaky else rule_named(self.name).apart

    @property
    def hash(self) -> str:
        """SHA-256 of who is where; the same for the same clips in any order and folder."""
        rows = sorted(zip(self.sources.tolist(), self.parts.tolist(), strict=True))
        return hash_of({"name": self.name, "fold": self.fold, "rows": rows})

    def rows(self, table: pd.DataFrame, part: str) -> pd.DataFrame:
        """The rows of one part."""
        return table.loc[self.parts[self.parts == part].index]

    def to_dict(self) -> dict[str, Any]:
        """Name, fold, hash, sizes of the parts, what is kept apart and why rows were dropped, for JSON."""
        return {
            "name": self.name,
            "fold": self.fold,
            "n_folds": self.n_folds,
            "leaky": self.leaky,
            "apart": self.apart,
            "seed": self.seed,
            "corpus": self.corpus,
            "hash": self.hash,
            "clips": {part: int((self.parts == part).sum()) for part in PARTS if (self.parts == part).any()},
            "dropped": {str(why): int(n) for why, n in self.dropped.value_counts().sort_index().items()},
        }


def list_splits() -> dict[str, str]:
    """Names of the splits, and what each is.

    >>> list(list_splits())[:4]
    ['tfds', 'audeering', 'hicmae', 'actors-5']
    """
    return dict(ABOUT)


def folds_of(name: str, table: pd.DataFrame) -> int:
    """How many folds a split has on this table; 1 where it has none."""
    rule = rule_named(name)
    labelled = table[table["emotion"] != ""]
    _check_fits(labelled, name, rule)
    return rule.folds(labelled) if rule.folds else 1


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
    """Deal a corpus table out into train, dev and test.

    In no part are: rows without a label, or that a store could not prepare (column `state`; where dialogues
    are kept apart they stay, because a dialogue has no gaps); in dev and test, altered copies (column
    `variant`); in train, the clips of CREMA-D known to be silent or doubly labelled. `Split.dropped`
    says why.

    Args:
        table: a corpus table or the index of a store.
        name: one of `list_splits()`, with a number for K, e.g. "grouped-6".
        fold: from 1; left out for splits without folds.
        seed: of the dev speakers, together with the fold.
        dev_share: share of the speakers to train on that are dev's (two at least, of six or more), where the
            split does not name them itself.
        corpus: the one that is dealt out, of a table of several: all other clips with a label of it are
            learnt from, in every fold. "" deals out all.
        without_test: put the clips of the test and held-out parts into train, for a final model.

    Raises:
        SplitError: no such split or fold, speakers missing or too few, or an empty train part.
    """
    rule = rule_named(name)
    if corpus:
        dealt = make_split(
            of_corpus(table, corpus),
            name,
            fold=fold,
            seed=seed,
            dev_share=dev_share,
            without_test=without_test,
        )
        return _with_others(table, dealt, corpus)
    labelled = table[table["emotion"] != ""]
    if labelled.empty:
        raise SplitError(f"cannot make the split {name!r}: not one of {len(table)} clips has a label")
    _check_fits(labelled, name, rule)
    n_folds = rule.folds(labelled) if rule.folds else 1
    if rule.folds is None and fold not in (None, 1):
        raise SplitError(f"the split {name!r} has no folds; leave fold={fold} out")
    if rule.folds is not None and (fold is None or not 1 <= fold <= n_folds):
        raise SplitError(
            f"the split {name!r} has {n_folds} folds; say which with fold=1 … {n_folds}, not {fold}"
        )

    assigned = rule.assign(labelled, fold or 1, Draw(seed, dev_share))
    parts = assigned.reindex(table.index).fillna("")
    if without_test:
        parts[parts.isin(["test", "held-out"])] = "train"
    dropped = pd.Series("", index=table.index)
    dropped[table["emotion"] == ""] = "has no label"
    dropped[(table["emotion"] != "") & (parts == "")] = f"is of no speaker or part of {name}"
    _drop(table, name, rule, parts, dropped)
    if not (parts == "train").any():
        raise SplitError(
            f"the split {name!r} leaves no clip to train on; this corpus does not hold its speakers"
        )
    return Split(
        name=name,
        parts=parts,
        fold=fold if rule.folds and not without_test else None,
        n_folds=n_folds,
        leaky=rule.leaky,
        seed=seed,
        sources=_identity(table),
        dropped=dropped[parts == ""],
    )


def of_corpus(table: pd.DataFrame, corpus: str) -> pd.DataFrame:
    """The rows of one corpus; all rows for "".

    Raises:
        SplitError: it is not in the table.
    """
    if not corpus:
        return table
    if not (table["corpus"] == corpus).any():
        there = ", ".join(sorted(set(table["corpus"]) - {""})) or "a corpus without a name"
        raise SplitError(f"the split is to deal out {corpus!r}, and this store holds {there}")
    return table[table["corpus"] == corpus]


def _with_others(table: pd.DataFrame, split: Split, corpus: str) -> Split:
    """The split of one corpus, all else with a label of it in train."""
    parts = split.parts.reindex(table.index).fillna("")
    others = table["corpus"] != corpus
    labels = set(table.loc[split.parts[split.parts == "train"].index, "emotion"])
    known = others & table["emotion"].isin(labels)
    parts[known] = "train"
    dropped = split.dropped.reindex(table.index).fillna("")
    dropped[others & ~known] = f"has none of the labels of {corpus}"
    _drop(table, split.name, rule_named(split.name), parts, dropped)
    return replace(split, parts=parts, sources=_identity(table), dropped=dropped[parts == ""], corpus=corpus)


def check_split(table: pd.DataFrame, split: Split) -> None:
    """Refuse a split whose parts share a speaker, a source clip or identical sound (column `sha256`).

    Of a split by dialogue, dialogues and source clips are looked at: its speakers are in every part, and so
    may be a shout or a laugh of the same samples.

    Raises:
        SplitError: naming what is shared. Splits that are leaky by name pass.
    """
    if not split.parts.index.equals(table.index):
        raise SplitError(f"the split {split.name!r} was made for another table; make it anew with make_split")
    if split.leaky and "leaky" in split.name:
        return
    if split.apart == "dialogue" and "dialogue" not in table:
        raise SplitError(
            f"the split {split.name!r} keeps dialogues apart, and the table has no column dialogue"
        )
    used = split.parts.isin(PARTS)
    if "state" in table:
        used &= table["state"] == "ok"
    leaks = [
        found
        for column, what in _APART["dialogue" if split.apart == "dialogue" else "speaker"]
        if column in table and (found := _shared(table[used], split.parts[used], column, what))
    ]
    if leaks:
        corpora = set(table["corpus"])
        instead = "meld, which keeps dialogues apart" if corpora == {"meld"} else "one-speaker-out"
        raise SplitError(
            f"the split {split.name!r} leaks: {'; '.join(leaks)}. Its numbers would be too good; use "
            f"grouped-5 or {instead}, remove the doubles, or call it by name: random-leaky"
        )


def _shared(table: pd.DataFrame, parts: pd.Series[str], column: str, what: str) -> str:
    """What two parts share of a column, in a few words; "" if nothing."""
    frame = pd.DataFrame({"key": table[column].fillna("").astype(str), "part": parts})
    if column != "sha256":
        # A sound is the same in whatever corpus it is; a speaker called 01 is not.
        frame["key"] = (table["corpus"] + "/" + frame["key"]).where(frame["key"] != "", "")
    owners = frame[frame["key"] != ""].drop_duplicates()
    shared = sorted(set(owners.loc[owners["key"].duplicated(), "key"]))
    if not shared:
        return ""
    between = " and ".join(sorted(owners.loc[owners["key"] == shared[0], "part"]))
    name = shared[0].split("/", 1)[-1]
    if column == "sha256":
        name = " = ".join(sorted(set(table.loc[frame["key"] == shared[0], "source"]))[:3])
    more = f", and {len(shared) - 1} more" if len(shared) > 1 else ""
    return f"{len(shared)} {what} in two parts ({name} in {between}{more})"


def _check_fits(table: pd.DataFrame, name: str, rule: Rule) -> None:
    if rule.corpus and (others := sorted(set(table["corpus"]) - {rule.corpus})):
        raise SplitError(
            f"the split {name!r} is one of {rule.corpus}, and this table holds {', '.join(others)}; "
            "use grouped-5 or one-speaker-out"
        )
    needs_speakers = not rule.leaky and name != "official"
    if needs_speakers and (unknown := int((table["speaker"] == "").sum())):
        raise SplitError(
            f"the split {name!r} keeps speakers apart, and {unknown} of {len(table)} clips do not say who "
            "speaks; add a column `speaker` to the manifest (any name per person), or use random-leaky"
        )


def _drop(table: pd.DataFrame, name: str, rule: Rule, parts: pd.Series[str], dropped: pd.Series[str]) -> None:
    """Take rows out of their part in place, and say why."""

    def drop(rows: pd.Series[bool], why: str | pd.Series[str]) -> None:
        rows &= parts != ""
        dropped[rows] = why if isinstance(why, str) else why[rows]
        parts[rows] = ""

    if "state" in table and rule.apart != "dialogue":
        drop(table["state"] != "ok", "could not be prepared: " + table["state"].astype(str))
    if "variant" in table and not rule.leaky:
        altered = ~table["variant"].fillna("").isin(["", "original"])
        drop(altered & (parts != "train"), "is an altered copy: those are for training only")
    cremad = table["corpus"] == "cremad"
    if name == "tfds":
        drop(cremad & table["source"].isin(speaker_lists.TFDS_EXCLUDED), "is left out by tfds")
    bad = table["source"].map(speaker_lists.CREMAD_BAD)
    drop(cremad & bad.notna() & (parts == "train"), bad)


def _identity(table: pd.DataFrame) -> pd.Series[str]:
    identity = table["corpus"] + "/" + table["source"]
    if "variant" in table:
        identity = identity + "#" + table["variant"].fillna("").astype(str)
    if table["start"].notna().any():
        identity = identity + "@" + table["start"].astype(str)
    return identity
