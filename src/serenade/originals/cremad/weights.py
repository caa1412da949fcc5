"""Weights in the files of the original CREMA-D system, with or without a Spec.

A file of the original has no labels and no front end. The published ones are assumed for it, and the
assumption is returned so that the caller can print it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from serenade.audio.logmel import CREMAD_SEED
from serenade.errors import ModelError
from serenade.networks.architectures.cnn_lstm import CHANNELS, ORIGINAL_WIDTH_FRAMES, POOLING
from serenade.networks.registry import Network
from serenade.networks.weights import filled_network
from serenade.spec import METADATA_KEY, Spec
from serenade.training.checkpoint import load_torch_file

CLASSES = {
    "anger": "Angry",
    "disgust": "Disgust",
    "fear": "Fear",
    "happiness": "Happy",
    "neutral": "Neutral",
    "sadness": "Sad",
}
"""Class names of the original by label, in the order of its class ids."""

SPEC_KEY = "spec"
"""Key of the Spec (as JSON) in a checkpoint; all other keys are those of the original."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A network from a file of the original system.

    Attributes:
        network: the network, on the CPU, in evaluation mode.
        spec: Spec of the file, or the assumed one.
        assumed: one sentence that says what was assumed; "" for a file with a Spec.
    """

    network: Network
    spec: Spec
    assumed: str


def spec_text(spec: Spec) -> str:
    """Return the Spec as the text under `SPEC_KEY`."""
    return spec.to_metadata()[METADATA_KEY]


def with_spec(state: dict[str, Any], spec: Spec) -> dict[str, Any]:
    """Return a bare state_dict with the Spec in its `_metadata`, which `load_state_dict` ignores.

    PyTorch stores the versions of a state_dict's modules there, and saves them with the tensors.
    """
    state._metadata[METADATA_KEY] = {SPEC_KEY: spec_text(spec)}  # type: ignore[attr-defined]
    return state


def load_original(
    file: str | Path,
    *,
    max_width: int = ORIGINAL_WIDTH_FRAMES,
    padding: Literal["zeros", "reflect"] = "zeros",
) -> Loaded:
    """Load a checkpoint or a bare state_dict without running code in it.

    Args:
        file: `best_model.pth`, `final_model.pth` or `model_state_dict.pth`, of serenade or of the original.
        max_width: number of frames that every clip is padded or cut to. The size of the original's weights
            depends on it, so it must fit; a file of serenade takes any.
        padding: what the first and last frames are padded with, for a file without a Spec: "zeros" as in
            the original tester (with librosa 0.9 or later), "reflect" as in the original generator.

    Raises:
        ModelError: the file is missing, has no weights, weights of another layout or width, or labels other
            than the original's six.
    """
    file = Path(file)
    if not file.is_file():
        raise ModelError("there is no such file; give a best_model.pth", file=file)
    try:
        content = load_torch_file(file)
    except ModelError as cause:
        raise ModelError(
            "is not a checkpoint that can be loaded without running code; give best_model.pth, "
            "final_model.pth or model_state_dict.pth",
            file=file,
        ) from cause
    state = content.get("model_state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError("has neither a model_state_dict nor weights; give a best_model.pth", file=file)
    text = content.get(SPEC_KEY, _carried(state))
    if text is None:
        return _published(state, file, max_width, padding)
    spec = Spec.from_metadata({METADATA_KEY: str(text)}, file=file)
    if foreign := [label for label in spec.labels if label not in CLASSES]:
        raise ModelError(
            f"has the labels {', '.join(foreign)}, for which the original's table has no column; "
            "use serenade predict",
            file=file,
        )
    return Loaded(network=filled_network(spec, state, file=file), spec=spec, assumed="")


def _carried(state: Mapping[str, Any]) -> Any:
    """Return the Spec that `with_spec` stored, or None."""
    return getattr(state, "_metadata", {}).get(METADATA_KEY, {}).get(SPEC_KEY)


def _published(
    state: Mapping[str, Tensor], file: Path, max_width: int, padding: Literal["zeros", "reflect"]
) -> Loaded:
    """Build the network of the published layout; it must have been trained at `max_width`."""
    inputs, outputs = state.get("lstm.weight_ih_l0"), state.get("fc3.weight")
    if inputs is None or outputs is None or inputs.ndim != 2 or outputs.ndim != 2:
        raise ModelError("has no Spec, and its weights do not have the original layout", file=file)
    if len(outputs) != len(CLASSES):
        raise ModelError(
            f"has no Spec and {len(outputs)} classes instead of the original's {len(CLASSES)}", file=file
        )
    narrowest = inputs.shape[1] // CHANNELS[-1] * POOLING
    widest = narrowest + POOLING - 1
    if not narrowest <= max_width <= widest:
        raise ModelError(
            f"was trained at a width of {narrowest} to {widest} frames; give one of these as --max_width, "
            f"not {max_width}",
            file=file,
        )
    front_end = replace(CREMAD_SEED, pad_mode="constant" if padding == "zeros" else "reflect")
    spec = Spec(
        name=file.stem,
        labels=tuple(CLASSES),
        front_end=front_end,
        network="cnn_lstm.original",
        network_args={"width_frames": max_width},
    )
    assumed = (
        f"{file} has no Spec: assuming the original layout (network cnn_lstm.original at --max_width "
        f"{max_width}), the original front end ({front_end.rate_hz} Hz, window {front_end.n_fft}, hop "
        f"{front_end.hop}, {front_end.n_mels} mels, ends padded with "
        f"{'zeros' if padding == 'zeros' else 'reflections'}) and its order of classes "
        f"({', '.join(CLASSES.values())})"
    )
    return Loaded(network=filled_network(spec, state, file=file), spec=spec, assumed=assumed)
