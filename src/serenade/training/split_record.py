"""What a run and its model record of a split: each row's part, and who was trained on."""

from __future__ import annotations

import pandas as pd

from serenade.corpora import Split
from serenade.corpora.speaker_names import names_of_speakers
from serenade.features.store import Store
from serenade.folders import CorpusClips, SplitRow, TrainedOn
from serenade.folders.trained_on import short_hash


def split_rows(store: Store, split: Split) -> list[SplitRow]:
    """The rows of `split.csv`, in the order of the store."""
    table = pd.DataFrame({name: store.index[name] for name in ("id", "file", "source", "speaker", "emotion")})
    table["speaker"] = names_of_speakers(store.index)
    table["dialogue"] = store.index["dialogue"].astype(str) if "dialogue" in store.index else ""
    table["part"] = split.parts
    table["dropped"] = split.dropped.reindex(table.index).fillna("")
    return [
        SplitRow(**{str(name): str(value) for name, value in row.items()}) for row in table.to_dict("records")
    ]


def trained_on(store: Store, split: Split) -> TrainedOn:
    """The speakers, source clips and sounds of train and dev, by corpus."""
    return TrainedOn(train=_clips(store, split, "train"), dev=_clips(store, split, "dev"))


def _clips(store: Store, split: Split, part: str) -> dict[str, CorpusClips]:
    return {
        str(corpus): CorpusClips(
            speakers=tuple(sorted(set(rows["speaker"]) - {""})),
            sources=tuple(sorted({short_hash(source) for source in rows["source"]} - {""})),
            sounds=tuple(sorted({short_hash(sound) for sound in rows["sha256"]} - {""})),
        )
        for corpus, rows in store.index[split.parts == part].groupby("corpus")
    }
