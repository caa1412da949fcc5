"""What a finished run answers for the clips that another one learns from.

A network that learns from a better one's answers, beside the labels, learns also what else a clip could have
been (distillation; Hinton et al. 2015, https://arxiv.org/abs/1503.02531). The better one may be larger, or
read what the other does not, such as the vectors of an encoder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade.corpora.splits import Split
from serenade.errors import ModelError, SplitError
from serenade.evaluation.calibration import softmax
from serenade.evaluation.provenance import run_folders
from serenade.features.store import Store
from serenade.networks.weights import load_network
from serenade.training.dialogues import batches_to_answer
from serenade.training.inputs import Inputs
from serenade.training.loop import logits_of


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
    for folder in run_folders(Path(run)).values():
        network, spec = load_network(folder)
        if spec.split.get("hash") != split.hash:
            continue
        if spec.labels != labels:
            raise ModelError(f"teaches {', '.join(spec.labels)}, and not {', '.join(labels)}", file=folder)
        if "features" in network.takes and store.front_end != spec.front_end:
            raise ModelError("hears through another front end than this store's; take another", file=folder)
        inputs = Inputs.of_spec(store, spec, takes=network.takes)
        batches = batches_to_answer(store, rows, inputs, n_classes=len(labels))
        answers.append(softmax(logits_of(network, batches)))
    if not answers:
        fold = f", fold {split.fold}" if split.fold else ""
        raise SplitError(
            f"the teacher {run} learnt under another split than {split.name}{fold}, so it may have heard "
            "whom this run is tested on; train it on the same store with the same data.split"
        )
    return np.asarray(np.mean(answers, axis=0), np.float32)
