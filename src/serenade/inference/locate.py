"""Which ONNX file a name or a path means."""

from __future__ import annotations

import logging
import shlex
from importlib import import_module
from importlib.util import find_spec
from os import PathLike
from pathlib import Path

import serenade.assets
from serenade.errors import ModelError, OutputError
from serenade.folders import ModelFolder, RunFolder
from serenade.hub import local_model

_log = logging.getLogger(__name__)

ASSETS = Path(serenade.assets.__file__).parent
"""The folder of the bundled models."""

DEFAULT = "serenade-base"
"""The bundled model that is used where none is named."""


def list_models() -> list[str]:
    """Names of the models that are bundled with this version, for `load_model`.

    The first one is used where none is named.

    >>> from serenade import list_models
    >>> list_models()[0]
    'serenade-base'
    """
    return list(bundled_models())


def bundled_models() -> dict[str, Path]:
    """The ONNX files that are bundled with this version, by name; the default is the first."""
    folders = sorted(ASSETS.glob("*/"), key=lambda path: (path.name != DEFAULT, path.name))
    return {path.name: ModelFolder(path).onnx for path in folders if ModelFolder(path).onnx.is_file()}


def find_model(name_or_path: str | Path | None = None) -> Path:
    """The ONNX file of a model; exported from its weights if there is none yet and PyTorch is installed.

    Args:
        name_or_path: an ONNX file, weights (`.safetensors`), a model folder, a run folder, the name of a
            bundled model, or a model on the Hugging Face hub (`hf://owner/name`); None for the first bundled
            model.

    Raises:
        ModelError: there is no such model, or only weights and no PyTorch.
    """
    bundled = bundled_models()
    if name_or_path is None:
        if not bundled:
            raise ModelError(
                "this version has no bundled model; name a run, a model folder or an ONNX file (--model in "
                "a command)"
            )
        return next(iter(bundled.values()))
    if not isinstance(name_or_path, str | PathLike):
        raise ModelError(f"a model is a path or the name of a bundled model, not {name_or_path!r:.80}")
    path = local_model(name_or_path)
    if path.is_file():
        return _onnx_of_weights(path) if path.suffix.lower() == ".safetensors" else path
    if path.is_dir():
        return _onnx_of_folder(path)
    if str(name_or_path) in bundled:
        return bundled[str(name_or_path)]
    names = ", ".join(bundled) or "none"
    raise ModelError(f"is neither a file or folder nor a bundled model (there are: {names})", file=path)


def _onnx_of_folder(path: Path) -> Path:
    folder = ModelFolder(path)
    if not (folder.onnx.is_file() or folder.weights.is_file()):
        folder = RunFolder(path).model_to_use()
    return folder.onnx if folder.onnx.is_file() else _onnx_of_weights(folder.weights)


def _onnx_of_weights(weights: Path) -> Path:
    onnx = ModelFolder(weights.parent).onnx
    if weights.name != ModelFolder(weights.parent).weights.name:
        onnx = weights.with_suffix(onnx.suffix)
    if onnx.is_file():
        return onnx
    command = f"serenade export {shlex.quote(str(weights))} --out {shlex.quote(str(onnx))}"
    if find_spec("torch") is None or find_spec("onnx") is None:
        raise ModelError(
            f"is a file of weights, which needs PyTorch; make an ONNX file of it once, with: "
            f"pip install 'serenade[train]' && {command}",
            file=weights,
        )
    try:
        # By name: networks are a layer above, and need PyTorch.
        import_module("serenade.networks.export").export(weights, onnx)
    except OutputError as cause:
        raise ModelError(
            f"is a file of weights, and the ONNX file cannot be written beside it ({cause.message}); write "
            f"it elsewhere with: serenade export {shlex.quote(str(weights))} --out model.onnx",
            file=weights,
        ) from cause
    _log.warning("%s was exported from %s and is used from now on", onnx, weights.name)
    return onnx
