"""Tables that an ONNX graph computes when it is loaded, or stores in 16 bits if they are exact in these.

onnxruntime computes constant nodes once. The windowed cosines of the front end and the positions of a Whisper
encoder are 0.6 and 2 to 3 MB as numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from serenade.errors import ModelError

_FLOAT = TensorProto.FLOAT

_LARGE = 4096
"""Numbers of a constant from which on it is stored in 16 bits."""


class _Nodes:
    """Nodes and constants with names below a common one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: Any) -> str:
        name = f"{self.name}.constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def __call__(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{self.name}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def numbers(self, stop: int) -> str:
        """The integers from 0, below `stop`."""
        return self("Range", *(self.constant(np.int64(value)) for value in (0, stop, 1)))

    def outer(self, rows: str, columns: str) -> str:
        """The product of each row with each column, of two vectors."""
        tall = self("Unsqueeze", rows, self.constant([1]))
        return self("Mul", tall, self("Unsqueeze", columns, self.constant([0])))


def compute_positions(model: onnx.ModelProto, table: Tensor) -> None:
    """Replace the stored `serenade.encoders.whisper.positions` of a graph by nodes.

    Args:
        model: changed in place.
        table: the positions [shape=(steps, width)].

    Raises:
        ModelError: the graph does not contain the table.
    """
    steps, width = table.shape
    half = width // 2
    nodes = _Nodes("positions")
    exponents = np.arange(half) / max(1, half - 1)
    frequencies = nodes.constant((10_000.0**-exponents).astype(np.float32))
    angles = nodes.outer(nodes("Cast", nodes.numbers(steps), to=_FLOAT), frequencies)
    nodes("Concat", nodes("Sin", angles), nodes("Cos", angles), axis=1)
    _replace(model, table, nodes)


def compute_basis(model: onnx.ModelProto, table: Tensor) -> None:
    """Replace the stored basis of a power spectrum by convolution by nodes.

    Args:
        model: changed in place.
        table: windowed cosines, then sines [shape=(2 * bins, 1, n_fft)].

    Raises:
        ModelError: the graph does not contain the table.
    """
    n_fft = table.shape[-1]
    nodes = _Nodes("basis")
    samples = nodes.numbers(n_fft)
    turns = nodes("Mod", nodes.outer(nodes.numbers(table.shape[0] // 2), samples), nodes.constant(n_fft))

    def angles(turns: str) -> str:
        return nodes("Mul", nodes("Cast", turns, to=_FLOAT), nodes.constant(np.float32(2 * math.pi / n_fft)))

    window = nodes("Cos", angles(samples))
    window = nodes(
        "Mul", nodes("Sub", nodes.constant(np.float32(1)), window), nodes.constant(np.float32(0.5))
    )
    waves = nodes("Concat", nodes("Cos", angles(turns)), nodes("Sin", angles(turns)), axis=0)
    nodes("Unsqueeze", nodes("Mul", waves, window), nodes.constant([1]))
    _replace(model, table, nodes)


def store_in_16_bits(model: onnx.ModelProto) -> None:
    """Store large constants of a graph in float16 where this changes no value.

    Args:
        model: changed in place.
    """
    graph = model.graph
    for entry in list(graph.initializer):
        values = numpy_helper.to_array(entry)
        if values.dtype != np.float32 or values.size < _LARGE:
            continue
        with np.errstate(over="ignore"):
            rounded = values.astype(np.float16)
        if np.array_equal(rounded.astype(np.float32), values):
            graph.initializer.remove(entry)
            graph.initializer.append(numpy_helper.from_array(rounded, f"{entry.name}.float16"))
            cast = helper.make_node("Cast", [f"{entry.name}.float16"], [entry.name], to=_FLOAT)
            graph.node.insert(0, cast)


def _replace(model: onnx.ModelProto, table: Tensor, nodes: _Nodes) -> None:
    """Replace the constant that has these values by the output of the last node."""
    graph, values = model.graph, table.detach().cpu().numpy()

    def is_table(tensor: TensorProto) -> bool:
        return tuple(tensor.dims) == values.shape and np.array_equal(numpy_helper.to_array(tensor), values)

    initializer = next((entry for entry in graph.initializer if is_table(entry)), None)
    constant = next(
        (node for node in graph.node if node.op_type == "Constant" and is_table(node.attribute[0].t)), None
    )
    if initializer is not None:
        nodes.nodes[-1].output[0] = initializer.name
        graph.initializer.remove(initializer)
    elif constant is not None:
        nodes.nodes[-1].output[0] = constant.output[0]
        graph.node.remove(constant)
    else:
        raise ModelError(f"the exported graph does not contain the {nodes.name}")
    graph.initializer.extend(nodes.constants)
    for place, node in enumerate(nodes.nodes):
        graph.node.insert(place, node)
