"""Statistics of a frozen speech encoder for the rows of a store, computed once and cached in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from serenade.audio.logmel import normalize
from serenade.encoders.speech import SpeechEncoder
from serenade.errors import OutputError, StoreError
from serenade.features.store import Store
from serenade.files import hash_of, lock, output_error, write_json

BATCH_FRAMES = 4_000
"""Frames of a batch, padding included: 40 s."""

FORMAT_VERSION = 1
"""Of the cached files; files of another version are computed again."""


def encoder_statistics(
    store: Store, encoder: SpeechEncoder, *, progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float32]:
    """Return the vector of every row of a store [shape=(rows, width)]; zeros for a row without sound.

    It is cached in the store (`encoder-<hash>.npy` and `.json`), by the content of the store and the encoder.
    An interrupted computation is continued.

    Args:
        store: with the front end of the encoder.
        encoder: which encoder and layers.
        progress: called with the clips done and their total.

    Raises:
        StoreError: the store has another front end.
        ModelError: see `serenade.encoders.speech.SpeechEncoder`.
        OutputError: the store cannot be written to.
    """
    if replace(store.front_end, max_duration_s=None) != encoder.front_end:
        scale = encoder.front_end.scale
        raise StoreError(
            f"has another front end than that of the encoder (scale {scale!r}), which the network `encoder` "
            "needs; prepare the corpus with --recipe RECIPE, the recipe that is trained",
            file=store.path,
        )
    key = hash_of({"store": store.hash, "encoder": encoder.hash, "version": FORMAT_VERSION})[:16]
    file = store.path / f"encoder-{key}.npy"
    if file.is_file():
        found: NDArray[np.float32] = np.load(file, mmap_mode="r")
        if found.shape == (len(store), encoder.width):
            return found
    busy = OutputError(
        "another process computes the statistics of this encoder; wait until it ends", file=store.path
    )
    with lock(file.with_suffix(".lock"), busy=busy):
        _compute(store, encoder, file.with_suffix(".part"), progress or (lambda done, total: None))
        os.replace(file.with_suffix(".part"), file)
    about = {"source": encoder.source, "layers": [encoder.first_layer, encoder.last_layer]}
    write_json(file.with_suffix(".json"), {**about, "precision": encoder.precision})
    vectors: NDArray[np.float32] = np.load(file, mmap_mode="r")
    return vectors


def _compute(store: Store, encoder: SpeechEncoder, part: Path, progress: Callable[[int, int], None]) -> None:
    """Fill a file of vectors, or the rows that are still zero in it."""
    shape = (len(store), encoder.width)
    try:
        vectors = np.lib.format.open_memmap(part, mode="r+")
    except (OSError, ValueError):
        vectors = None
    if vectors is None or vectors.shape != shape:
        try:
            vectors = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=shape)
        except OSError as cause:
            raise output_error(part, cause) from cause
    usable = np.flatnonzero((store.index["state"] == "ok").to_numpy())
    rows = usable[vectors[usable, 0] == 0]
    statistics = encoder.load()
    done = len(usable) - len(rows)
    with torch.inference_mode():
        for batch in _batches(rows, store.index["frames"].to_numpy(np.int64)):
            progress(done, len(usable))
            clips = [normalize(store.features(int(row)), store.front_end) for row in batch]
            lengths = torch.tensor([len(clip) for clip in clips])
            features = torch.zeros(len(clips), store.front_end.n_mels, int(lengths.max()))
            for place, clip in zip(features, clips, strict=True):
                place[:, : len(clip)] = torch.from_numpy(np.ascontiguousarray(clip.T))
            found = statistics(features, lengths).numpy()
            # The first column last: where it is not zero, the row is complete, even if the process is killed.
            vectors[batch, 1:] = found[:, 1:]
            vectors[batch, 0] = found[:, 0]
            done += len(batch)
    progress(done, len(usable))
    vectors.flush()


def _batches(rows: NDArray[np.int64], frames: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Rows of similar length together."""
    rows = rows[np.argsort(frames[rows], kind="stable")]
    start = 0
    while start < len(rows):
        size = 1
        while start + size < len(rows) and (size + 1) * frames[rows[start + size]] <= BATCH_FRAMES:
            size += 1
        yield rows[start : start + size]
        start += size
