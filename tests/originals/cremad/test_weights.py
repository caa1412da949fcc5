"""Weights in the original's files: ours say what they are, theirs are taken for what was published."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from serenade.audio.logmel import CREMAD_SEED, FrontEnd, normalize
from serenade.errors import ModelError
from serenade.networks import create_network
from serenade.originals.cremad.weights import CLASSES, SPEC_KEY, load_original, spec_text, with_spec
from serenade.spec import Spec

LABELS = tuple(CLASSES)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A bare state_dict of the original layout, as its training at width 191 leaves it."""
    file = tmp_path_factory.mktemp("published") / "model_state_dict.pth"
    torch.manual_seed(0)
    torch.save(create_network("cnn_lstm.original", n_mels=128, n_classes=6).state_dict(), file)
    yield file
    file.unlink()


def ours(labels: tuple[str, ...] = LABELS, **changes: Any) -> tuple[dict[str, Any], Spec]:
    spec = Spec(name="ours", labels=labels, front_end=FrontEnd(), network="compact", **changes)
    network = create_network("compact", n_mels=128, n_classes=len(labels))
    return network.state_dict(), spec


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="class ids",
    verdict="equal",
    note="0 Angry, 1 Disgust, 2 Fear, 3 Happy, 4 Neutral, 5 Sad.",
)
def test_class_ids() -> None:
    assert list(CLASSES.values()) == ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad"]


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="normalisation",
    verdict="equal",
    note="z-score over the whole array, within 1e-5.",
)
def test_the_normalisation() -> None:
    levels = np.random.default_rng(0).uniform(-80, 0, (90, 128)).astype(np.float32)
    expected = (levels - np.mean(levels)) / (np.std(levels) + 1e-8)
    np.testing.assert_allclose(normalize(levels, CREMAD_SEED), expected, atol=1e-5)


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="`model_state_dict.pth`",
    verdict="equal",
    note="A bare state_dict of the original loads, with 41,155,206 parameters at width 191; what is "
    "assumed about it is printed.",
)
def test_a_published_state_dict_loads_and_says_what_is_assumed(published: Path) -> None:
    loaded = load_original(published)
    assert sum(weight.numel() for weight in loaded.network.parameters()) == 41_155_206
    assert loaded.spec.front_end == replace(CREMAD_SEED, pad_mode="constant")
    assert loaded.spec.network == "cnn_lstm.original"
    assert loaded.spec.network_args == {"width_frames": 191}
    assert loaded.spec.labels == LABELS
    assert not loaded.network.training
    assert "has no Spec" in loaded.assumed
    assert "--max_width 191" in loaded.assumed


@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="`--max_width` that the weights do not have",
    verdict="differs",
    note="One sentence with the possible widths. The original prints a traceback of PyTorch.",
)
def test_the_width_must_fit_published_weights(published: Path) -> None:
    assert load_original(published, max_width=176).spec.network_args == {"width_frames": 176}
    for width in (100, 175, 192):
        with pytest.raises(ModelError, match=f"width of 176 to 191 frames.*not {width}"):
            load_original(published, max_width=width)


def test_a_checkpoint_of_ours_carries_its_spec(tmp_path: Path) -> None:
    state, spec = ours()
    torch.save({"epoch": 1, "model_state_dict": state, SPEC_KEY: spec_text(spec)}, tmp_path / "best.pth")
    loaded = load_original(tmp_path / "best.pth", max_width=7)
    assert loaded.spec == spec
    assert loaded.assumed == ""
    for name, tensor in loaded.network.state_dict().items():
        torch.testing.assert_close(tensor, state[name])


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="`model_state_dict.pth`: further content",
    verdict="differs",
    note="The Spec, where `load_state_dict(strict=True)` does not see it.",
)
def test_a_bare_state_dict_of_ours_carries_its_spec_out_of_sight(tmp_path: Path) -> None:
    state, spec = ours()
    torch.save(with_spec(state, spec), tmp_path / "state.pth")
    assert load_original(tmp_path / "state.pth").spec == spec
    read = torch.load(tmp_path / "state.pth", weights_only=True)
    network = create_network("compact", n_mels=128, n_classes=6)
    network.load_state_dict(read)  # strictly: no key too many


def test_other_emotions_than_the_original_has_are_refused(tmp_path: Path) -> None:
    state, spec = ours((*LABELS, "surprise"))
    torch.save({"model_state_dict": state, SPEC_KEY: spec_text(spec)}, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="has the labels surprise"):
        load_original(tmp_path / "a.pth")


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.write_text, (self.mark, "ran"))


@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="a model file with code",
    verdict="differs",
    note="Refused; the code does not run.",
)
def test_a_pickle_with_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Trap(mark)))
    torch.save({"model_state_dict": Trap(mark)}, tmp_path / "zipped.pth")
    for name in ("plain.pth", "zipped.pth"):
        with pytest.raises(ModelError, match="without running code"):
            load_original(tmp_path / name)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "not a checkpoint"),
        (b"hello, I am a text\n", "not a checkpoint"),
        (b"\x80\x02K\x05.", "not a checkpoint|neither"),
        ([1, 2], "neither a model_state_dict nor weights"),
        ({"model_state_dict": 5}, "neither a model_state_dict nor weights"),
        ({"epoch": 1}, "neither a model_state_dict nor weights"),
        ({"a": torch.zeros(2)}, "do not have the original layout"),
        (
            {"lstm.weight_ih_l0": torch.zeros(4, 5632), "fc3.weight": torch.zeros(8, 2)},
            "8 classes instead of",
        ),
        ({"lstm.weight_ih_l0": torch.zeros(4, 512), "fc3.weight": torch.zeros(6, 2)}, "width of 16 to 31"),
        ({"model_state_dict": {"a": torch.zeros(2)}, "spec": "{"}, "not JSON"),
        ({"model_state_dict": {"a": torch.zeros(2)}, "spec": spec_text(ours()[1])}, "do not fit"),
    ],
)
def test_what_is_no_model_is_said_in_one_sentence(tmp_path: Path, content: Any, message: str) -> None:
    file = tmp_path / "model.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    with pytest.raises(ModelError, match=message) as caught:
        load_original(file)
    assert "\n" not in str(caught.value)
