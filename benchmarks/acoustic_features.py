"""Two sets of acoustic features of openSMILE with a linear support vector machine, on the clips of a store.

eGeMAPSv02 (Eyben et al. 2016, 88 features) and ComParE 2016 (Schuller et al. 2016, 6,373 features). The
features are standardised by the clips of the train and dev parts, and every class has the same weight.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade.audio.decode import decode
from serenade.corpora import make_split
from serenade.features.store import Store
from serenade.files import write_whole

FEATURE_SETS = {"eGeMAPS + SVM": ("eGeMAPSv02", 1e-2), "ComParE + SVM": ("ComParE_2016", 1e-4)}
"""Name of openSMILE's feature set and the penalty C of the classifier, by title."""


def score_features(corpus: str, split: str, store: Path, cache: Path, *, pooled: bool) -> str:
    """UAR in percent over the folds of a split; a dash where a package is missing.

    Args:
        corpus: of the clips.
        split: name of the split.
        store: with the recordings of the clips.
        cache: .npz of the features, which is written if it is missing.
        pooled: score all clips together, in place of the mean over folds.
    """
    for package in ("opensmile", "sklearn"):
        if importlib.util.find_spec(package) is None:
            print(f"skipped: {cache.stem}, because {package} is not installed", file=sys.stderr)
            return "–"
    from sklearn.metrics import recall_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    index = Store.open(store).index
    table = index[(index["corpus"] == corpus) & (index["state"] == "ok")].reset_index(drop=True)
    name, penalty = FEATURE_SETS[cache.stem.partition("_")[2]]
    features = _features(name, list(table["file"]), cache)
    labels = table["emotion"].to_numpy(str)
    predicted, scores = np.full(len(table), "", object), []
    n_folds = make_split(table, split, fold=1).n_folds
    for fold in range(1, n_folds + 1):
        parts = make_split(table, split, fold=fold).parts
        train, test = (parts.isin(names).to_numpy() for names in (["train", "dev"], ["test"]))
        classifier = LinearSVC(C=penalty, class_weight="balanced", dual=True, max_iter=5_000)
        pipeline = make_pipeline(StandardScaler(), classifier).fit(features[train], labels[train])
        predicted[test] = pipeline.predict(features[test])
        found = recall_score(labels[test], predicted[test].astype(str), average=None, zero_division=np.nan)
        scores.append(float(np.nanmean(found)))
    if pooled:
        known = predicted != ""
        recall = recall_score(labels[known], predicted[known].astype(str), average="macro")
        return f"{100 * float(recall):.1f}"
    return f"{100 * np.mean(scores):.1f} ± {100 * np.std(scores):.1f}"


def _features(name: str, files: list[str], cache: Path) -> NDArray[np.float32]:
    import opensmile

    if cache.is_file():
        found: NDArray[np.float32] = np.load(cache)["features"]
        return found
    smile = opensmile.Smile(opensmile.FeatureSet[name], opensmile.FeatureLevel.Functionals)
    sounds = (decode(file, rate_hz=16_000) for file in files)
    rows = [smile.process_signal(sound.samples, sound.rate_hz).to_numpy()[0] for sound in sounds]
    features = np.asarray(rows, np.float32)
    with write_whole(cache, "wb") as out:
        np.savez(out, features=features)
    return features


if __name__ == "__main__":
    sys.exit("run benchmarks/encoder.py")
