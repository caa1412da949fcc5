"""Loading a model, and predicting in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serenade.inference.graph import Graph
from serenade.inference.locate import find_model
from serenade.inference.model import Model
from serenade.inference.prediction import Prediction
from serenade.inference.sound import Recording


def load_model(
    name_or_path: str | Path | None = None,
    *,
    threads: int = 1,
    labels: Sequence[str] | None = None,
    device: str = "cpu",
) -> Model:
    """Load a model for prediction.

    Args:
        name_or_path: an ONNX file, a model folder, a run folder of `serenade train`, the name of a bundled
            model (`list_models`), or a model on the Hugging Face hub (`hf://owner/name`, or
            `hf://owner/name@revision`); None for the first bundled model. If there are only weights
            (`.safetensors`) and PyTorch is installed, the ONNX file is exported once, which is logged.
        threads: threads inside one computation. Many short recordings take less time with `jobs=` of
            `Model.predict_files`.
        labels: restrict predictions to some of the labels, see `Model.restricted_to`; None for all.
        device: "cpu", or "cuda" for an NVIDIA GPU (with onnxruntime-gpu).

    Raises:
        ModelError: missing, damaged, or not a model of serenade; or without one of the labels.
        DeviceError: there is no such device, or no usable GPU.
        MissingExtra: "cuda" without onnxruntime-gpu.

    >>> from serenade import load_model
    >>> load_model("model.onnx")
    <Model toy 3: anger, fear, neutral, sadness>
    """
    model = Model(Graph.load(find_model(name_or_path), threads=threads, device=device))
    return model if labels is None else model.restricted_to(labels)


def predict(
    recording: Recording | None = None,
    *,
    model: Model | str | Path | None = None,
    rate: float | None = None,
    text: str | None = None,
    track: int | None = None,
    labels: Sequence[str] | None = None,
) -> Prediction:
    """Predict the emotion of one recording or text; for many, load the model once with `load_model`.

    Args:
        recording: as for `Model.predict`.
        model: a loaded model, or what `load_model` takes; None for the first bundled model.
        rate: samples per second; needed for samples, and only there.
        text: the transcript, for a model that takes text.
        track: number of the audio track, from 1; None for the first that is not silent.
        labels: restrict the prediction to some of the labels, see `Model.restricted_to`; None for all.

    Raises:
        UnsupportedMedia: the recording cannot be decoded as sound.
        ModelError: the model cannot be loaded, or takes other inputs.

    >>> from serenade import predict
    >>> predict("call.wav", model="model.onnx").emotion
    'sadness'
    """
    loaded = model if isinstance(model, Model) else load_model(model)
    loaded = loaded if labels is None else loaded.restricted_to(labels)
    return loaded.predict(recording, rate=rate, text=text, track=track)
