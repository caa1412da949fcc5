"""Writes a trained network as a model folder: calibrated, with its Spec, card and ONNX graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.adaptation import Adaptation
from serenade.corpora import Split, licence_of
from serenade.corpora.registry import FREE
from serenade.domain import Domain
from serenade.evaluation.calibration import fit_temperature, softmax, unsure_threshold
from serenade.evaluation.metric import METRICS
from serenade.evaluation.selective import threshold_of_each
from serenade.features.store import Store
from serenade.folders import EpochLog, ModelFolder
from serenade.inference.tokens import Vocabulary
from serenade.networks.export import export_onnx
from serenade.networks.registry import Network
from serenade.networks.weights import save_network
from serenade.spec import Spec
from serenade.training.adaptation import adaptation_of, speaker_names
from serenade.training.data.inputs import Inputs
from serenade.training.dev import HeldOut
from serenade.training.logit_adjustment import fit_logit_adjustment
from serenade.training.model_card import model_card
from serenade.training.recipe import Recipe
from serenade.training.split_record import trained_on


def write_model(
    recipe: Recipe,
    store: Store,
    split: Split,
    network: Network,
    held_out: HeldOut,
    inputs: Inputs,
    prior: NDArray[np.float32],
    labels: tuple[str, ...],
    lines: list[EpochLog],
    folder: ModelFolder,
    *,
    adaptation: Adaptation | None = None,
    domain: Domain | None = None,
    with_onnx: bool = True,
) -> None:
    """Calibrate on held-out clips and write the model folder, the card last, when the rest is complete.

    Args:
        recipe: of the training.
        store: what was trained on.
        split: which rows of the store.
        network: the trained network.
        held_out: logits for the calibration, such as those of the dev part.
        inputs: of the network.
        prior: share of each class in the train part [shape=(classes,)].
        labels: order of the classes.
        lines: figures of every epoch.
        folder: is created if need be.
        with_onnx: whether the graph is written now; if not, `serenade predict` writes it on first use.
        adaptation: to speakers; None to fit one to dev, if it has enough speakers.
        domain: how the domain check of the network was fitted; None if it has none.

    Raises:
        OutputError: it cannot be written there.
    """
    logits, true = held_out.logits, held_out.targets
    monitor = recipe.training.monitor.removeprefix("dev_")
    shift = fit_logit_adjustment(
        logits,
        true,
        prior=prior,
        powers=recipe.training.logit_adjustment,
        metric=monitor if monitor in METRICS else "uar",
    )
    logits = logits + np.asarray(shift or 0, np.float32)
    temperature = fit_temperature(logits, true)
    probabilities = softmax(logits, temperature=temperature)
    if adaptation is None or len(adaptation.means) != len(labels):
        adaptation = adaptation_of(probabilities, true, speaker_names(store.index.iloc[held_out.rows]))
    spec = Spec(
        name=recipe.name,
        labels=labels,
        front_end=store.front_end,
        network=recipe.network.name,
        network_args=recipe.network.options,
        temperature=temperature,
        shift=shift,
        inputs=recipe.data.inputs,
        context=network.context,
        vocabulary=inputs.vocabulary.tokens if isinstance(inputs.vocabulary, Vocabulary) else (),
        text=_text_source(recipe) if recipe.text.encoder else {},
        sizes={name: size for name, size in inputs.sizes.items() if name != "n_mels"},
        unsure_below=unsure_threshold(probabilities, true),
        precision_thresholds=threshold_of_each(probabilities, true),
        adaptation=adaptation,
        domain=domain,
        corpora=_corpora(store),
        license=license_of_weights(corpus["license"] for corpus in _corpora(store)),
        split={"name": split.name, "fold": split.fold, "hash": split.hash, "grouped_by": split.grouped_by},
        recipe_hash=recipe.hash,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    save_network(network, spec, folder.path)
    if network.exports and with_onnx:
        export_onnx(network, spec, folder.onnx)
    folder.write_trained_on(trained_on(store, split))
    folder.write_card(model_card(spec, recipe, split, lines, has_onnx=network.exports))


def license_of_weights(licences: Iterable[str]) -> str:
    """The licence of a model by those of its corpora; one that is free adds no condition.

    >>> license_of_weights(["CC-BY-NC-SA-4.0", "free, according to its authors", "CC-BY-NC-SA-4.0", ""])
    'CC-BY-NC-SA-4.0'
    >>> license_of_weights(["free for research only", "ODbL-1.0 (database)"])
    'ODbL-1.0 (database) and free for research only'
    """
    known = set(licences) - {""}
    return " and ".join(sorted(known - {FREE} or known))


def _text_source(recipe: Recipe) -> dict[str, Any]:
    """What of `[text]` a trained model needs, as JSON gives it back."""
    source = asdict(recipe.text) | {"encoder": list(recipe.text.encoder), "layers": list(recipe.text.layers)}
    return {name: value for name, value in source.items() if name != "min_count"}


def _corpora(store: Store) -> tuple[dict[str, Any], ...]:
    """The corpora of a store and their licences ("" where none is known)."""
    names = sorted(set(store.index["corpus"]) - {""})
    return tuple({"name": name, "license": licence_of(name)} for name in names)
