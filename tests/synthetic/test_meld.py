"""The synthetic MELD.Raw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serenade.corpora import read_corpus
from serenade.corpora.readers.meld import FOLDERS
from serenade.errors import CorpusError
from serenade.synthetic.meld import SyntheticMeld, make_meld


def test_the_same_generator_gives_the_same_files(tmp_path: Path) -> None:
    rows = {"train": 4, "dev": 2, "test": 2}
    for name in ("a", "b"):
        make_meld(tmp_path / name, rows=rows, distinct=3, rng=np.random.default_rng(1), defects=False)
    files = sorted(file.relative_to(tmp_path / "a") for file in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 3 + 2 + 8  # tables, vectors, clips
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_clips_are_shared_beyond_the_distinct_ones(synthetic_meld: SyntheticMeld) -> None:
    clips = [file for name in FOLDERS.values() for file in (synthetic_meld.path / name).glob("dia*")]
    assert len({file.stat().st_ino for file in clips}) < len(clips)


def test_synthetic_tables_have_the_irregularities_of_the_real_ones(synthetic_meld: SyntheticMeld) -> None:
    table = read_corpus(synthetic_meld.path)
    assert (table["rank"] != table["utterance"]).any()
    assert "\x92" in (synthetic_meld.path / "dev_sent_emo.csv").read_text(encoding="utf-8")
    assert b"\r\n" in (synthetic_meld.path / "train_sent_emo.csv").read_bytes()


def test_given_tables_are_copied(synthetic_meld: SyntheticMeld, tmp_path: Path) -> None:
    rows = {"train": 3, "dev": 2, "test": 2}
    rng = np.random.default_rng(0)
    copy = make_meld(tmp_path, tables=synthetic_meld.path, rows=rows, distinct=1, rng=rng, defects=False)
    assert copy.rows == rows
    first = read_corpus(synthetic_meld.path).iloc[:3]["text"].tolist()
    assert read_corpus(tmp_path).iloc[:3]["text"].tolist() == first


def test_too_few_rows_or_missing_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(CorpusError, match="at least 8 rows"):
        make_meld(tmp_path, rows={"train": 3, "dev": 8, "test": 8}, rng=rng)
    with pytest.raises(CorpusError, match="three tables of MELD"):
        make_meld(tmp_path, tables=tmp_path / "none", rng=rng)
