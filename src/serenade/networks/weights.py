"""Weights with their Spec and a checksum: safetensors files, written and read.

A flipped bit in a weight changes predictions without any other sign, so every file has a SHA-256 of its
weights and metadata, which is checked when it is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from serenade.errors import ModelError
from serenade.files import write_json, write_whole
from serenade.folders import ModelFolder, RunFolder
from serenade.networks.registry import Network, create_network
from serenade.spec import Spec

CHECKSUM_KEY = "sha256"
"""Key of the checksum in the metadata of a safetensors file."""


def save_network(network: Network, spec: Spec, folder: str | Path) -> None:
    """Write the weights, with Spec and checksum in their metadata, and the Spec as JSON.

    Args:
        network: the network to write.
        spec: its Spec.
        folder: the model folder.

    Raises:
        ModelError: a weight is not finite.
        OutputError: the folder cannot be written to.
    """
    model = ModelFolder(Path(folder))
    require_finite(network, file=model.path)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    metadata = spec.to_metadata()
    metadata[CHECKSUM_KEY] = checksum(state, metadata)
    with write_whole(model.weights, "wb") as out:
        out.write(save(state, metadata=metadata))
    write_json(model.config, spec.to_dict())


def checksum(state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Hexadecimal SHA-256 of weights (names, types, shapes, values) and of metadata without the checksum.

    >>> first, second = ({"bias": torch.tensor([value])} for value in (1.0, 1.0000001))
    >>> checksum(first, {}) == checksum(second, {})
    False
    """
    others = {key: value for key, value in metadata.items() if key != CHECKSUM_KEY}
    digest = hashlib.sha256(json.dumps(others, sort_keys=True).encode())
    for name in sorted(state):
        tensor = state[name].cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def require_finite(network: Network, *, file: str | Path) -> None:
    """Check that no weight is NaN or infinite.

    Args:
        network: the network to check.
        file: its file or folder, for the message.

    Raises:
        ModelError: a weight is not finite.
    """
    for name, tensor in network.state_dict().items():
        if not torch.isfinite(tensor).all():
            raise ModelError(
                f"the weight {name} has values that are not finite; train again with a lower learning rate",
                file=file,
            )


def find_weights(model: str | Path) -> Path:
    """The weights of a model folder, a run folder, or the file itself.

    Raises:
        ModelError: there are none.
    """
    path = Path(model)
    if path.is_file():
        return path
    if ModelFolder(path).weights.is_file():
        return ModelFolder(path).weights
    return RunFolder(path).model_to_use().weights


def load_network(model: str | Path) -> tuple[Network, Spec]:
    """Rebuild a network from a model folder, a run folder, or a `.safetensors` file.

    Returns:
        The network, in evaluation mode, and its Spec.

    Raises:
        ModelError: no such file, damaged, without a Spec, or weights of another network than in its Spec.
    """
    file = find_weights(model)
    try:
        with safe_open(file, framework="pt") as weights:
            metadata = weights.metadata() or {}
            state: dict[str, Tensor] = {name: weights.get_tensor(name) for name in weights.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as cause:
        raise ModelError(f"is not a readable safetensors file ({cause})", file=file) from cause
    spec = Spec.from_metadata(metadata, file=file)
    if metadata.get(CHECKSUM_KEY) != checksum(state, metadata):
        raise ModelError("is damaged: its checksum is wrong; copy or train it again", file=file)
    return filled_network(spec, state, file=file), spec


def filled_network(spec: Spec, state: Mapping[str, Tensor], *, file: Path) -> Network:
    """The network in a Spec, with these weights, in evaluation mode.

    Args:
        spec: which network.
        state: every weight by name, and no others.
        file: where they come from, for the message.

    Raises:
        ModelError: a weight is missing, unknown or of another shape.
    """
    network = create_network(
        spec.network,
        n_classes=len(spec.labels),
        **({"n_mels": spec.front_end.n_mels} | spec.sizes),
        **spec.network_args,
    )
    try:
        network.load_state_dict(state)
    except RuntimeError as cause:
        reason = str(cause).splitlines()[-1].strip()
        raise ModelError(
            f"its weights do not fit the network {spec.network!r} of its Spec ({reason})", file=file
        ) from cause
    return network.eval()
