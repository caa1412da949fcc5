"""Ready-made spectrograms, as the CREMA-D seed writes them, become a store."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from serenade.audio.decode import decode
from serenade.audio.logmel import FrontEnd, log_mel
from serenade.errors import RecipeError, StoreError
from serenade.features.prepare import prepare

SMALL = FrontEnd(n_mels=16, n_fft=512)


@pytest.fixture
def clips(tmp_path: Path, make_clips: Callable[..., Path]) -> Path:
    return make_clips(tmp_path / "clips", 6)


@pytest.fixture
def mels(tmp_path: Path) -> Path:
    folder = tmp_path / "mels"
    (folder / "ANG").mkdir(parents=True)
    (folder / "frontend.json").write_text(json.dumps(SMALL.to_dict()))
    for name in ("original", "pitch_up"):
        array = -np.random.default_rng(len(name)).uniform(0, 80, (16, 30)).astype(np.float32)
        np.save(folder / "ANG" / f"1001_DFA_ANG_XX_{name}.npy", array)
    return folder


def test_arrays_are_turned_and_kept(mels: Path, tmp_path: Path) -> None:
    store = prepare(mels, tmp_path / "out", corpus="cremad", jobs=1)
    assert store.front_end == SMALL
    assert store.index["variant"].tolist() == ["original", "pitch_up"]
    assert store.index["source"].tolist() == ["1001_DFA_ANG_XX"] * 2
    assert store.index["id"].tolist() == ["1001_DFA_ANG_XX", "1001_DFA_ANG_XX_pitch_up"]
    original = np.load(mels / "ANG" / "1001_DFA_ANG_XX_original.npy")
    np.testing.assert_array_equal(store.features(0), original.T)


def test_without_its_front_end_it_is_asked_for(mels: Path, tmp_path: Path) -> None:
    (mels / "frontend.json").unlink()
    with pytest.raises(StoreError, match="give --front-end FILE"):
        prepare(mels, tmp_path / "out", corpus="cremad", jobs=1)
    assert prepare(mels, tmp_path / "out", corpus="cremad", front_end=SMALL, jobs=1).front_end == SMALL


def test_another_front_end_than_told_is_refused(mels: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="another front end"):
        prepare(mels, tmp_path / "out", corpus="cremad", front_end=FrontEnd(), jobs=1)


def test_an_unknown_key_in_its_front_end(mels: Path, tmp_path: Path) -> None:
    (mels / "frontend.json").write_text('{"n_mel": 16}')
    with pytest.raises(RecipeError, match="n_mels"):
        prepare(mels, tmp_path / "out", corpus="cremad", jobs=1)


def test_sound_beside_them_goes_through_their_front_end(mels: Path, clips: Path, tmp_path: Path) -> None:
    store = prepare([clips, mels], tmp_path / "out", corpus="cremad", jobs=1)
    assert store.front_end == SMALL
    assert store.index["variant"].tolist() == ["original"] * 7 + ["pitch_up"]
    np.testing.assert_array_equal(
        store.features(0), log_mel(decode(store.index["file"][0], rate_hz=16_000).samples, SMALL)
    )


def test_spectrograms_of_two_front_ends_are_refused(mels: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "SAD").mkdir(parents=True)
    (other / "frontend.json").write_text(json.dumps({**SMALL.to_dict(), "hop": 200}))
    np.save(other / "SAD" / "1002_DFA_SAD_XX_original.npy", np.zeros((16, 30), np.float32))
    with pytest.raises(StoreError, match="other: has spectrograms of another front end"):
        prepare([mels, other], tmp_path / "out", corpus="cremad", jobs=1)


def test_it_cannot_be_augmented(mels: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="variants are made from recordings"):
        prepare(mels, tmp_path / "out", corpus="cremad", augment=1, jobs=1)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((15, 30), np.float32), "(15, 30)"),
        (np.zeros(30, np.float32), "two axes"),
        (np.zeros((16, 0), np.float32), "(16, 0)"),
        (np.full((16, 30), np.nan, np.float32), "NaN"),
        (np.linspace(0, 1, 480, dtype=np.float32).reshape(16, 30), "cannot make"),
        (np.linspace(-200, 0, 480, dtype=np.float32).reshape(16, 30), "cannot make"),
        (np.array([[{}]], dtype=object), "cannot be read as an array"),
    ],
)
def test_arrays_that_no_such_front_end_makes(
    mels: Path, tmp_path: Path, array: np.ndarray, sentence: str
) -> None:
    np.save(mels / "ANG" / "1002_DFA_ANG_XX_original.npy", array, allow_pickle=True)
    row = prepare(mels, tmp_path / "out", corpus="cremad", jobs=1).index.iloc[-1]
    assert row["state"] == "unreadable"
    assert sentence in row["note"]


def test_a_flat_array_is_silent(mels: Path, tmp_path: Path) -> None:
    np.save(mels / "ANG" / "1002_DFA_ANG_XX_original.npy", np.zeros((16, 30), np.float32))
    assert prepare(mels, tmp_path / "out", corpus="cremad", jobs=1).index["state"].tolist()[-1] == "silent"
