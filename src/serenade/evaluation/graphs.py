"""The graphs of the evaluated models, and which predictions are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from serenade.errors import ModelError
from serenade.folders import ModelFolder
from serenade.inference.graph import SOUND_ONLY, Graph


def graph_of(path: Path, *, device: str = "cpu") -> Graph:
    """Return the graph of a model of sound, exported to a temporary file if it has none yet.

    Args:
        path: an ONNX file, a model folder, a run folder, or weights.
        device: "cpu" or "cuda".

    Raises:
        DeviceError: there is no such device, or no usable GPU.
        MissingExtra: "cuda" without onnxruntime-gpu.
        ModelError: there is no model, it takes more than sound, or it cannot be exported.
    """
    from serenade.networks.export import export_onnx
    from serenade.networks.weights import find_weights, load_network

    onnx = path if path.suffix == ".onnx" else ModelFolder(path).onnx
    if onnx.is_file():
        graph = Graph.load(onnx, threads=1, device=device)
    else:
        weights = find_weights(path)
        beside = ModelFolder(weights.parent).onnx
        if beside.is_file():
            graph = Graph.load(beside, threads=1, device=device)
        else:
            network, spec = load_network(weights)
            with TemporaryDirectory(prefix="serenade-") as temporary:
                file = Path(temporary) / beside.name
                export_onnx(network, spec, file)
                graph = replace(Graph.load(file, threads=1, device=device), file=weights)
    if graph.inputs != SOUND_ONLY:
        raise ModelError(
            "takes text or dialogue context; --robustness and --explain are for models of sound alone",
            file=path,
        )
    return graph


def rows_of(table: pd.DataFrame, keys: Mapping[str, int]) -> pd.DataFrame:
    """Return the predictions of one model: the rows with its values of `fold` and `seed`."""
    for name, value in keys.items():
        if name in table:
            table = table[table[name] == value]
    return table
