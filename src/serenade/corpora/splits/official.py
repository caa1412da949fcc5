"""The parts that the corpus or manifest names in its column `split`."""

from __future__ import annotations

import pandas as pd

from serenade.corpora.corpus_table import PART_NAMES
from serenade.corpora.speaker_folds import choose_dev_speakers
from serenade.corpora.speakers import speaker_ids
from serenade.corpora.split_registry import SPLITS, DevChoice, SplitRule
from serenade.errors import SplitError


def assign_official(table: pd.DataFrame, fold: int, choice: DevChoice) -> pd.Series[str]:
    """Assign each row to the part that its column `split` names; without dev, cut it from train by speaker.

    Raises:
        SplitError: the column is empty or has an unknown name, or dev cannot be cut from train.
    """
    names = table["split"].str.lower()
    unknown = sorted(set(names) - set(PART_NAMES) - {""})
    if unknown or not (names != "").any():
        problem = f"contains {unknown[0]!r}" if unknown else "is empty"
        raise SplitError(
            f"the column `split` {problem}; write train, dev and test there, or use the split grouped-5"
        )
    parts = names.map(PART_NAMES).fillna("")
    if (parts == "dev").any():
        return parts
    train = table[parts == "train"]
    if (train["speaker"] == "").any():
        raise SplitError(
            "the column `split` names no dev part, and without speakers none can be cut from train; "
            "write dev for some of the rows"
        )
    speakers = speaker_ids(train)
    dev = speakers.isin(choose_dev_speakers(speakers, train["sex"], fold, choice))
    parts[train.index[dev]] = "dev"
    return parts


SPLITS.add(
    "official",
    SplitRule(
        about="train, dev and test as given by the corpus or manifest",
        assign=assign_official,
        needs_speakers=False,
    ),
)
