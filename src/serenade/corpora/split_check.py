"""The check that the parts of a split share nothing."""

from __future__ import annotations

import pandas as pd

from serenade.corpora.speaker_names import merge_speakers
from serenade.corpora.split import PARTS, Split
from serenade.corpora.split_registry import dialogue_split
from serenade.errors import SplitError

_CHECKED = {
    "speaker": {"speaker": "speakers", "source": "source clips", "sha256": "identical sounds"},
    "dialogue": {"dialogue": "dialogues", "source": "source clips"},
}
"""Columns that no two parts may share, by what the split is grouped by.

In a split by dialogue identical sounds pass: a shout or a laugh may have the same samples in two clips.
"""


def check_split(table: pd.DataFrame, split: Split) -> None:
    """Refuse a split whose parts share a speaker (or dialogue), a source clip or identical sound.

    Args:
        table: the corpus table or index of a store that it was made for. Identical sound is found by the
            column `sha256`, which a store has.
        split: of `make_split`.

    Raises:
        SplitError: parts share something; the message names it. Splits that leak by name pass.
    """
    if not split.parts.index.equals(table.index):
        raise SplitError(f"the split {split.name!r} belongs to another table; make it again with make_split")
    if not split.grouped_by:
        return
    if split.grouped_by not in table:
        raise SplitError(
            f"the split {split.name!r} is by {split.grouped_by}, and the table has no such column"
        )
    used = split.parts.isin(PARTS)
    if "state" in table:
        used &= table["state"] == "ok"
    leaks = [
        found
        for column, noun in _CHECKED[split.grouped_by].items()
        if column in table and (found := _shared(table[used], split.parts[used], column, noun))
    ]
    if leaks:
        # The speakers of a corpus with a split by dialogue are in all of its parts.
        by_dialogue = dialogue_split(table["corpus"])
        other = (
            f"the split {by_dialogue}, which is by dialogue"
            if by_dialogue
            else "grouped-5 or one-speaker-out"
        )
        raise SplitError(
            f"the split {split.name!r} leaks: {'; '.join(leaks)}. Its figures would be too high; use "
            f"{other}, remove the duplicates, or use random-leaky, whose name says that it leaks"
        )


def _shared(table: pd.DataFrame, parts: pd.Series[str], column: str, noun: str) -> str:
    """Describe what two parts share of a column; "" if nothing."""
    keys = table[column].fillna("").astype(str)
    if column == "speaker":
        keys = pd.Series(merge_speakers(keys, table["corpus"])[0], index=table.index, dtype=object)
    frame = pd.DataFrame({"key": keys, "part": parts})
    if column != "sha256":
        # Speakers and sources belong to a corpus; identical sound is the same in any corpus.
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
    return f"{len(shared)} {noun} in two parts ({name} in {between}{more})"
