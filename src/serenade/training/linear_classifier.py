"""Linear classifiers in closed form: ridge regression on class indicators, for several corpora together.

Every class of a corpus has the same weight. Clips of a corpus that lacks a class count little for that class,
so corpora with different labels can be combined. With many more features than clips, the solution is computed
from the products of the clips (the kernel), as in Hastie, Tibshirani and Friedman, "The Elements of
Statistical Learning", 2009, section 18.3.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ABSENT_CLASS_WEIGHT = 0.05
"""Weight of a clip for a class that its corpus does not have, relative to the other classes.

With 0, such a class would often be predicted for clips of that corpus.
"""

_COPIES_SHARE = 0.25
"""Share of the augmented copies in the weight of each class of a corpus."""

_RELATIVE_FLOOR = 1e-3
"""Smallest scale of a feature, as a share of the mean scale."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingClips:
    """What a linear classifier is trained on.

    Attributes:
        features: one vector for each clip [shape=(n, width)].
        targets: class of each clip [shape=(n,)].
        n_classes: number of classes.
        corpora: corpus of each clip [shape=(n,)].
        is_main: whether a clip is of a corpus that the classifier is for; the others are additional training
            data [shape=(n,)].
        is_original: False for an augmented copy of another clip; copies do not raise the weight of a corpus
            [shape=(n,)].
        groups: clips of the same group, such as a speaker, are held out together [shape=(n,)].
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64]
    n_classes: int
    corpora: NDArray[np.object_]
    is_main: NDArray[np.bool_]
    is_original: NDArray[np.bool_]
    groups: NDArray[np.object_]


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearClassifier:
    """A trained classifier: logits are `((features - mean) / scale) @ weight.T + bias`.

    Attributes:
        mean: of the features [shape=(width,)].
        scale: of the features [shape=(width,)].
        weight: [shape=(classes, width)].
        bias: [shape=(classes,)].
        logits: of the training clips of the main corpus [shape=(n, classes)].
        held_out_logits: of the same clips, each by a classifier that was trained without its group, which
            counts in the scale of the features alone [shape=(n, classes)].
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor
    logits: NDArray[np.float32]
    held_out_logits: NDArray[np.float32]


def fit_linear_classifier(
    clips: TrainingClips, *, penalty: float, other_corpora_weight: float
) -> LinearClassifier:
    """Fit a classifier, and compute the logits of each group of clips without it.

    The features of each further corpus are standardised by its own mean and deviation, and it has a bias of
    its own; the classifier applies those of the main corpora.

    Args:
        clips: training data.
        penalty: of the squared weights, relative to the number of features; 1 fits most corpora.
        other_corpora_weight: total weight of each further corpus, relative to that of the main corpus (or to
            its own, if it is smaller).

    >>> rng = np.random.default_rng(0)
    >>> targets = np.arange(60) % 3
    >>> features = rng.normal(size=(60, 200)) + 2 * np.eye(3, 200)[targets]
    >>> clips = TrainingClips(
    ...     features=features.astype("float32"), targets=targets, n_classes=3,
    ...     corpora=np.full(60, "toy", object), is_main=np.ones(60, bool),
    ...     is_original=np.ones(60, bool), groups=np.arange(60).astype(object) // 6)
    >>> found = fit_linear_classifier(clips, penalty=1.0, other_corpora_weight=0.2)
    >>> bool((found.logits.argmax(1) == targets).all())
    True
    """
    rows, mean, scale = _standardized(clips)
    kernel = (rows @ rows.T / rows.shape[1]).double()
    weights = _row_weights(clips, other_corpora_weight)
    alpha, bias, logits, held_out = _solved(kernel, clips, penalty, weights)
    return LinearClassifier(
        mean=mean,
        scale=scale,
        weight=(alpha.float().T @ rows) / rows.shape[1],
        bias=bias.float(),
        logits=logits.float().numpy()[clips.is_main],
        held_out_logits=held_out.float().numpy()[clips.is_main],
    )


def _balanced(clips: TrainingClips, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of chosen clips that give every class the same total; they sum to 1 [shape=(n,)]."""
    counts = np.bincount(clips.targets[chosen], minlength=clips.n_classes)
    weights = np.where(chosen, 1 / np.maximum(1, counts)[clips.targets], 0.0)
    return np.asarray(weights / weights.sum())


def _standardized(clips: TrainingClips) -> tuple[Tensor, Tensor, Tensor]:
    """Standardised features, and mean and scale of the main corpora (of several, all count the same)."""
    rows = torch.empty(clips.features.shape)
    means, scales = [], []
    for corpus in dict.fromkeys(clips.corpora):
        of_corpus = clips.corpora == corpus
        mean, scale = _moments(clips, of_corpus)
        if clips.is_main[of_corpus].any():
            means.append(mean)
            scales.append(scale)
        else:
            rows[of_corpus] = (torch.from_numpy(clips.features[of_corpus]) - mean) / scale
    mean, scale = torch.stack(means).mean(0), torch.stack(scales).square().mean(0).sqrt()
    rows[clips.is_main] = (torch.from_numpy(clips.features[clips.is_main]) - mean) / scale
    return rows, mean, scale


def _moments(clips: TrainingClips, chosen: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
    """Mean over classes of equal weight, and deviation over clips, of each feature."""
    features = torch.from_numpy(clips.features[chosen])
    mean = torch.from_numpy(_balanced(clips, chosen)[chosen]).float() @ features
    scale = features.std(0, correction=0)
    return mean, scale + _RELATIVE_FLOOR * scale.mean() + 1e-6


def _row_weights(clips: TrainingClips, other_corpora_weight: float) -> NDArray[np.float64]:
    """Weight of each clip: equal totals for the classes of a corpus.

    The total of the main corpus is its number of clips, without augmented copies. Of several main corpora,
    the totals grow with the square root of their sizes.
    """
    weights = np.zeros(len(clips.targets))
    sizes = {
        corpus: int(((clips.corpora == corpus) & clips.is_original).sum())
        for corpus in dict.fromkeys(clips.corpora)
    }
    main = [size for corpus, size in sizes.items() if clips.is_main[clips.corpora == corpus].any()]
    n_main = sum(main)
    for corpus, size in sizes.items():
        of_corpus = clips.corpora == corpus
        if clips.is_main[of_corpus].any():
            total = n_main * size**0.5 / sum(other**0.5 for other in main)
        else:
            total = other_corpora_weight * min(n_main, size)
        present = len(np.unique(clips.targets[of_corpus]))
        has_copies = not clips.is_original[of_corpus].all()
        for kind, share in ((clips.is_original, 1 - _COPIES_SHARE), (~clips.is_original, _COPIES_SHARE)):
            chosen = of_corpus & kind
            counts = np.bincount(clips.targets[chosen], minlength=clips.n_classes)
            weights[chosen] = total / present / counts[clips.targets[chosen]] * (share if has_copies else 1)
    return weights


def _solved(
    kernel: Tensor, clips: TrainingClips, penalty: float, weights: NDArray[np.float64]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Dual weights [shape=(n, classes)], biases, logits, and logits of each clip without its group.

    The main corpora share a bias, and each other corpus has its own; biases are not penalised. With C the
    upper left part of the inverse of the bordered system, the residuals of a group that is left out are
    inv(C[group, group]) @ (C @ targets)[group], so nothing is solved again.
    """
    wanted = torch.from_numpy(np.where(clips.targets[:, None] == np.arange(clips.n_classes), 1.0, -1.0))
    names = np.where(clips.is_main, "", clips.corpora.astype(str))
    # One column for each corpus, that of the main ones first: its name is empty.
    member = torch.from_numpy((names[:, None] == np.unique(names)).astype(np.float64))
    groups = clips.groups.astype(str)
    places = [np.flatnonzero(groups == group) for group in np.unique(groups[clips.is_main])]
    alpha, held_out = torch.zeros_like(wanted), torch.zeros_like(wanted)
    bias = torch.zeros(clips.n_classes, dtype=torch.float64)
    patterns, pattern_of = np.unique(_has_class(clips), axis=1, return_inverse=True)
    for number, has_class in enumerate(patterns.T):
        columns = np.flatnonzero(pattern_of.reshape(-1) == number)
        diagonal = penalty / (weights * np.where(has_class, 1, _ABSENT_CLASS_WEIGHT))
        inverse = torch.cholesky_inverse(
            torch.linalg.cholesky(kernel + torch.diag(torch.from_numpy(diagonal)))
        )
        products = inverse @ member
        border = torch.linalg.solve(member.T @ products, products.T)
        inverse -= products @ border
        solution = inverse @ wanted[:, columns]
        alpha[:, columns] = solution
        bias[columns] = (border @ wanted[:, columns])[0]
        for its in places:
            residuals = torch.linalg.solve(inverse[np.ix_(its, its)], solution[its])
            held_out[np.ix_(its, columns)] = wanted[np.ix_(its, columns)] - residuals
    return alpha, bias, kernel @ alpha + bias, held_out


def _has_class(clips: TrainingClips) -> NDArray[np.bool_]:
    """Whether a clip's corpus has a class [shape=(n, classes)]."""
    found = np.zeros((len(clips.targets), clips.n_classes), bool)
    for corpus in dict.fromkeys(clips.corpora):
        of_corpus = clips.corpora == corpus
        found[np.ix_(of_corpus, np.unique(clips.targets[of_corpus]))] = True
    return found
