"""Load a pretrained encoder from a Hugging Face folder or by name, or say in one sentence why not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from serenade.errors import MissingExtra, ModelError
from serenade.files import sha256_of


def import_transformers() -> Any:
    """The package transformers, without its warnings and progress bars.

    Raises:
        MissingExtra: it, or torch, is not installed.
    """
    try:
        import torch  # noqa: F401
        import transformers
    except ModuleNotFoundError as cause:
        raise MissingExtra(
            f'a pretrained encoder needs {cause.name}: pip install "serenade[pretrained]"'
        ) from cause
    # It warns about weights of the layers that are not used.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def load_pretrained(kind: Any, encoder: str, **options: Any) -> Any:
    """What a class of transformers loads; code in a repository is never run.

    Args:
        kind: such as `transformers.AutoModel`.
        encoder: a folder or a name.
        options: of `from_pretrained`.

    Raises:
        ModelError: it cannot be loaded.
    """
    # A folder must never be looked up as a name on the hub.
    options["local_files_only"] = os.path.isdir(encoder)
    try:
        return kind.from_pretrained(encoder, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError) as cause:
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise ModelError(
            "is not an encoder that can be loaded (a folder with config.json, tokenizer.json and "
            f"model.safetensors, or a name on the Hugging Face hub): {reason}",
            file=encoder,
        ) from cause


def identity_of(encoder: str, config: Any) -> Mapping[str, str]:
    """What distinguishes an encoder from others: the hashes of a folder's files, or the commit of a name.

    Args:
        encoder: a folder or a name.
        config: its loaded configuration.
    """
    folder = Path(encoder)
    if not folder.is_dir():
        return {"name": encoder, "commit": str(getattr(config, "_commit_hash", None))}
    files = [folder / "config.json", *sorted(folder.glob("*token*")), *sorted(folder.glob("*.safetensors"))]
    return {file.name: sha256_of(file) for file in files}


def require_layers(layers: Sequence[int], config: Any, encoder: str) -> None:
    """Check that an encoder has the layers that are requested.

    Raises:
        ModelError: it does not, or none is requested.
    """
    if not layers or min(layers) < 1 or max(layers) > config.num_hidden_layers:
        raise ModelError(
            f"layers {list(layers)} are requested, and the encoder has 1 to {config.num_hidden_layers}",
            file=encoder,
        )
