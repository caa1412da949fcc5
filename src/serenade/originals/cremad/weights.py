"""Weights in the files of the original CREMA-D system: ours, which carry their Spec, and those without one.

A file of the original does not say which output is which emotion nor how its spectrograms were made, so the
published layout is assumed for it, and the assumption is handed on to be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from serenade.audio.logmel import CREMAD_SEED
from serenade.errors import ModelError
from serenade.networks.architectures.cnn_lstm import CHANNELS, ORIGINAL_WIDTH_FRAMES, POOLING
from serenade.networks.registry import Network
from serenade.networks.weights import filled_network
from serenade.spec import METADATA_KEY, Spec
from serenade.training.checkpoint import load_checkpoint

CLASSES = {
    "anger": "Angry",
    "disgust": "Disgust",
    "fear": "Fear",
    "happiness": "Happy",
    "neutral": "Neutral",
    "sadness": "Sad",
}
"""The original's names of its classes by ours, in the order of its class ids."""

SPEC_KEY = "spec"
"""The one key that our checkpoints have besides the original's: the Spec as JSON."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A network from a file of the original system.

    Attributes:
        network: on the CPU, in evaluation mode.
        spec: what it says about itself, or what was assumed.
        assumed: what was assumed, in a sentence; "" for a file that carries its Spec.
    """

    network: Network
    spec: Spec
    assumed: str


def spec_text(spec: Spec) -> str:
    """The Spec as the text that stands under `SPEC_KEY`."""
    return spec.to_metadata()[METADATA_KEY]


def with_spec(state: dict[str, Any], spec: Spec) -> dict[str, Any]:
    """A bare state_dict that carries its Spec where `load_state_dict` does not mind it.

    PyTorch keeps the versions of a state_dict's modules beside its tensors, in `_metadata`, and saves them.
    """
    state._metadata[METADATA_KEY] = {SPEC_KEY: spec_text(spec)}  # type: ignore[attr-defined]
    return state


def load_original(file: str | Path, *, max_width: int = ORIGINAL_WIDTH_FRAMES) -> Loaded:
    """Load a checkpoint or a bare state_dict; nothing in the file is run.

    Args:
        file: `best_model.pth`, `final_model.pth` or `model_state_dict.pth`, of serenade or of the original.
        max_width: frames that every clip is padded or cut to. Part of the original's weights follows from
            it, so it must fit; a file of serenade takes any.

    Raises:
        ModelError: no such file, no weights, weights of another layout or width, or other emotions than
            the original's six.
    """
    file = Path(file)
    if not file.is_file():
        raise ModelError("there is no such file; give a best_model.pth", file=file)
    try:
        content = load_checkpoint(file)
    except ModelError as cause:
        raise ModelError(
            "is no checkpoint that can be read without running code in it; give best_model.pth, "
            "final_model.pth or model_state_dict.pth",
            file=file,
        ) from cause
    state = content.get("model_state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError("holds neither a model_state_dict nor weights; give a best_model.pth", file=file)
    text = content.get(SPEC_KEY, _carried(state))
    if text is None:
        return _published(state, file, max_width)
    spec = Spec.from_metadata({METADATA_KEY: str(text)}, file=file)
    if foreign := [label for label in spec.labels if label not in CLASSES]:
        raise ModelError(
            f"knows {', '.join(foreign)}, and the original's table has no such column; use serenade predict",
            file=file,
        )
    return Loaded(network=filled_network(spec, state, file=file), spec=spec, assumed="")


def _carried(state: Mapping[str, Any]) -> Any:
    """The Spec that `with_spec` put there, or None."""
    return getattr(state, "_metadata", {}).get(METADATA_KEY, {}).get(SPEC_KEY)


def _published(state: Mapping[str, Tensor], file: Path, max_width: int) -> Loaded:
    """The network of the published layout; the width it was trained at must be `max_width`."""
    inputs, outputs = state.get("lstm.weight_ih_l0"), state.get("fc3.weight")
    if inputs is None or outputs is None or inputs.ndim != 2 or outputs.ndim != 2:
        raise ModelError("carries no Spec, and its weights are not of the original layout", file=file)
    if len(outputs) != len(CLASSES):
        raise ModelError(
            f"carries no Spec and has {len(outputs)} classes, not the original's {len(CLASSES)}", file=file
        )
    narrowest = inputs.shape[1] // CHANNELS[-1] * POOLING
    widest = narrowest + POOLING - 1
    if not narrowest <= max_width <= widest:
        raise ModelError(
            f"was trained at a width of {narrowest} to {widest} frames; give one of these as --max_width, "
            f"not {max_width}",
            file=file,
        )
    spec = Spec(
        name=file.stem,
        labels=tuple(CLASSES),
        front_end=CREMAD_SEED,
        network="cnn_lstm.original",
        network_args={"width_frames": max_width},
    )
    assumed = (
        f"{file} carries no Spec: taken for weights of the original layout (network cnn_lstm.original at "
        f"--max_width {max_width}), read with the original front end ({CREMAD_SEED.rate_hz} Hz, window "
        f"{CREMAD_SEED.n_fft}, hop {CREMAD_SEED.hop}, {CREMAD_SEED.n_mels} mels) and its order of classes "
        f"({', '.join(CLASSES.values())})"
    )
    return Loaded(network=filled_network(spec, state, file=file), spec=spec, assumed=assumed)
