"""Tables that a graph computes or stores in 16 bits have the values of the tables that they replace."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from serenade.encoders.whisper import WhisperSize, positions
from serenade.errors import ModelError
from serenade.networks.layers.front_end import power_spectrum
from serenade.networks.onnx_tables import compute_basis, compute_positions, store_in_16_bits


def graph_of(table: np.ndarray, *, as_node: bool = False) -> onnx.ModelProto:
    """A graph that returns the sum of a number and a table."""
    tensor = numpy_helper.from_array(table, "table")
    nodes = [helper.make_node("Constant", [], ["table"], value=tensor)] if as_node else []
    graph = helper.make_graph(
        [*nodes, helper.make_node("Add", ["x", "table"], ["y"])],
        "sum",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, table.shape)],
        [] if as_node else [tensor],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def result_of(model: onnx.ModelProto) -> np.ndarray:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {"x": np.zeros((), np.float32)})
    return found


@pytest.mark.parametrize("as_node", [False, True])
def test_positions(as_node):
    table = positions(WhisperSize())
    model = graph_of(table.numpy(), as_node=as_node)
    compute_positions(model, table)
    assert len(model.SerializeToString()) < 5_000
    np.testing.assert_allclose(result_of(model), table, atol=2e-4)


@pytest.mark.parametrize("n_fft", [400, 512])
def test_the_basis_of_a_power_spectrum(n_fft):
    table = power_spectrum(n_fft, 160).basis
    model = graph_of(table.numpy())
    compute_basis(model, table)
    assert len(model.SerializeToString()) < 5_000
    np.testing.assert_allclose(result_of(model), table, atol=1e-6)


def test_a_graph_without_the_table_is_an_error():
    with pytest.raises(ModelError, match="does not contain the positions"):
        compute_positions(graph_of(np.zeros((3, 4), np.float32)), torch.ones(3, 4))


def test_only_large_constants_that_are_exact_are_stored_in_16_bits():
    exact = np.arange(8192, dtype=np.float32).reshape(2, -1) % 1000
    for table, share in ((exact, 0.6), (exact + 1e-3, 1.1), (exact[:, :9], 20), (exact * 1e6, 1.1)):
        model = graph_of(table)
        store_in_16_bits(model)
        assert (len(model.SerializeToString()) < 0.6 * table.nbytes) == (share == 0.6)
        np.testing.assert_array_equal(result_of(model), table)
