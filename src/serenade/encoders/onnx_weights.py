"""Weights of an encoder inside an ONNX file: stored rounded, under their names, and read back.

A bundled model contains its encoder, so that a new classifier can be trained on it without another file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from serenade.encoders.rounding import BLOCK, Precision, is_packed, packed, quantized, unpacked
from serenade.errors import ModelError

PREFIX = "encoder."
"""Of the names of an encoder's weights in a graph."""

_SCALE = ".scale"


def store_rounded(model: onnx.ModelProto, weights: Mapping[str, Tensor], *, precision: Precision) -> None:
    """Rename the weights of an encoder in a graph to their own names, and store its matrices rounded.

    The exporter transposes matrices and gives them numbers for names. onnxruntime restores float32 once, when
    it loads the graph.

    Args:
        model: changed in place.
        weights: of the encoder, by name.
        precision: of matrices and filters.
    """
    graph = model.graph
    found: dict[tuple[tuple[int, ...], bytes], list[TensorProto]] = {}
    for entry in graph.initializer:
        found.setdefault(_key(numpy_helper.to_array(entry)), []).append(entry)
    nodes, stored = [], []
    for name, weight in weights.items():
        array = weight.detach().cpu().numpy()
        transposed = _key(array) not in found and array.ndim == 2
        entries = found.get(_key(array.T if transposed else array))
        if entries is None:
            raise ModelError(f"the exported graph does not contain the weight {name}")
        axes = [1, 0] if transposed else list(range(array.ndim))
        tensors = _stored(PREFIX + name, weight, precision, axes)
        stored += tensors
        # Weights that are equal, such as biases of zero, are one in the graph; they are all stored.
        if entries:
            entry = entries.pop()
            graph.initializer.remove(entry)
            nodes += _restoring(tensors, entry.name, axes)
    graph.initializer.extend(stored)
    for place, node in enumerate(nodes):
        graph.node.insert(place, node)


def read_weights(file: str | Path) -> dict[str, Tensor]:
    """The weights of the encoder in an ONNX file, by name, in float32.

    Raises:
        ModelError: the file cannot be read, or contains no encoder.
    """
    try:
        model = onnx.load(str(file))
    except (OSError, DecodeError) as cause:
        raise ModelError(f"is not a readable ONNX model ({cause})", file=file) from cause
    arrays = {
        entry.name.removeprefix(PREFIX): numpy_helper.to_array(entry)
        for entry in model.graph.initializer
        if entry.name.startswith(PREFIX)
    }
    if not arrays:
        raise ModelError("contains no speech encoder", file=file)
    return {
        name: _float32(array, arrays.get(name + _SCALE))
        for name, array in arrays.items()
        if not name.endswith(_SCALE)
    }


def hash_of_weights(file: str | Path) -> str:
    """Hexadecimal SHA-256 of the weights of the encoder in an ONNX file; errors as for `read_weights`."""
    digest = hashlib.sha256()
    for name, weight in sorted(read_weights(file).items()):
        digest.update(name.encode() + weight.numpy().astype("<f4").tobytes())
    return digest.hexdigest()


def _key(array: NDArray[np.generic]) -> tuple[tuple[int, ...], bytes]:
    return array.shape, np.ascontiguousarray(array).tobytes()


def _float32(array: NDArray[np.generic], scale: NDArray[np.generic] | None) -> Tensor:
    values = torch.from_numpy(array.copy())
    if scale is None:
        return values.float()
    factors = torch.from_numpy(scale.copy())
    if values.dtype == torch.uint8:
        return unpacked(values, factors)
    return values.float() * factors.float().reshape(-1, *[1] * (values.ndim - 1))


def _stored(name: str, weight: Tensor, precision: Precision, axes: list[int]) -> list[TensorProto]:
    """The stored form of a weight: its values, and of 8 bits the scales, their axes as in the graph."""
    weight = weight.detach()
    if weight.ndim < 2 or precision == "float32":
        return [numpy_helper.from_array(weight.numpy(), name)]
    if precision == "float16":
        return [numpy_helper.from_array(weight.half().numpy(), name)]
    if is_packed(weight, precision):
        values, scale = packed(weight)
        return [
            numpy_helper.from_array(values.numpy(), name),
            numpy_helper.from_array(scale.numpy(), name + _SCALE),
        ]
    values, scale = quantized(weight)
    return [
        numpy_helper.from_array(values.numpy(), name),
        numpy_helper.from_array(scale.permute(axes).contiguous().numpy(), name + _SCALE),
    ]


def _restoring(stored: list[TensorProto], output: str, axes: list[int]) -> list[onnx.NodeProto]:
    """The nodes that make float32 of a stored weight, with its axes in the graph's order.

    The axes change first: onnxruntime keeps the result of every step until the graph is loaded.
    """
    name, kind = stored[0].name, stored[0].data_type
    if kind == TensorProto.FLOAT:
        return [helper.make_node("Transpose", [name], [output], perm=axes)]
    if kind == TensorProto.UINT8:
        return _unpacking(stored, output, axes)
    nodes, turned = [], name
    if axes != sorted(axes):
        turned = f"{name}.turned"
        nodes = [helper.make_node("Transpose", [name], [turned], perm=axes)]
    if kind == TensorProto.FLOAT16:
        return [*nodes, helper.make_node("Cast", [turned], [output], to=TensorProto.FLOAT)]
    levels = f"{name}.levels"
    return [
        *nodes,
        helper.make_node("Cast", [turned], [levels], to=TensorProto.FLOAT),
        helper.make_node("Mul", [levels, stored[1].name], [output]),
    ]


def _unpacking(stored: list[TensorProto], output: str, axes: list[int]) -> list[onnx.NodeProto]:
    """`unpacked` as nodes."""
    name, rows, columns = stored[0].name, stored[0].dims[0], 2 * stored[0].dims[1]
    constants = {
        "mask": np.array(15, np.uint8),
        "shift": np.array(4, np.uint8),
        "zero": np.array(8, np.float32),
        "blocks": np.array([rows, -1, BLOCK]),
        "shape": np.array([rows, columns]),
    }
    nodes = [
        helper.make_node("Constant", [], [f"{name}.{key}"], value=numpy_helper.from_array(value))
        for key, value in constants.items()
    ]
    for kind, inputs, result, attributes in (
        ("BitwiseAnd", ["", ".mask"], ".low", {}),
        ("BitShift", ["", ".shift"], ".high", {"direction": "RIGHT"}),
        ("Concat", [".low", ".high"], ".both", {"axis": 1}),
        ("Cast", [".both"], ".numbers", {"to": TensorProto.FLOAT}),
        ("Sub", [".numbers", ".zero"], ".levels", {}),
        ("Reshape", [".levels", ".blocks"], ".in_blocks", {}),
        ("Cast", [_SCALE], ".factors", {"to": TensorProto.FLOAT}),
        ("Mul", [".in_blocks", ".factors"], ".product", {}),
        ("Reshape", [".product", ".shape"], ".matrix", {}),
    ):
        nodes.append(helper.make_node(kind, [name + i for i in inputs], [name + result], **attributes))
    return [*nodes, helper.make_node("Transpose", [f"{name}.matrix"], [output], perm=axes)]
