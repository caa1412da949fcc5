from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.errors import ModelError
from serenade.inference.model import bundled_models, default_model, load_model


def test_file_model_folder_and_run_folder_load_alike(tmp_path, toy):
    file = toy.write_toy_model(tmp_path / "run" / "model" / "model.onnx")
    for place in (file, file.parent, tmp_path / "run", str(tmp_path / "run")):
        assert load_model(place, threads=1).spec == toy.toy_spec()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1_600, 20_000), min_size=1, max_size=6))
def test_padding_never_changes_an_answer(model_file, toy, lengths):
    model = load_model(model_file, threads=1)
    clips = [toy.voice(2.0, seed=i)[:length] for i, length in enumerate(lengths)]
    together = model.probabilities(clips)
    alone = np.concatenate([model.probabilities([clip]) for clip in clips])
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"hello world", b"version https://git-lfs.github.com/spec/v1\n"])
def test_a_file_that_is_no_onnx_is_refused(tmp_path, content):
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx: is not a readable ONNX model; export it again"):
        load_model(file)


def test_an_onnx_cut_short_is_refused(tmp_path, model_file):
    file = tmp_path / "model.onnx"
    file.write_bytes(model_file.read_bytes()[:-400])
    with pytest.raises(ModelError, match="export it again with `serenade export`"):
        load_model(file)


def test_an_onnx_of_somebody_else_is_refused(tmp_path, model_file):
    foreign = onnx.load(model_file)
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "m.onnx")
    with pytest.raises(ModelError, match="has no Spec"):
        load_model(tmp_path / "m.onnx")


def test_a_graph_of_other_inputs_is_refused(tmp_path, model_file):
    other = onnx.load(model_file)
    for node in other.graph.node:
        node.input[:] = ["sound" if name == "waveform" else name for name in node.input]
    other.graph.input[0].name = "sound"
    onnx.save(other, tmp_path / "m.onnx")
    with pytest.raises(ModelError, match=r"takes \['lengths', 'sound'\] .* waveform and lengths, or tokens"):
        load_model(tmp_path / "m.onnx")


def test_a_graph_with_other_labels_than_its_spec_is_refused(tmp_path, toy):
    model = load_model(toy.write_toy_model(tmp_path / "m.onnx", outputs=6))
    with pytest.raises(ModelError, match=r"outputs of shape \(1, 6\) where its Spec promises \(1, 4\)"):
        model.probabilities([toy.voice(1.0)])


def test_outputs_that_are_no_probabilities_are_refused(tmp_path, toy):
    model = load_model(toy.write_toy_model(tmp_path / "m.onnx", bias=np.full(4, np.nan)))
    with pytest.raises(ModelError, match="outputs that are no probabilities"):
        model.probabilities([toy.voice(1.0)])


def test_weights_alone_point_to_export(tmp_path):
    (tmp_path / "model").mkdir()
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(b"")
    for place in (tmp_path, weights.parent, weights):
        with pytest.raises(ModelError, match="holds weights only; make the ONNX with `serenade export"):
            load_model(place)


def test_a_folder_of_folds_asks_for_one_of_them(tmp_path, toy):
    for fold in (1, 2):
        toy.write_toy_model(tmp_path / f"fold{fold}-seed0" / "model" / "model.onnx")
    with pytest.raises(ModelError, match=r"holds 2 runs; name one of them, such as .*fold1-seed0$"):
        load_model(tmp_path)


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(ModelError, match="is no file or folder, nor the name of a bundled model"):
        load_model("nowhere")
    with pytest.raises(ModelError, match=r"holds no model\.onnx"):
        load_model(tmp_path)


@pytest.mark.skipif(bool(bundled_models()), reason="a model is bundled")
def test_without_a_bundled_model_one_must_be_named():
    with pytest.raises(ModelError, match="brings no model of its own; name one: --model RUN"):
        default_model()
