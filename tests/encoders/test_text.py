from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from serenade.encoders import text as encoders
from serenade.encoders.text import SubwordTokenizer, encode_texts, load_encoder
from serenade.errors import MissingExtra, ModelError

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

TEXTS = ["oh no !", "", "you are my friend .", "no"]
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "oh", "no", "!", "you", "are", "my", "friend", "."]
"""Of the fixture `made_encoder`."""


@pytest.fixture(scope="module")
def folder(made_encoder: Path) -> str:
    return str(made_encoder)


def expected_vector(folder: str, text: str, layer: int) -> np.ndarray:
    model = transformers.AutoModel.from_pretrained(folder).eval()
    ids = torch.tensor([[2, *(TOKENS.index(word) for word in text.split()), 3]])
    with torch.no_grad():
        states = model(input_ids=ids, output_hidden_states=True).hidden_states[layer]
    return states[0, 1:-1].mean(0).numpy()


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """float32 on every processor."""
    monkeypatch.setattr(encoders, "processor_computes_bf16", lambda: False)


def test_bf16_gives_nearly_the_same_and_has_its_own_cache(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = encode_texts(TEXTS, encoders=[folder], layers=[1, 2], folder=tmp_path)
    monkeypatch.setattr(encoders, "processor_computes_bf16", lambda: True)
    rounded = encode_texts(TEXTS, encoders=[folder], layers=[1, 2], folder=tmp_path)
    assert len(list(tmp_path.glob("text_vectors-*.npy"))) == 2
    assert 0 < np.abs(rounded - exact).max() < 0.05


def test_the_mean_over_the_tokens_of_each_layer_in_any_batch(folder: str) -> None:
    vectors = encode_texts(TEXTS, encoders=[folder], layers=[2, 1])
    assert vectors.shape == (4, 16)
    assert vectors.dtype == np.float32
    for row in (0, 2, 3):
        expected = np.concatenate([expected_vector(folder, TEXTS[row], layer) for layer in (2, 1)])
        np.testing.assert_allclose(vectors[row], expected, atol=1e-5)
    assert not vectors[1].any(), "an empty text gives zeros"


def test_vectors_are_cached(folder: str, tmp_path: Path) -> None:
    first = encode_texts(TEXTS, encoders=[folder], layers=[2], folder=tmp_path)
    (cached,) = tmp_path.glob("text_vectors-*.npy")
    assert json.loads(cached.with_suffix(".json").read_text())["layers"] == [2]
    np.save(cached, first + 1)
    np.testing.assert_array_equal(
        encode_texts(TEXTS, encoders=[folder], layers=[2], folder=tmp_path), first + 1
    )


def test_other_texts_or_layers_are_not_in_the_cache(folder: str, tmp_path: Path) -> None:
    for texts, layers in ((TEXTS, [2]), (TEXTS[::-1], [2]), (TEXTS, [3])):
        cached = encode_texts(texts, encoders=[folder], layers=layers, folder=tmp_path)
        np.testing.assert_array_equal(cached, encode_texts(texts, encoders=[folder], layers=layers))
    assert len(list(tmp_path.glob("text_vectors-*.npy"))) == 3


def test_a_damaged_cache_is_computed_again(folder: str, tmp_path: Path) -> None:
    first = encode_texts(TEXTS, encoders=[folder], layers=[1], folder=tmp_path)
    (cached,) = tmp_path.glob("text_vectors-*.npy")
    cached.write_bytes(cached.read_bytes()[:90])
    np.testing.assert_array_equal(encode_texts(TEXTS, encoders=[folder], layers=[1], folder=tmp_path), first)


@pytest.mark.parametrize("layers", [[0], [4], []])
def test_layers_that_do_not_exist(folder: str, layers: list[int]) -> None:
    with pytest.raises(ModelError, match="the encoder has 1 to 3"):
        encode_texts(TEXTS, encoders=[folder], layers=layers)


def test_a_folder_without_an_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="is not an encoder that can be loaded"):
        encode_texts(TEXTS, encoders=[str(tmp_path)], layers=[1])


def test_weights_in_a_pickle_are_refused(folder: str, tmp_path: Path) -> None:
    for file in Path(folder).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="is not an encoder that can be loaded"):
        encode_texts(TEXTS, encoders=[str(tmp_path)], layers=[1])


def test_without_the_extra_one_sentence_says_so(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match=r'pip install "serenade\[pretrained\]"'):
        encode_texts(TEXTS, encoders=[folder], layers=[1])


def test_subword_tokens_are_those_of_the_encoders_tokenizer(folder: str) -> None:
    tokenizer = SubwordTokenizer(folder)
    assert tokenizer.ids("oh no huh") == [2, 4, 5, 1, 3]
    assert len(tokenizer.ids("no " * 500)) == 128
    assert tokenizer.ids("") == [2, 3]


def test_an_encoder_has_the_requested_layers(folder: str) -> None:
    cut = load_encoder(folder, layers=2)
    ids = torch.tensor([[2, 4, 5, 3]])
    states = cut(input_ids=ids).last_hidden_state[0, 1:-1].mean(0).detach().numpy()
    np.testing.assert_allclose(states, expected_vector(folder, "oh no", 2), atol=1e-6)
    with pytest.raises(ModelError, match="the encoder has 1 to 3"):
        load_encoder(folder, layers=4)
