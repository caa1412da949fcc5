"""The speaker adaptation of a trained model, from predictions of clips that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from serenade.adaptation import MAX_LABELS, Adaptation
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.inference.adaptation import MIN_SPEAKERS, fit_adaptation, logits_of
from serenade.training.evaluate import parts_of_rows
from serenade.training.predict_store import StorePredictor


def adaptation_of(probabilities: ArrayLike, targets: ArrayLike, speakers: Sequence[str]) -> Adaptation | None:
    """Fit the adaptation of a calibrated model; see `serenade.inference.adaptation.fit_adaptation`.

    Only speakers with clips of at least half of the classes are used: the offset of others cannot be
    separated from their emotions.

    Args:
        probabilities: calibrated, of speakers that the model was not trained on [shape=(n, K)].
        targets: index of the true class [shape=(n,)].
        speakers: their names; "" if it is not known.

    Returns:
        None if there are fewer than 5 such speakers, a class without clips, or more than 32 classes.

    >>> probabilities = [[0.9, 0.1], [0.4, 0.6]] * 10
    >>> adaptation_of(probabilities, [0, 1] * 10, [f"speaker {n // 4}" for n in range(20)]).speakers
    5
    >>> adaptation_of(probabilities, [0, 1] * 10, [f"speaker {n // 10}" for n in range(20)]) is None
    True
    """
    logits, true, names = logits_of(probabilities), np.asarray(targets), np.asarray(speakers, dtype=object)
    classes = logits.shape[1]
    known = [name for name in set(names) - {""} if 2 * len(set(true[names == name])) >= classes]
    used = np.isin(names, known)
    if len(known) < MIN_SPEAKERS or classes > MAX_LABELS or len(set(true[used])) < classes:
        return None
    return fit_adaptation(logits[used], true[used], names[used].astype(str), temperature=1.0)


def speaker_names(table: pd.DataFrame) -> list[str]:
    """Names of the speakers of some rows, unique over corpora; "" if the speaker is not known.

    >>> speaker_names(pd.DataFrame({"corpus": ["a", "b", "b"], "speaker": ["01", "01", ""]}))
    ['a/01', 'b/01', '']
    """
    pairs = zip(table["corpus"].fillna(""), table["speaker"].fillna(""), strict=True)
    return [f"{corpus}/{speaker}" if speaker else "" for corpus, speaker in pairs]


def out_of_fold_adaptation(store: Store, fold_runs: Sequence[RunFolder]) -> Adaptation | None:
    """Fit an adaptation to what each model of a cross-validation predicts for its test part.

    It is for the final model, whose dev part has fewer speakers.

    Args:
        store: the store of the run.
        fold_runs: finished fold runs, one for each fold.

    Returns:
        None as `adaptation_of`, or if the models have different labels.
    """
    probabilities: list[NDArray[np.float64]] = []
    targets: list[int] = []
    speakers: list[str] = []
    labels: tuple[str, ...] = ()
    for fold_run in fold_runs:
        predictor = StorePredictor.load(fold_run.path, store)
        labels = labels or predictor.spec.labels
        if predictor.spec.labels != labels:
            return None
        chosen = (store.index["variant"] == "original") & store.index["emotion"].isin(labels)
        chosen &= (parts_of_rows(fold_run.path, store) == "test") & predictor.usable()
        rows = np.flatnonzero(chosen.to_numpy())
        if len(rows):
            table = predictor.predict(rows)
            probabilities.append(table[[f"score_{label}" for label in labels]].to_numpy(np.float64))
            targets += [labels.index(emotion) for emotion in table["emotion"]]
            speakers += speaker_names(table)
    return adaptation_of(np.concatenate(probabilities), targets, speakers) if probabilities else None
