"""Small ONNX models with a Spec: level and peak of the sound, or a vector for each token, and a softmax."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx
import soundfile
import soxr
from onnx import TensorProto, helper, numpy_helper

from serenade.audio.logmel import FrontEnd
from serenade.inference.adaptation import fit_adaptation
from serenade.spec import Spec
from serenade.synthetic.synthesizer import VoiceParameters, synthesize

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
        "precision_thresholds": {"0.8": 0.4, "0.85": 0.6, "0.9": 0.999},
    }
    return Spec(**settings | changes)


def write_toy_model(
    path: Path, spec: Spec | None = None, *, outputs: int | None = None, bias=None, weights=None
) -> Path:
    """Write a model of sound; its level is taken over `lengths`, so that padding changes nothing."""
    spec = spec or toy_spec()
    path.parent.mkdir(parents=True, exist_ok=True)
    constants = _sound_constants(outputs or len(spec.labels), bias=bias)
    constants |= {} if weights is None else {"weights": weights}
    _save(path, spec, _sound_nodes(), _sound_inputs(), constants, probabilities_of="logits")
    return path


def _sound_nodes() -> list:
    node = helper.make_node
    return [
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
    ]


def _sound_inputs() -> list:
    return [
        helper.make_tensor_value_info("waveform", TensorProto.FLOAT, ["batch", "samples"]),
        helper.make_tensor_value_info("lengths", TensorProto.INT64, ["batch"]),
    ]


def _sound_constants(n: int, *, bias=None) -> dict:
    weights = np.random.default_rng(7).normal(size=(2, n)).astype(np.float32)
    return {
        "weights": weights * [[0.4], [3.0]],
        "bias": np.zeros(n) if bias is None else bias,
        "samples_axis": np.array([1], np.int64),
        "tiny": np.array([1e-6]),
    }


def _text_nodes() -> list:
    node = helper.make_node
    return [
        node("Gather", ["vectors", "tokens"], ["token_vectors"], axis=0),
        node("ReduceSum", ["token_vectors", "tokens_axis"], ["text_sum"], keepdims=0),
        node("Cast", ["token_lengths"], ["token_lengths_f"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["token_lengths_f", "tokens_axis"], ["n_tokens"]),
        node("Div", ["text_sum", "n_tokens"], ["text_logits"]),
    ]


def _text_inputs() -> list:
    return [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", "longest"]),
        helper.make_tensor_value_info("token_lengths", TensorProto.INT64, ["batch"]),
    ]


def _text_constants() -> dict:
    vectors = np.zeros((2 + len(TOKENS), len(LABELS)))
    vectors[2 + TOKENS.index("no"), LABELS.index("sadness")] = 4
    vectors[2 + TOKENS.index("great"), LABELS.index("neutral")] = 4
    return {"vectors": vectors, "tokens_axis": np.array([1], np.int64)}


def _save(
    path: Path, spec: Spec, nodes: list, inputs: list, constants: dict, *, probabilities_of: str
) -> None:
    softmax = helper.make_node("Softmax", [probabilities_of], ["probabilities"], axis=1)
    constants = {k: v if v.dtype == np.int64 else v.astype(np.float32) for k, v in constants.items()}
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", "labels"])
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph([*nodes, softmax], "toy", inputs, [output], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, spec.to_metadata())
    onnx.save(model, path)


TOKENS = ("oh", "no", "great", "!")


def write_toy_text_model(path: Path, spec: Spec | None = None) -> Path:
    """Write a model of text: the mean of a vector for each token, and a softmax."""
    spec = spec or toy_spec(inputs="text", vocabulary=TOKENS, network="toy_text")
    path.parent.mkdir(parents=True, exist_ok=True)
    _save(path, spec, _text_nodes(), _text_inputs(), _text_constants(), probabilities_of="text_logits")
    return path


def write_toy_vector_model(path: Path, spec: Spec, *, weights) -> Path:
    """Write a model of text vectors: one linear layer [shape=(width, labels)] and a softmax."""
    node = helper.make_node("MatMul", ["text_vectors", "weights"], ["logits"])
    vectors = helper.make_tensor_value_info("text_vectors", TensorProto.FLOAT, ["batch", len(weights)])
    _save(path, spec, [node], [vectors], {"weights": weights}, probabilities_of="logits")
    return path


def write_toy_fusion_model(path: Path, spec: Spec | None = None) -> Path:
    """Write a model of sound and text: the sum of the logits of what is present."""
    spec = spec or toy_spec(inputs="both", vocabulary=TOKENS, network="toy_both")
    node = helper.make_node
    nodes = [
        *_sound_nodes(),
        *_text_nodes(),
        node("Cast", ["present"], ["present_f"], to=TensorProto.FLOAT),
        node("Split", ["present_f"], ["has_sound", "has_text"], axis=1, num_outputs=2),
        node("Mul", ["logits", "has_sound"], ["sound_part"]),
        node("Mul", ["text_logits", "has_text"], ["text_part"]),
        node("Add", ["sound_part", "text_part"], ["both_logits"]),
    ]
    present = helper.make_tensor_value_info("present", TensorProto.BOOL, ["batch", 2])
    constants = _sound_constants(len(spec.labels)) | _text_constants()
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = [*_sound_inputs(), *_text_inputs(), present]
    _save(path, spec, nodes, inputs, constants, probabilities_of="both_logits")
    return path


def voice(
    seconds: float, *, level: float = 0.3, pitch_hz: float = 140.0, rate_hz: int = RATE_HZ, seed: int = 0
):
    """A synthetic voice, one sentence after the other, with peak `level` [shape=(seconds * rate_hz,)]."""
    count = round(seconds * rate_hz)
    sentences = _sentences(pitch_hz, seed)
    if rate_hz != RATE_HZ:
        sentences = soxr.resample(sentences, RATE_HZ, rate_hz)
    # Compressed, so that the level hardly depends on the sentence: about 10 dB below the peak.
    sound = np.tanh(0.37 * np.resize(sentences, count) / max(np.std(sentences), 1e-9))
    return (level * sound / max(np.abs(sound).max(initial=0.0), 1e-9)).astype(np.float32)


@lru_cache(maxsize=32)
def _sentences(pitch_hz: float, seed: int):
    parameters = VoiceParameters(
        f0_hz=pitch_hz,
        range_st=4,
        slope_st=-2,
        tempo=1,
        level_db=-20,
        tilt_db=0,
        breath=0.05,
        jitter=0.01,
        tremor_st=0,
        tract=1,
        opening=1,
    )
    rng = np.random.default_rng(seed)
    texts = ("It's eleven o'clock", "That is exactly what happened", "I think I have a doctor's appointment")
    return np.concatenate([synthesize(text, parameters, rng=rng) for text in texts])


def write_voice(path: Path, seconds: float, **how) -> Path:
    """Write `voice` as 16-bit wav (or what the name says)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, voice(seconds, **how), how.get("rate_hz", RATE_HZ))
    return path


def write_toy_adapted_model(path: Path) -> Path:
    """Write a model of sound with a speaker adaptation: loud clips are anger, quiet ones are neutral.

    Its training speakers are recorded at different levels.
    """
    labels = ("anger", "neutral")
    level_to_logits = np.array([[1.5, -1.5], [0.0, 0.0]])
    rng = np.random.default_rng(0)
    speakers, targets = np.repeat(np.arange(6), 8), np.tile([0, 1], 24)
    level = 2.0 * (targets == 0) - 1 + 3.0 * rng.normal(size=6)[speakers] + 0.2 * rng.normal(size=48)
    logits = 1.5 * level[:, None] * [1, -1]
    spec = toy_spec(
        labels=labels, adaptation=fit_adaptation(logits, targets, speakers, temperature=1.0), unsure_below=0.0
    )
    # Natural logarithm of the power; the middle between both emotions is -30 dB.
    bias = np.array([1.5, -1.5]) * 3 * np.log(10)
    return write_toy_model(path, spec, bias=bias, weights=level_to_logits)


def write_speaker(folder: Path, *, clips: int = 8, level: float = 0.08) -> list[Path]:
    """Write clips of one speaker, 0.wav and so on, every second one six times as quiet as `level`."""
    return [
        write_voice(folder / f"{number}.wav", 1.2, level=level / (6 if number % 2 else 1), seed=number)
        for number in range(clips)
    ]
