"""Pretrained speech encoders, from a Hugging Face folder or name, or from a bundled model.

`model_type` in config.json says which: Whisper, or one of `serenade.encoders.waveform.MODEL_TYPES`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from serenade.audio.front_end import FrontEnd
from serenade.encoders.rounding import Precision, round_weights
from serenade.encoders.speech_statistics import SpeechStatistics, statistics_width
from serenade.encoders.waveform import MODEL_TYPES, WaveformEncoder, WaveformSize, waveform_size
from serenade.encoders.whisper import WhisperEncoder, WhisperSize
from serenade.errors import ModelError
from serenade.files import hash_of, sha256_of
from serenade.inference.locate import bundled_models
from serenade.schema import SchemaError, build, read_json

SIZE_KEY = "encoder"
"""Key of the size of the encoder in the metadata of an ONNX file that contains one."""

_PREFIXES = ("model.encoder.", "encoder.", "")
_CONFIG, _WEIGHTS = "config.json", "model.safetensors"
_FEATURES, _PICKLED = "preprocessor_config.json", "pytorch_model.bin"
_POSITIONS = "embed_positions.weight"
_VERSION = 1
"""Raised when the statistics of the same encoder change."""


@dataclass(frozen=True, kw_only=True)
class SpeechEncoder:
    """Which encoder, which of its layers, and how its weights are stored. Loaded on first use.

    Attributes:
        source: a folder in Hugging Face's layout, a name on the hub such as `openai/whisper-base`, or the
            name of a bundled model that contains an encoder.
        first_layer: the first layer, from 1, whose states are used.
        last_layer: the last one; later layers are not computed.
        precision: of matrices and filters: "float32", "float16", "int8", or "int4" for matrices and "int8"
            for filters.

    Raises:
        ModelError: there is no such precision; on use: there is no such encoder, it is damaged, or has fewer
            layers.
    """

    source: str
    first_layer: int
    last_layer: int
    precision: Precision

    def __post_init__(self) -> None:
        if self.precision not in get_args(Precision):
            names = ", ".join(get_args(Precision))
            raise ModelError(f"precision must be one of {names}, not {self.precision!r}")

    @cached_property
    def size(self) -> WhisperSize | WaveformSize:
        """The size of the encoder, up to the last layer that is used."""
        size = self._bundled_size() if self._is_bundled else _folder_size(self._folder)
        if not 1 <= self.first_layer <= self.last_layer <= size.encoder_layers:
            raise ModelError(
                f"has the layers 1 to {size.encoder_layers}, so {self.first_layer} to {self.last_layer} "
                "cannot be used",
                file=self.source,
            )
        return replace(size, encoder_layers=self.last_layer)

    @property
    def front_end(self) -> FrontEnd:
        """The front end of its input; stores have the same, but for the longest duration."""
        return self.size.front_end

    @property
    def width(self) -> int:
        """Numbers of the vector of a clip."""
        return statistics_width(self.size, first_layer=self.first_layer)

    @cached_property
    def hash(self) -> str:
        """Hexadecimal SHA-256 of all that its statistics depend on."""
        if self._is_bundled:
            from serenade.encoders.onnx_weights import hash_of_weights

            # Not of the file: another classifier on the same encoder changes no statistics.
            weights = hash_of_weights(bundled_models()[self.source])
        else:
            try:
                weights = sha256_of(_weights_file(self._folder))
            except OSError as cause:
                raise _unreadable(self.source, cause) from cause
        layers = [self.first_layer, self.last_layer]
        return hash_of(
            {"weights": weights, "layers": layers, "precision": self.precision, "version": _VERSION}
        )

    def load(self) -> SpeechStatistics:
        """The encoder with its pooling, in evaluation mode."""
        size = self.size
        encoder: WhisperEncoder | WaveformEncoder
        if isinstance(size, WaveformSize):
            encoder = WaveformEncoder(self._folder, size)
        else:
            encoder = self._whisper(size)
        round_weights(encoder, self.precision)
        return SpeechStatistics(encoder, first_layer=self.first_layer).eval()

    def _whisper(self, size: WhisperSize) -> WhisperEncoder:
        encoder = WhisperEncoder(size)
        if self._is_bundled:
            from serenade.encoders.onnx_weights import read_weights

            weights = read_weights(bundled_models()[self.source])
        else:
            weights = _folder_weights(self._folder)
        _fill(encoder, weights, self.source)
        return encoder

    @property
    def _is_bundled(self) -> bool:
        return self.source in bundled_models() and not os.path.isdir(self.source)

    def _bundled_size(self) -> WhisperSize:
        import onnx

        file = bundled_models()[self.source]
        metadata = {entry.key: entry.value for entry in onnx.load(str(file)).metadata_props}
        if SIZE_KEY not in metadata:
            raise ModelError("is a bundled model without a speech encoder", file=self.source)
        return build(WhisperSize, json.loads(metadata[SIZE_KEY]))

    @cached_property
    def _folder(self) -> Path:
        if os.path.isdir(self.source):
            return Path(self.source)
        return _downloaded(self.source)


def _downloaded(name: str) -> Path:
    """The folder of a name on the hub, downloaded once."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ModuleNotFoundError:
        raise ModelError(
            "is neither a folder nor a bundled model; for a name on the Hugging Face hub, first: "
            'pip install "serenade[pretrained]"',
            file=name,
        ) from None
    try:
        folder = Path(snapshot_download(name, allow_patterns=[_CONFIG, _FEATURES, _WEIGHTS]))
        if not (folder / _WEIGHTS).is_file():
            folder = Path(snapshot_download(name, allow_patterns=[_CONFIG, _FEATURES, _PICKLED]))
        return folder
    except (OSError, HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as cause:
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise ModelError(
            "is neither a folder nor a bundled model, and cannot be downloaded from the Hugging Face "
            f"hub: {reason}",
            file=name,
        ) from cause


def _weights_file(folder: Path) -> Path:
    """The file of weights; without safetensors that of PyTorch, which transformers alone reads."""
    found = folder / _WEIGHTS
    return found if found.is_file() or not (folder / _PICKLED).is_file() else folder / _PICKLED


def _folder_size(folder: Path) -> WhisperSize | WaveformSize:
    try:
        content = read_json(folder / _CONFIG)
        kind = content.get("model_type") if isinstance(content, dict) else None
        if kind in MODEL_TYPES:
            return waveform_size(content)
        if kind != "whisper":
            raise SchemaError(f"its model_type is {kind!r:.40}, not whisper, {', '.join(MODEL_TYPES)}")
        return build(WhisperSize, content, unknown="ignore")
    except (OSError, SchemaError) as cause:
        raise _unreadable(folder, cause) from cause


def _folder_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of the encoder, without those of a decoder."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / _WEIGHTS, framework="pt") as opened:
            names = [name for name in opened.keys() if "decoder" not in name]  # noqa: SIM118
            return {_short(name): opened.get_tensor(name).float() for name in names}
    except (OSError, SafetensorError) as cause:
        raise _unreadable(folder, cause) from cause


def _short(name: str) -> str:
    return name.removeprefix(next(prefix for prefix in _PREFIXES if name.startswith(prefix)))


def _unreadable(folder: str | Path, cause: Exception) -> ModelError:
    return ModelError(
        f"is not a speech encoder, a folder with {_CONFIG} and {_WEIGHTS} ({cause})", file=folder
    )


def _fill(encoder: WhisperEncoder, weights: dict[str, Tensor], source: Any) -> None:
    """Copy weights, all of them checked."""
    wanted = encoder.state_dict()
    for name, tensor in wanted.items():
        if name not in weights:
            raise ModelError(f"has no weight {name}", file=source)
        if weights[name].shape != tensor.shape:
            raise ModelError(
                f"has the weight {name} of shape {tuple(weights[name].shape)}, not {tuple(tensor.shape)}",
                file=source,
            )
        if not torch.isfinite(weights[name]).all():
            raise ModelError(f"has values in the weight {name} that are not finite", file=source)
    stored = weights.get(_POSITIONS, encoder.positions)
    if stored.shape != encoder.positions.shape or not torch.allclose(stored, encoder.positions, atol=0.01):
        raise ModelError(f"has other values in {_POSITIONS} than the sines of Whisper", file=source)
    encoder.load_state_dict({name: weights[name] for name in wanted})
