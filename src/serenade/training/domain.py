"""Fitting the domain check of a trained model to the embeddings of its training clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from serenade.corpora import Split
from serenade.corpora.speaker_names import names_of_speakers
from serenade.domain import Domain
from serenade.features.store import Store
from serenade.networks.architectures.encoder import EncoderNetwork
from serenade.networks.layers.domain import DomainCheck
from serenade.networks.registry import SOUND, Network
from serenade.networks.utterance import UtteranceNetwork
from serenade.training.data.batches import Batches
from serenade.training.data.inputs import Inputs

COMPONENTS = 16
"""Number of principal components. With 32 or more, the distance separates other corpora from those of the
training less well (`benchmarks/domain.py`)."""

MIN_CLIPS = 100
"""With fewer clips there is no check."""

MIN_GROUPS = 5
"""With fewer speakers there is no check: the limit is chosen on speakers that are held out."""

SHARE_INSIDE = 0.99
"""Share of the clips of held-out speakers that are within the limit."""

_HELD_OUT = 5
"""One speaker in so many is held out."""

_MOST_ROWS = 1_500
"""The principal components are those of at most so many clips."""

_SHRINKAGE = 1e-3
"""Share of the mean variance that is added to each variance."""


def add_domain_check(
    network: Network,
    store: Store,
    split: Split,
    labels: Sequence[str],
    inputs: Inputs,
    parts: Sequence[Batches],
) -> Domain | None:
    """Fit a domain check to the training clips of a network, and make it a part of the network.

    Args:
        network: a trained network of sound. Any other one gets no check.
        store: what it was trained on.
        split: which of the clips.
        labels: of the network.
        inputs: of the network; its statistics are used for a frozen encoder.
        parts: the train and dev batches of any other network.

    Returns:
        What the Spec says about it; None if there is none.
    """
    if isinstance(network, EncoderNetwork):
        chosen = split.parts.isin(["train", "dev"]) & store.index["emotion"].isin(labels)
        # With noisy copies, hardly any sound would be outside.
        chosen &= store.index["variant"] == "original"
        rows = np.flatnonzero(chosen.to_numpy(bool) & inputs.present.any(1))
        with torch.inference_mode():
            embeddings = network.embed(torch.from_numpy(np.asarray(inputs.statistics[rows]))).numpy()
        held_out = None
    elif isinstance(network, UtteranceNetwork) and network.takes == SOUND and parts:
        embeddings, rows = _embeddings_of(network, parts)
        # The network has seen the speakers of train.
        held_out = (split.parts == "dev").to_numpy(bool)[rows]
    else:
        return None
    table = store.index.iloc[rows]
    speakers = names_of_speakers(table)
    speakers = (table["corpus"] + "/" + speakers).where(speakers != "", table["source"])
    found = fit_domain(
        embeddings, table["corpus"].to_numpy(object), speakers.to_numpy(object), held_out=held_out
    )
    if found is None:
        return None
    network.domain, domain = found
    return domain


def fit_domain(
    embeddings: NDArray[np.float32],
    corpora: NDArray[np.object_],
    groups: NDArray[np.object_],
    *,
    held_out: NDArray[np.bool_] | None = None,
) -> tuple[DomainCheck, Domain] | None:
    """Fit centres, principal components and the limit of the distance.

    The components are those of all clips together, so they contain the differences between the corpora. The
    distance to the mean of a corpus is relative to the covariance within the corpora (Mahalanobis). The limit
    is chosen on the clips of speakers that are held out from all of this.

    Args:
        embeddings: of the clips [shape=(n, width)].
        corpora: corpus of each clip [shape=(n,)].
        groups: speaker of each clip [shape=(n,)].
        held_out: clips of held-out speakers [shape=(n,)]; None for one speaker in five of each corpus.

    Returns:
        None if there are fewer than 100 clips or 5 speakers.

    >>> rng = np.random.default_rng(0)
    >>> clips = rng.normal(size=(400, 40)).astype(np.float32)
    >>> names, speakers = np.full(400, "toy", object), np.arange(400).astype(object) // 20
    >>> check, domain = fit_domain(clips, names, speakers)
    >>> domain.speakers, domain.clips
    (4, 80)
    >>> bool(check(torch.from_numpy(clips[:1])) < 1), bool(check(torch.from_numpy(clips[:1] + 9)) > 1)
    (True, True)
    """
    names, speakers = corpora.astype(str), groups.astype(str)
    if len(embeddings) < MIN_CLIPS or len(set(speakers)) < MIN_GROUPS:
        return None
    held = np.isin(speakers, _held_out(names, speakers)) if held_out is None else held_out
    known = embeddings[~held]
    of_corpus = [names[~held] == name for name in np.unique(names[~held])]
    means = np.stack([known[rows].mean(0) for rows in of_corpus])
    directions = _directions(known)
    inside = np.concatenate(
        [(known[rows] - mean) @ directions for rows, mean in zip(of_corpus, means, strict=True)]
    )
    covariance = inside.T @ inside / len(inside)
    covariance += _SHRINKAGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    projection = directions @ np.linalg.cholesky(np.linalg.inv(covariance))
    check = DomainCheck(width=embeddings.shape[1], components=projection.shape[1], centres=len(means))
    with torch.no_grad():
        check.projection.copy_(torch.from_numpy(projection.T))
        check.centres.copy_(torch.from_numpy(means @ projection))
        distances = check(torch.from_numpy(np.ascontiguousarray(embeddings[held])))
        limit = max(float(torch.quantile(distances, SHARE_INSIDE)), 1e-6)
        # Half of the bytes in an exported graph, which stores it in 16 bits.
        check.projection.copy_((check.projection / limit).half())
        check.centres /= limit
    domain = Domain(
        components=projection.shape[1],
        centres=len(means),
        share_inside=SHARE_INSIDE,
        clips=int(held.sum()),
        speakers=len(set(speakers[held])),
    )
    return check.eval(), domain


def _embeddings_of(
    network: UtteranceNetwork, parts: Sequence[Batches]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Embeddings of all clips of some parts [shape=(n, width)], and their rows in the store [shape=(n,)]."""
    embeddings, rows = [], []
    with torch.inference_mode():
        for part in parts:
            for batch in part.sequential():
                embeddings.append(network.embed(**batch.inputs).float().numpy())
                rows.append(batch.rows)
    return np.concatenate(embeddings), np.concatenate(rows)


def _held_out(names: NDArray[np.str_], speakers: NDArray[np.str_]) -> list[str]:
    """One speaker in five of each corpus; none of a corpus with fewer than three."""
    chosen: list[str] = []
    for name in np.unique(names):
        found = np.unique(speakers[names == name])
        if len(found) >= 3:
            chosen += list(found[_HELD_OUT // 2 :: _HELD_OUT])
    return chosen or list(np.unique(speakers)[_HELD_OUT // 2 :: _HELD_OUT])


def _directions(known: NDArray[np.float32]) -> NDArray[np.float32]:
    """The leading principal components [shape=(width, components)], by the products of the clips."""
    rows = known[np.unique(np.linspace(0, len(known) - 1, _MOST_ROWS).astype(int))]
    rows = rows - rows.mean(0)
    count = min(COMPONENTS, rows.shape[1], len(rows) - 1)
    values, vectors = np.linalg.eigh(rows @ rows.T)
    found: NDArray[np.float32] = (rows.T @ vectors[:, -count:]) / np.sqrt(values[-count:])
    return found
