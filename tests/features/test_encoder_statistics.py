"""Statistics of a frozen encoder: computed once, for every row of a store."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from serenade.audio.front_end import WHISPER, FrontEnd
from serenade.encoders.speech import SpeechEncoder
from serenade.errors import StoreError
from serenade.features import encoder_statistics as encoder_statistics_module
from serenade.features.encoder_statistics import encoder_statistics
from serenade.features.store import Store, write_store


@pytest.fixture
def encoder(tiny_whisper) -> SpeechEncoder:
    return SpeechEncoder(source=str(tiny_whisper), first_layer=1, last_layer=3, precision="int8")


def store_of(folder, front_end: FrontEnd) -> Store:
    """Three clips of different lengths, and one that has no sound."""
    frames, states = [30, 7, 0, 12], ["ok", "ok", "unreadable", "ok"]
    rows = pd.DataFrame({"id": list("abcd"), "frames": frames, "state": states})
    rng = np.random.default_rng(0)
    blocks = [rng.normal(size=(count, front_end.n_mels)).astype(np.float32) for count in frames]
    return write_store(folder, blocks, rows, front_end=front_end)


def test_rows_are_those_of_the_clips_alone(tmp_path, encoder):
    store = store_of(tmp_path / "store", WHISPER)
    found = encoder_statistics(store, encoder)
    assert found.shape == (4, 3 * 4 * 16)
    assert not found[2].any()
    statistics = encoder.load()
    for row in (0, 1, 3):
        features = torch.from_numpy(store.features(row).T.copy())[None]
        with torch.inference_mode():
            expected = statistics(features, torch.tensor([features.shape[2]]))[0]
        np.testing.assert_allclose(found[row], expected, atol=1e-4)


def test_they_are_computed_once(tmp_path, encoder, monkeypatch):
    store = store_of(tmp_path / "store", WHISPER)
    first = encoder_statistics(store, encoder)
    monkeypatch.setattr(SpeechEncoder, "load", lambda self: pytest.fail("computed again"))
    np.testing.assert_array_equal(encoder_statistics(Store.open(store.path), encoder), first)


def test_an_interrupted_computation_is_continued(tmp_path, encoder, monkeypatch):
    whole = encoder_statistics(store_of(tmp_path / "whole", WHISPER), encoder)
    store = store_of(tmp_path / "store", WHISPER)
    monkeypatch.setattr(encoder_statistics_module, "BATCH_FRAMES", 1)
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encoder_statistics(store, encoder, progress=stop)
    assert seen == [(0, 3), (1, 3), (2, 3)]
    assert not list(store.path.glob("encoder-*.npy"))
    rest: list[int] = []
    found = encoder_statistics(store, encoder, progress=lambda done, total: rest.append(done))
    assert rest == [2, 3]
    np.testing.assert_allclose(found, whole, atol=1e-4)
    assert sorted(file.suffix for file in store.path.glob("encoder-*")) == [".json", ".npy"]


def test_a_store_with_another_front_end_is_refused(tmp_path, encoder):
    store = store_of(tmp_path / "store", FrontEnd(n_mels=80))
    with pytest.raises(StoreError, match="has another front end than that of the encoder"):
        encoder_statistics(store, encoder)
