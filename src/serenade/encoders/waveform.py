"""Encoders that take the sound itself, of the package transformers: wav2vec 2.0, HuBERT, WavLM, Data2Vec.

Their hidden states must not depend on padding. transformers masks the attention, but not what comes before:
the normalisation over time in the first convolution, and the convolutions that encode positions. They are
masked here.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from serenade.audio.front_end import WAVEFORM, FrontEnd
from serenade.encoders.loading import import_transformers
from serenade.encoders.masking import frame_mask
from serenade.errors import ModelError
from serenade.schema import SchemaError, read_json

MODEL_TYPES = ("wav2vec2", "hubert", "wavlm", "data2vec-audio")
"""`model_type` in config.json of the encoders that this module loads."""

_SHORTEST = 2
"""Frames of the shortest clip: one step of the encoder."""
_LEAST_POWER = 1e-10
_SMALLEST_VARIANCE = 1e-7  # as in the feature extractors of transformers


@dataclass(frozen=True, kw_only=True)
class WaveformSize:
    """Size of an encoder.

    Attributes:
        model_type: the kind of encoder.
        d_model: width of a hidden state.
        encoder_layers: number of layers.
    """

    model_type: str
    d_model: int
    encoder_layers: int

    @property
    def front_end(self) -> FrontEnd:
        """The front end of its input."""
        return WAVEFORM

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes by name."""
        return asdict(self)


class WaveformEncoder(nn.Module):
    """An encoder up to a layer, for padded batches.

    Args:
        folder: in Hugging Face's layout.
        size: of the encoder, up to the last layer that is computed.

    Raises:
        ModelError: the folder has other weights than its configuration needs.
    """

    def __init__(self, folder: Path, size: WaveformSize) -> None:
        super().__init__()
        self.size = size
        self.model = _load(folder)
        self.normalizes = _normalizes(folder)
        encoder = self.model.encoder
        del encoder.layers[size.encoder_layers :]
        if getattr(self.model.config, "do_stable_layer_norm", False):
            encoder.layer_norm = nn.Identity()  # of the last layer's states only
        for layer in encoder.layers:
            layer.register_forward_hook(self._keep)
        self._states: list[Tensor] = []
        self._counts = self._mask = torch.ones(1)
        self._mask_convolutions()

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states after each layer, and the steps of each clip.

        Args:
            features: of the front end `WAVEFORM` [shape=(batch, 320, frames)].
            lengths: frames of each clip, at least 1 [shape=(batch,)].

        Returns:
            states [shape=(layers, batch, steps, width)] and steps [shape=(batch,)].
        """
        features, lengths = _long_enough(features, lengths)
        samples = features.transpose(1, 2).flatten(1)
        counts = lengths * WAVEFORM.hop
        if self.normalizes:
            inside = frame_mask(counts, samples.shape[1]).to(samples.dtype)
            total = counts[:, None].to(samples.dtype)
            centred = (samples - samples.sum(1, keepdim=True) / total) * inside
            variance = centred.square().sum(1, keepdim=True) / total
            samples = centred / (variance + _SMALLEST_VARIANCE).sqrt()
        self._counts = counts
        hidden = self.model.feature_extractor(samples).transpose(1, 2)
        hidden = self.model.feature_projection(hidden)
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        steps = self._steps(counts)
        self._mask = frame_mask(steps, hidden.shape[1])
        self._states.clear()
        self.model.encoder(hidden, attention_mask=self._mask)
        return torch.stack(self._states), steps

    def levels(self, features: Tensor, lengths: Tensor, inside: Tensor) -> Tensor:
        """Level of each step in dB [shape=(batch, steps)]."""
        features, _ = _long_enough(features, lengths)
        power = features.square().mean(1).clamp(min=_LEAST_POWER)
        return 10 * power.log10()[:, : inside.shape[1]]

    def _steps(self, counts: Tensor) -> Tensor:
        for kernel, stride in zip(self.model.config.conv_kernel, self.model.config.conv_stride, strict=True):
            counts = (counts - kernel).div(stride, rounding_mode="floor") + 1
        return counts

    def _mask_convolutions(self) -> None:
        """Keep padding out of what looks beyond a step."""
        first = self.model.feature_extractor.conv_layers[0]
        if isinstance(getattr(first, "layer_norm", None), nn.GroupNorm):
            first.layer_norm = _MaskedNorm(first.layer_norm, self)
        positions = self.model.encoder.pos_conv_embed
        for module in positions.modules():
            if isinstance(module, nn.Conv1d):
                if nn.utils.parametrize.is_parametrized(module):
                    nn.utils.parametrize.remove_parametrizations(module, "weight")
                module.register_forward_pre_hook(self._without_padding)

    def _keep(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self._states.append(output[0] if isinstance(output, tuple) else output)

    def _without_padding(self, module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        return (inputs[0] * self._mask[:, None].to(inputs[0].dtype),)


class _MaskedNorm(nn.Module):
    """The normalisation of each channel over the time of each clip, without padding."""

    def __init__(self, norm: nn.GroupNorm, encoder: WaveformEncoder) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps
        config = encoder.model.config
        self.kernel, self.stride = config.conv_kernel[0], config.conv_stride[0]
        self._encoder = [encoder]  # in a list, so that it is no part of this module

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise [shape=(batch, channels, steps)]."""
        counts = (self._encoder[0]._counts - self.kernel).div(self.stride, rounding_mode="floor") + 1
        inside = frame_mask(counts, hidden.shape[2])[:, None].to(hidden.dtype)
        total = counts[:, None, None].to(hidden.dtype)
        centred = (hidden - (hidden * inside).sum(2, keepdim=True) / total) * inside
        variance = centred.square().sum(2, keepdim=True) / total
        normal: Tensor = centred / (variance + self.eps).sqrt()
        normal = normal * self.weight[:, None] + self.bias[:, None]
        return normal


def _long_enough(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Clips with at least one step: shorter ones are padded with silence."""
    features = features * frame_mask(lengths, features.shape[2])[:, None].to(features.dtype)
    silence = features.new_zeros(features.shape[0], features.shape[1], _SHORTEST)
    return torch.cat([features, silence], dim=2), lengths.clamp(min=_SHORTEST)


def waveform_size(config: Mapping[str, Any]) -> WaveformSize:
    """The size of an encoder from its `config.json`.

    Raises:
        SchemaError: it does not state it.
    """
    width, layers = config.get("hidden_size"), config.get("num_hidden_layers")
    # In Python, True is an int.
    if not (type(width) is int and type(layers) is int and width > 0 and layers > 0):
        raise SchemaError("hidden_size and num_hidden_layers must be numbers above 0")
    return WaveformSize(model_type=str(config["model_type"]), d_model=width, encoder_layers=layers)


def _load(folder: Path) -> Any:
    """The network, with all its weights from the folder."""
    transformers = import_transformers()
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    unreadable = (
        *(OSError, ValueError, KeyError, RuntimeError, TypeError, ArithmeticError),
        *(EOFError, pickle.UnpicklingError, struct.error, SafetensorError, StrictDataclassError),
    )
    try:
        model, found = transformers.AutoModel.from_pretrained(
            str(folder),
            output_loading_info=True,
            trust_remote_code=False,
            local_files_only=True,
            attn_implementation="eager",
            dtype=torch.float32,
        )
    except unreadable as cause:
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise ModelError(f"is not an encoder that can be loaded: {reason}", file=folder) from cause
    missing = sorted(set(found["missing_keys"]) - {"masked_spec_embed"})
    if missing:
        raise ModelError(f"has no weight {missing[0]}", file=folder)
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise ModelError(f"has values in the weight {name} that are not finite", file=folder)
    model.masked_spec_embed = None  # of training
    return model.eval()


def _normalizes(folder: Path) -> bool:
    """Whether the encoder was trained on clips with mean 0 and variance 1."""
    try:
        content = read_json(folder / "preprocessor_config.json")
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and bool(content.get("do_normalize", False))
