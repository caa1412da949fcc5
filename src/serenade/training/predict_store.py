"""The predictions of a trained network for rows of a store, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.corpora.speaker_names import names_of_speakers
from serenade.errors import StoreError
from serenade.evaluation.calibration import softmax
from serenade.evaluation.predictions import INDEX_COLUMNS
from serenade.features.store import Store
from serenade.folders import ModelFolder
from serenade.inference.device import require_known
from serenade.networks.registry import Network
from serenade.networks.weights import find_weights, load_network
from serenade.spec import Spec
from serenade.training.data.dialogues import batches_for_prediction
from serenade.training.data.inputs import Inputs
from serenade.training.dev import predict_logits
from serenade.training.devices import require_device


@dataclass(frozen=True, kw_only=True)
class StorePredictor:
    """A trained network and a store that it can take as input.

    Attributes:
        network: in evaluation mode.
        spec: of the network.
        store: with the network's front end.
        device: where the network is, "cpu" or "cuda".
    """

    network: Network
    spec: Spec
    store: Store
    device: str = "cpu"

    @classmethod
    def load(cls, model: str | Path, store: Store, *, device: str = "cpu") -> StorePredictor:
        """Load a model for a store.

        Args:
            model: a model folder, a run folder, or a `.safetensors` file.
            store: the store.
            device: "cpu" or "cuda".

        Raises:
            DeviceError: there is no such device, or no usable GPU.
            ModelError: there is no model, or it is damaged.
            StoreError: the store has another front end.
        """
        require_known(device)
        require_device(device)
        network, spec = load_network(model)
        if network.takes & {"features", "statistics"} and store.front_end != spec.front_end:
            config = ModelFolder(find_weights(model).parent).config
            raise StoreError(
                f"has another front end than the model in {model}; prepare the corpus with "
                f"--front-end {config}",
                file=store.path,
            )
        return cls(network=network.to(device), spec=spec, store=store, device=device)

    def usable(self) -> NDArray[np.bool_]:
        """Return which rows of the store have an input for the network `[shape=(rows,)]`."""
        return np.asarray(self._inputs().present.any(1), np.bool_)

    def predict(
        self, rows: NDArray[np.int64], *, prior: NDArray[np.float64] | None = None, without: str = ""
    ) -> pd.DataFrame:
        """Predict rows of the store.

        Args:
            rows: positions in the store's index `[shape=(n,)]`.
            prior: scores of rows without any input `[shape=(classes,)]`.
            without: "sound" or "text" is removed from the input.

        Returns:
            One row per prediction: columns of the index, `predicted`, `confidence`, `score_<label>`, and the
            model's `temperature` and `unsure_below`.
        """
        inputs, labels = self._inputs(), self.spec.labels
        if without:
            inputs.drop_modality(without)
        batches = batches_for_prediction(self.store, rows, inputs, n_classes=len(labels))
        logits = predict_logits(self.network, batches, self.device) + np.asarray(
            self.spec.shift or 0, np.float32
        )
        scores = softmax(logits, temperature=self.spec.temperature)
        if prior is not None and not self.network.takes & {"present", "dialogues"}:
            scores[~inputs.present[rows].any(1)] = prior
        index = self.store.index
        table = index.iloc[rows][[name for name in INDEX_COLUMNS if name in index]].reset_index(drop=True)
        table["speaker"] = names_of_speakers(index).iloc[rows].to_numpy(object)
        table["predicted"] = [labels[best] for best in scores.argmax(1)]
        table["confidence"] = scores.max(1)
        table["temperature"], table["unsure_below"] = self.spec.temperature, self.spec.unsure_below
        return table.assign(**{f"score_{label}": scores[:, i] for i, label in enumerate(labels)})

    def _inputs(self) -> Inputs:
        inputs = Inputs.of_spec(self.store, self.spec, takes=self.network.takes)
        inputs.attach(self.network)
        return inputs
