"""Published splits of CREMA-D, on the names of all its clips."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from serenade.corpora import (
    check_split,
    count_folds,
    make_split,
    new_table,
)
from serenade.corpora.readers.cremad import parse_name
from serenade.corpora.splits import audeering, tfds


def speakers_in(table, split, part):
    return set(table["speaker"][split.parts == part])


@pytest.fixture(scope="session")
def cremad(shared):
    """All 7,442 clips by name."""
    names = pd.read_csv(shared / "cremad" / "metadata" / "SentenceFilenames.csv")["Filename"]
    sex = pd.read_csv(shared / "cremad" / "metadata" / "VideoDemographics.csv", dtype=str)
    sexes = dict(zip(sex["ActorID"], sex["Sex"].str.lower(), strict=True))
    parsed = [parse_name(name) for name in names]
    return new_table(
        {
            "file": one.clip,
            "emotion": one.emotion,
            "speaker": one.actor,
            "corpus": "cremad",
            "sex": sexes[one.actor],
        }
        for one in parsed
    )


def test_tfds_and_audeering_are_the_published_lists(shared):
    published = json.loads((shared / "cremad" / "metadata" / "split_tfds.json").read_text())
    for ours, theirs in (("train", "train"), ("dev", "validation"), ("test", "test")):
        assert tfds.SPEAKERS[ours] == set(published["speakers"][theirs])
    assert set(tfds.EXCLUDED) == set(published["excluded_files"])
    published = json.loads((shared / "cremad" / "metadata" / "split_audeering.json").read_text())
    assert {part: set(map(int, names)) for part, names in audeering.SPEAKERS.items()} == {
        part: set(names) for part, names in published.items()
    }


def test_tfds_drops_its_four_and_trains_on_no_bad_clip(cremad):
    split = make_split(cremad, "tfds")
    check_split(cremad, split)
    # 5,144 / 738 / 1,556 as published, less three more that are unusable.
    assert [(split.parts == part).sum() for part in ("train", "dev", "test")] == [5141, 738, 1556]
    dropped = dict(zip(cremad["source"][split.dropped.index], split.dropped, strict=True))
    assert dropped["1040_ITH_SAD_XX"] == "is excluded by tfds"
    assert dropped["1076_MTI_SAD_XX"] == "is silent"
    assert "1006_TIE_NEU_XX, under another label" in dropped["1006_TIE_HAP_XX"]
    assert len(dropped) == 7


def test_hicmae_tests_blocks_of_actors(cremad):
    tested = []
    for fold in range(1, count_folds("hicmae", cremad) + 1):
        split = make_split(cremad, "hicmae", fold=fold)
        check_split(cremad, split)
        block = sorted(speakers_in(cremad, split, "test"))
        assert block == [str(actor) for actor in range(int(block[0]), int(block[-1]) + 1)]
        tested += block
    assert tested == sorted(set(cremad["speaker"]))


def test_unusable_clips_may_be_tested_but_not_trained_on(cremad):
    parts = [make_split(cremad, "hicmae", fold=fold).parts for fold in range(1, 6)]
    silent = cremad.index[cremad["source"] == "1076_MTI_SAD_XX"][0]
    assert {part[silent] for part in parts} <= {"", "dev", "test"}
    assert [part[silent] for part in parts].count("test") == 1


def test_the_split_of_the_shipped_model_has_not_changed(shared):
    """Its hash, in the model's config.json, is that of the 5,884 clips it was trained on."""
    root = Path(__file__).parents[2]
    expected = json.loads((root / "models" / "cremad_compact_tfds" / "config.json").read_text())["split"]
    clips = [parse_name(line.split()[0]) for line in (shared / "cremad" / "logmel" / "clips.txt").open()]
    table = new_table(
        {
            "file": f"{clip.clip}.npy",
            "emotion": clip.emotion,
            "speaker": clip.actor,
            "corpus": "cremad",
            "source": clip.clip,
            "variant": "original",
        }
        for clip in clips
    )
    assert make_split(table, "tfds").hash == expected["hash"]
