"""Distillation: a network is trained on the predictions, or the features, of a finished run.

A network that is trained on a better network's predictions beside the labels also learns which other classes
are plausible for a clip (Hinton et al. 2015, https://arxiv.org/abs/1503.02531). The better network, the
teacher, may be larger, or take inputs that the other does not, such as the vectors of an encoder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade.corpora import Split
from serenade.errors import ModelError, RecipeError, SplitError
from serenade.evaluation.calibration import softmax
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.networks.registry import Network
from serenade.networks.weights import load_network
from serenade.spec import Spec
from serenade.training.data.dialogues import batches_for_prediction
from serenade.training.data.inputs import Inputs
from serenade.training.dev import predict_logits

_MIN_VARIANCE = 1e-4
"""Components with a smaller share of the first one's variance are not scaled to variance 1."""


def teacher_predictions(
    run: str | Path, store: Store, split: Split, rows: NDArray[np.int64], labels: tuple[str, ...]
) -> NDArray[np.float32]:
    """The mean prediction of the models of a run that were trained under the same split.

    The predictions are those of the networks, without logit adjustment and temperature.

    Args:
        run: folder of a finished run.
        store: where the clips are.
        split: the split of the network to train; the run must have been trained under the same.
        rows: positions in the store's index; whole dialogues, for a run that takes them [shape=(n,)].
        labels: order of the classes.

    Returns:
        Class probabilities [shape=(n, classes)].

    Raises:
        ModelError: no trained model there, or one of other labels or another front end.
        SplitError: the run was trained under another split, perhaps on this one's test speakers.
    """
    predictions = []
    for folder, network, spec in _teachers(run, split):
        if spec.labels != labels:
            raise ModelError(
                f"predicts {', '.join(spec.labels)}, and this run {', '.join(labels)}; train a teacher with "
                "the same labels",
                file=folder,
            )
        if "features" in network.takes and store.front_end != spec.front_end:
            raise ModelError(
                "was trained with another front end than this store's; train a teacher on this store",
                file=folder,
            )
        inputs = Inputs.of_spec(store, spec, takes=network.takes)
        batches = batches_for_prediction(store, rows, inputs, n_classes=len(labels))
        predictions.append(softmax(predict_logits(network, batches)))
    return np.asarray(np.mean(predictions, axis=0), np.float32)


def teacher_features(run: str | Path, store: Store, split: Split, n_components: int) -> NDArray[np.float32]:
    """The first principal components of the text vectors that a run takes as input, each of variance 1.

    They are fitted on the train part alone. A row without text has zeros.

    Args:
        run: folder of a finished run.
        store: where the texts are.
        split: the split of the network to train; the run must have been trained under the same.
        n_components: how many.

    Returns:
        [shape=(rows of the store, n_components)].

    Raises:
        RecipeError: the teacher takes no text vectors, or shorter ones.
        ModelError, SplitError: see `teacher_predictions`.
    """
    folder, network, spec = next(_teachers(run, split))
    if "text_vectors" not in network.takes:
        raise RecipeError(
            f"data.distill_features needs a teacher that takes text vectors, and {folder} does not"
        )
    inputs = Inputs.of_spec(store, spec, takes=network.takes)
    vectors = inputs.vectors
    assert vectors is not None, "a network that takes text vectors has them"
    if n_components > vectors.shape[1]:
        raise RecipeError(
            f"data.distill_features is {n_components}, and the teacher's vectors have {vectors.shape[1]}"
        )
    in_train = inputs.has_text & (split.parts == "train").to_numpy()
    scaled = (vectors - vectors[in_train].mean(0)) / (vectors[in_train].std(0) + np.float32(1e-6))
    fitted_on = scaled[in_train]
    variances, directions = np.linalg.eigh(fitted_on.T @ fitted_on / len(fitted_on))
    # eigh sorts in ascending order. Components that are weak beside the first are rounding errors.
    variances, directions = variances[: -n_components - 1 : -1], directions[:, : -n_components - 1 : -1]
    scale = np.sqrt(variances.clip(min=_MIN_VARIANCE * variances[0]))
    components: NDArray[np.float32] = np.where(
        inputs.has_text[:, None], scaled @ directions / scale, np.float32(0)
    )
    return components.astype(np.float32)


def _teachers(run: str | Path, split: Split) -> Iterator[tuple[Path, Network, Spec]]:
    """The models of a run that were trained under this split; at least one."""
    teacher = RunFolder(Path(run))
    folders = teacher.fold_runs()
    if teacher.final.model.is_complete:
        folders = [*folders, teacher.final]
    found = 0
    for folder in folders:
        network, spec = load_network(folder.path)
        if spec.split.get("hash") == split.hash:
            found += 1
            yield folder.path, network, spec
    if not found:
        fold = f", fold {split.fold}" if split.fold else ""
        raise SplitError(
            f"the teacher {run} was trained under another split than {split.name}{fold}, perhaps on speakers "
            "that this run is tested on; train it on the same store with the same data.split"
        )
