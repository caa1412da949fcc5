from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serenade.errors import ModelError
from serenade.inference.dialogues import group_dialogues, number_speakers
from serenade.inference.load import load_model
from serenade.inference.utterances import Utterance

NAMES = st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=12)


@given(NAMES)
def test_each_utterance_is_in_one_dialogue_in_its_order(names):
    groups = group_dialogues(names)
    assert sorted(position for group in groups for position in group) == list(range(len(names)))
    assert all(group == sorted(group) for group in groups)
    assert all(len({names[position] for position in group}) == 1 for group in groups)
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)
    assert all(len(group) == 1 for group in groups if names[group[0]] == "")
    assert len(groups) == len(set(names) - {""}) + names.count("")


@given(NAMES)
def test_speakers_are_numbered_as_they_first_occur(names):
    numbers = number_speakers(names)
    assert len(set(zip(names, numbers, strict=True))) == len(set(names))
    assert [number for place, number in enumerate(numbers) if number not in numbers[:place]] == list(
        range(len(set(names)))
    )


def test_text_vectors_come_from_the_encoders_of_the_spec(toy, made_encoder, tmp_path):
    from serenade.encoders.text import encode_texts

    texts = ["oh no !", "", "you are my friend ."]
    vectors = encode_texts(texts, encoders=[str(made_encoder)], layers=[1, 3])
    weights = np.random.default_rng(0).normal(size=(vectors.shape[1], 4))
    spec = toy.toy_spec(inputs="text", text={"encoder": [str(made_encoder)], "layers": [1, 3]})
    model = load_model(toy.write_toy_vector_model(tmp_path / "m.onnx", spec, weights=weights))
    results = list(model.predict_utterances([Utterance(name=text, text=text) for text in texts]))
    for result, vector, text in zip(results, vectors, texts, strict=True):
        powers = np.exp(vector @ weights)
        expected = dict(zip(toy.LABELS, powers / powers.sum(), strict=True)) if text else {}
        assert dict(result.scores) == pytest.approx(expected, abs=1e-5)


def test_text_vectors_without_an_encoder_are_an_error(toy, tmp_path):
    spec = toy.toy_spec(inputs="text")
    model = load_model(toy.write_toy_vector_model(tmp_path / "m.onnx", spec, weights=np.zeros((8, 4))))
    with pytest.raises(ModelError, match="takes text vectors, and its Spec names no encoder"):
        model.predict(text="oh no !")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ({"encoder": 5, "layers": [1]}, r"its Spec is damaged \('text\.encoder' must be a list, not 5\)"),
        ({"encoder": "name", "layers": [1]}, r"its Spec is damaged \('text\.encoder' must be a list"),
        (
            {"encoder": ["x"], "layers": ["a"]},
            r"its Spec is damaged \('text\.layers\[0\]' must be a whole num",
        ),
    ],
)
def test_an_encoder_of_the_wrong_type_is_an_error(toy, tmp_path, text, message):
    spec = toy.toy_spec(inputs="text", text=text)
    model = load_model(toy.write_toy_vector_model(tmp_path / "m.onnx", spec, weights=np.zeros((8, 4))))
    with pytest.raises(ModelError, match=message):
        model.predict(text="oh no !")
