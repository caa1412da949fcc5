"""A small ONNX model with a Spec: level and peak of the clip through one linear layer and a softmax."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import soundfile
from onnx import TensorProto, helper, numpy_helper

from serenade.audio.logmel import FrontEnd
from serenade.spec import Spec

LABELS = ("anger", "fear", "neutral", "sadness")
RATE_HZ = 16_000


def toy_spec(**changes) -> Spec:
    """Spec of the toy model."""
    settings = {
        "name": "toy",
        "version": "3",
        "labels": LABELS,
        "front_end": FrontEnd(),
        "network": "toy",
        "license": "MIT",
        "unsure_below": 0.4,
    }
    return Spec(**settings | changes)


def write_toy_model(path: Path, spec: Spec | None = None, *, outputs: int | None = None, bias=None) -> Path:
    """Write the model; padding does not change its answer, because level is taken over `lengths`."""
    spec = spec or toy_spec()
    n = outputs or len(spec.labels)
    weights = np.random.default_rng(7).normal(size=(2, n)).astype(np.float32)
    constants = {
        "weights": weights * [[0.4], [3.0]],
        "bias": np.zeros(n) if bias is None else bias,
        "samples_axis": np.array([1], np.int64),
        "tiny": np.array([1e-6]),
    }
    constants = {k: v if v.dtype == np.int64 else v.astype(np.float32) for k, v in constants.items()}
    node = helper.make_node
    graph = helper.make_graph(
        [
            node("Cast", ["lengths"], ["lengths_f"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["lengths_f", "samples_axis"], ["n"]),
            node("Mul", ["waveform", "waveform"], ["squares"]),
            node("ReduceSum", ["squares", "samples_axis"], ["energy"], keepdims=1),
            node("Div", ["energy", "n"], ["power"]),
            node("Add", ["power", "tiny"], ["power_"]),
            node("Log", ["power_"], ["level"]),
            node("Abs", ["waveform"], ["size"]),
            node("ReduceMax", ["size", "samples_axis"], ["peak"], keepdims=1),
            node("Concat", ["level", "peak"], ["features"], axis=1),
            node("Gemm", ["features", "weights", "bias"], ["logits"]),
            node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "toy",
        [
            helper.make_tensor_value_info("waveform", TensorProto.FLOAT, ["batch", "samples"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT64, ["batch"]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", n])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, spec.to_metadata())
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def voice(
    seconds: float, *, level: float = 0.3, pitch_hz: float = 140.0, rate_hz: int = RATE_HZ, seed: int = 0
):
    """Something speech-like: a harmonic tone in syllables, with a little noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * t + rng.uniform(0, 6)) / k for k in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 3 * t) + 0.3, 0, 1)
    sound = tone * syllables + 0.002 * rng.normal(size=t.size)
    return (level * sound / max(np.abs(sound).max(), 1e-9)).astype(np.float32)


def write_voice(path: Path, seconds: float, **how) -> Path:
    """Write `voice` as 16-bit wav (or what the name says)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, voice(seconds, **how), how.get("rate_hz", RATE_HZ))
    return path
