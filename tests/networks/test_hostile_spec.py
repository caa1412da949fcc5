"""A Spec that anyone can have written: one sentence or a model, within 2 s and without much memory."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file

from serenade import load_model
from serenade.adaptation import Adaptation
from serenade.audio.front_end import FrontEnd
from serenade.errors import ModelError, SerenadeError
from serenade.inference.checksum import METADATA, with_checksum
from serenade.networks import create_network, list_networks
from serenade.networks.export import export, export_onnx
from serenade.networks.weights import CHECKSUM_KEY, checksum, load_network
from serenade.spec import METADATA_KEY, Spec

OPTIONS = {"stem": 16, "widths": [16, 16, 16], "projection": 16, "temporal": 1, "tta_speeds": [0.9, 1.0]}
SPEC = Spec(
    name="toy",
    labels=("anger", "neutral", "sadness"),
    front_end=FrontEnd(n_mels=16),
    network="compact",
    network_args=OPTIONS,
    shift=(0.0, 0.0, 0.0),
    corpora=({"name": "made", "license": "MIT"},),
    split={"name": "grouped", "fold": 1},
    sizes={"text_width": 8},
    adaptation=Adaptation(
        means=((2.0, -1.0, -1.0), (-1.0, 2.0, -1.0), (-1.0, -1.0, 2.0)),
        covariance=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        spread=8.0,
        offsets=4.0,
    ),
)
LARGEST_MB, LONGEST_S = 200, 2.0
LONGEST_EXPORT_S = 10.0  # of a model that can be used: one second on a free core


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = {"a": [value]}
    return value


VALUES = (
    *(None, True, 0, -1, 1.5, 999, 65_536, 10**6, 10**9, 10**400, 1e308, float("nan"), float("inf"), 1e-300),
    *("", "x", "x" * 100_000, "\x00\n\x1b[31m", [], [0], [[]], [1] * 100_000, ["x"] * 1_000, {}, {"a": 1}),
    *(nested(20), nested(400)),
)
HUGE = (
    *({option: 10**6} for option in ("hidden", "width_frames", "bag", "embedding", "temporal", "projection")),
    {"members": [{"name": "compact"}] * 10_000},
    {"members": [{"name": "cnn_lstm"}] * 10_000},
    {"members": [{"name": "compact", "options": {"temporal": 10**6, "projection": 2}}] * 2},
    {"utterance": "compact", "utterance_options": {"projection": 10**6}},
    {"widths": [800_000, 800_000, 800_000]},
    {"tta_speeds": [1.0] * 10_000},
    {"n_mels": 10**6},
    {"n_classes": 10**6},
)
SIZES = {"vocabulary": 10**6, "text_width": 10**6, "audio_width": 10**6}


def places(value: Any, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where a value of JSON, or a part of it, can be replaced."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*above, key)
        yield from places(part, *above, key)


def replaced(place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    content = json.loads(json.dumps(SPEC.to_dict()))
    part = content
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return content


class Written:
    """Weights and an ONNX file of a small network, with any Spec and right checksums."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(0)
        network = create_network("compact", n_mels=16, n_classes=3, **OPTIONS).eval()
        self.state = network.state_dict()
        self.weights, self.onnx, self.out = (
            folder / name for name in ("w.safetensors", "m.onnx", "out.onnx")
        )
        export_onnx(network, SPEC, self.onnx)
        self.graph = onnx.load(self.onnx)

    def write(self, content: dict[str, Any]) -> None:
        metadata = {METADATA_KEY: json.dumps(content)}
        del self.graph.metadata_props[:]
        for key, value in (metadata | METADATA).items():
            self.graph.metadata_props.add(key=key, value=value)
        self.onnx.write_bytes(with_checksum(self.graph.SerializeToString()))
        metadata[CHECKSUM_KEY] = checksum(self.state, metadata)
        save_file(self.state, self.weights, metadata=metadata)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def sentence(capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Call a function and return its error, one sentence; "" if it has none."""

    def called(function: Callable[[], object], *, longest_s: float = LONGEST_S) -> str:
        # Sets the peak of this process's memory back.
        Path("/proc/self/clear_refs").write_text("5")
        before_mb, start = memory_mb("VmRSS"), time.process_time()
        message = ""
        try:
            function()
        except SerenadeError as error:
            message = str(error)
        assert time.process_time() - start < longest_s
        assert memory_mb("VmHWM") - before_mb < LARGEST_MB
        assert "\n" not in message
        assert len(message) < 1_000
        assert capfd.readouterr() == ("", "")
        return message

    return called


def memory_mb(name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def check(written: Written, content: dict[str, Any], sentence: Callable[..., str]) -> str:
    written.write(content)
    sound = np.sin(np.arange(32_000) / 20).astype(np.float32)
    clips = [sound * level for level in (0.2, 0.5, 1.0)]
    sentence(lambda: load_model(written.onnx).enrol(clips, rate=16_000).predict(sound, rate=16_000))
    message = sentence(lambda: load_network(written.weights))
    if not message and np.random.default_rng(len(str(content))).random() < 0.1:  # takes half a second
        sentence(lambda: export(written.weights, written.out), longest_s=LONGEST_EXPORT_S)
    return message


@pytest.mark.parametrize("seed", range(4))
def test_any_value_in_any_field(seed: int, written: Written, sentence: Callable[..., str]) -> None:
    rng = np.random.default_rng(seed)
    everywhere = list(places(SPEC.to_dict()))
    messages = []
    for _ in range(20):
        place, value = everywhere[rng.integers(len(everywhere))], VALUES[rng.integers(len(VALUES))]
        messages.append(check(written, replaced(place, value), sentence))
    assert sum(map(bool, messages)) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("place", places(SPEC.to_dict()), ids=lambda place: ".".join(map(str, place)))
def test_every_value_in_every_field(
    place: tuple[str | int, ...], written: Written, sentence: Callable[..., str]
) -> None:
    messages = [check(written, replaced(place, value), sentence) for value in VALUES]
    assert any(messages) or place[0] in ("sizes", "split", "text")


@pytest.mark.parametrize("options", HUGE, ids=lambda options: "-".join(options))
def test_a_network_that_is_larger_than_its_weights_is_never_built(
    options: dict[str, Any], written: Written, sentence: Callable[..., str]
) -> None:
    for name in list_networks():
        written.write(SPEC.to_dict() | {"network": name, "network_args": options, "sizes": SIZES})
        assert sentence(lambda: load_network(written.weights)), name


@pytest.mark.parametrize(
    "front_end",
    [
        {"rate_hz": 384_000, "n_fft": 32_768, "hop": 512, "max_duration_s": 600.0},
        {"n_fft": 32_768, "hop": 16_384},
        {"hop": 16, "n_fft": 1024},
    ],
)
def test_the_largest_front_ends_are_exported(
    front_end: dict[str, Any], written: Written, sentence: Callable[..., str]
) -> None:
    content = SPEC.to_dict()
    content["front_end"] |= front_end
    written.write(content)
    sound = np.sin(np.arange(32_000) / 20).astype(np.float32)
    assert not sentence(lambda: export(written.weights, written.out), longest_s=LONGEST_EXPORT_S)
    assert not sentence(lambda: load_model(written.out).predict(sound, rate=16_000))


def test_the_sentence_of_a_network_that_is_too_large(written: Written) -> None:
    written.write(SPEC.to_dict() | {"network_args": OPTIONS | {"projection": 800_000}})
    with pytest.raises(
        ModelError, match=r"w\.safetensors: its Spec has no network that can be built: it is mu"
    ):
        load_network(written.weights)
