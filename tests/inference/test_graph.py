from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.errors import ModelError
from serenade.inference.graph import Graph


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1_600, 20_000), min_size=1, max_size=6))
def test_padding_never_changes_a_prediction(model_file, toy, lengths):
    graph = Graph.load(model_file, threads=1)
    clips = [toy.voice(2.0, seed=i)[:length] for i, length in enumerate(lengths)]
    together = graph.probabilities(clips)
    alone = np.concatenate([graph.probabilities([clip]) for clip in clips])
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"hello world", b"version https://git-lfs.github.com/spec/v1\n"])
def test_a_file_that_is_no_onnx_is_refused(tmp_path, content):
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx: is not a readable ONNX model; export it again"):
        Graph.load(file, threads=1)


def test_an_onnx_that_is_cut_anywhere_is_refused_in_one_sentence(tmp_path, model_file):
    whole = model_file.read_bytes()
    file = tmp_path / "model.onnx"
    for size in np.linspace(1, len(whole) - 1, 60).astype(int):
        file.write_bytes(whole[:size])
        with pytest.raises(ModelError) as caught:
            Graph.load(file, threads=1)
        assert "\n" not in str(caught.value)


def test_an_onnx_with_damaged_bytes_is_refused_in_one_sentence_or_gives_probabilities(
    tmp_path, model_file, toy
):
    whole = model_file.read_bytes()
    file = tmp_path / "model.onnx"
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        file.write_bytes(damaged)
        sentence = ""
        try:
            scores = Graph.load(file, threads=1).probabilities([toy.voice(0.5)])
            assert scores.sum() == pytest.approx(1, abs=1e-3)
        except ModelError as error:
            sentence = str(error)
        assert "\n" not in sentence


def test_a_foreign_onnx_is_refused(tmp_path, model_file):
    foreign = onnx.load(model_file)
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "m.onnx")
    with pytest.raises(ModelError, match="has no Spec"):
        Graph.load(tmp_path / "m.onnx", threads=1)


def test_a_graph_of_other_inputs_is_refused(tmp_path, model_file):
    other = onnx.load(model_file)
    for node in other.graph.node:
        node.input[:] = ["sound" if name == "waveform" else name for name in node.input]
    other.graph.input[0].name = "sound"
    onnx.save(other, tmp_path / "m.onnx")
    with pytest.raises(ModelError, match=r"has the inputs \['lengths', 'sound'\] .*such as waveform"):
        Graph.load(tmp_path / "m.onnx", threads=1)


def test_a_graph_with_other_labels_than_its_spec_is_refused(tmp_path, toy):
    graph = Graph.load(toy.write_toy_model(tmp_path / "m.onnx", outputs=6), threads=1)
    with pytest.raises(ModelError, match=r"outputs of shape \(1, 6\), and by its Spec they must be \(1, 4\)"):
        graph.probabilities([toy.voice(1.0)])


def test_outputs_that_are_not_probabilities_are_refused(tmp_path, toy):
    graph = Graph.load(toy.write_toy_model(tmp_path / "m.onnx", bias=np.full(4, np.nan)), threads=1)
    with pytest.raises(ModelError, match="outputs that are not probabilities"):
        graph.probabilities([toy.voice(1.0)])
