"""What a finished run answers for the clips that another one learns from, and what it reads of them.

A network that learns from a better one's answers, beside the labels, learns also what else a clip could have
been (distillation; Hinton et al. 2015, https://arxiv.org/abs/1503.02531). The better one may be larger, or
read what the other does not, such as the vectors of an encoder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade.corpora.splits import Split
from serenade.errors import ModelError, RecipeError, SplitError
from serenade.evaluation.calibration import softmax
from serenade.evaluation.provenance import run_folders
from serenade.features.store import Store
from serenade.networks.registry import Network
from serenade.networks.weights import load_network
from serenade.spec import Spec
from serenade.training.data.dialogues import batches_to_answer
from serenade.training.data.inputs import Inputs
from serenade.training.loop import logits_of

_FAINT = 1e-4
"""Share of the first component's variance below which another is not brought to variance 1."""


def teacher_answers(
    run: str | Path, store: Store, split: Split, rows: NDArray[np.int64], labels: tuple[str, ...]
) -> NDArray[np.float32]:
    """The mean answer of a run's models, those of other folds left out.

    The answers are as the network gives them, without the shift and the temperature that were fitted for
    decisions.

    Args:
        run: folder of a finished run.
        store: where the clips are.
        split: who may be learnt from; the run must have learnt from just them.
        rows: positions in the store's index; whole dialogues, for a run that judges within them [shape=(n,)].
        labels: order of the classes.

    Returns:
        Class probabilities [shape=(n, classes)].

    Raises:
        ModelError: no trained model there, or one of other labels or another front end.
        SplitError: the run learnt under another split: it may have heard whom this one is tested on.
    """
    answers = []
    for folder, network, spec in _teachers(run, split):
        if spec.labels != labels:
            raise ModelError(f"teaches {', '.join(spec.labels)}, and not {', '.join(labels)}", file=folder)
        if "features" in network.takes and store.front_end != spec.front_end:
            raise ModelError("hears through another front end than this store's; take another", file=folder)
        inputs = Inputs.of_spec(store, spec, takes=network.takes)
        batches = batches_to_answer(store, rows, inputs, n_classes=len(labels))
        answers.append(softmax(logits_of(network, batches)))
    return np.asarray(np.mean(answers, axis=0), np.float32)


def teacher_hints(run: str | Path, store: Store, split: Split, n_components: int) -> NDArray[np.float32]:
    """Leading components of the text vectors that a run's models read (principal, each of variance 1).

    Which components lead is found on the train part alone. A row without text has zeros.

    Args:
        run: folder of a finished run.
        store: where the texts are.
        split: whose train part counts; the run must have learnt from just it.
        n_components: how many.

    Returns:
        [shape=(rows of the store, n_components)].

    Raises:
        RecipeError: the teacher reads no vectors, or too short ones.
        ModelError, SplitError: see `teacher_answers`.
    """
    folder, network, spec = next(_teachers(run, split))
    if "text_vectors" not in network.takes:
        raise RecipeError(f"data.hints are of vectors of texts, and the teacher {folder} reads none")
    inputs = Inputs.of_spec(store, spec, takes=network.takes)
    vectors = inputs.vectors
    assert vectors is not None, "a network that takes them has them"
    if n_components > vectors.shape[1]:
        raise RecipeError(f"data.hints asks for {n_components} components of vectors of {vectors.shape[1]}")
    read = inputs.has_text & (split.parts == "train").to_numpy()
    level = (vectors - vectors[read].mean(0)) / (vectors[read].std(0) + np.float32(1e-6))
    learnt_from = level[read]
    variances, directions = np.linalg.eigh(learnt_from.T @ learnt_from / len(learnt_from))
    # In ascending order. What is faint beside the first is rounding, and stays small.
    variances, directions = variances[: -n_components - 1 : -1], directions[:, : -n_components - 1 : -1]
    spread = np.sqrt(variances.clip(min=_FAINT * variances[0]))
    hints: NDArray[np.float32] = np.where(
        inputs.has_text[:, None], level @ directions / spread, np.float32(0)
    )
    return hints.astype(np.float32)


def _teachers(run: str | Path, split: Split) -> Iterator[tuple[Path, Network, Spec]]:
    """A run's models that learnt from just this split's train part; at least one."""
    found = 0
    for folder in run_folders(Path(run)).values():
        network, spec = load_network(folder)
        if spec.split.get("hash") == split.hash:
            found += 1
            yield folder, network, spec
    if not found:
        fold = f", fold {split.fold}" if split.fold else ""
        raise SplitError(
            f"the teacher {run} learnt under another split than {split.name}{fold}, so it may have heard "
            "whom this run is tested on; train it on the same store with the same data.split"
        )
