"""Weights with their Spec and a checksum: safetensors files, written and read.

A flipped bit in a weight changes predictions without any other sign, so every file has a SHA-256 of its
weights and metadata, which is checked when it is read.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from threading import get_ident

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from serenade.errors import ModelError, RecipeError
from serenade.files import write_json, write_whole
from serenade.folders import ModelFolder, RunFolder
from serenade.hub import local_model
from serenade.networks.layers.domain import DomainCheck
from serenade.networks.registry import Network, create_network
from serenade.networks.utterance import UtteranceNetwork
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
    """The weights of a model folder, a run folder, a model on the hub (`hf://…`), or the file itself.

    Raises:
        ModelError: there are none.
    """
    path = local_model(model, weights=True)
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
        ModelError: the network cannot be built, or a weight is missing, unknown or of another shape.
    """
    sizes = {"n_mels": spec.front_end.n_mels} | spec.sizes
    arguments = {**sizes, **spec.network_args}
    if "n_classes" in arguments or sizes.keys() & spec.network_args.keys():
        raise ModelError("its Spec is damaged: a size of the data is an option of the network", file=file)
    try:
        with _no_larger_than(state), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of layers without any weight, which the weights then do not fit
            network = create_network(spec.network, n_classes=len(spec.labels), **arguments)
            _add_domain(network, spec)
        network.load_state_dict(state)
    except (RecipeError, _TooLargeError) as cause:
        reason = shorten(str(cause), 300, placeholder=" …")
        raise ModelError(f"its Spec has no network that can be built: {reason}", file=file) from cause
    except RuntimeError as cause:
        reason = str(cause).splitlines()[-1].strip()
        raise ModelError(
            f"its weights do not fit the network {spec.network!r} of its Spec ({reason})", file=file
        ) from cause
    return network.eval()


def _add_domain(network: Network, spec: Spec) -> None:
    """Add the domain check of a Spec, for its weights."""
    if spec.domain is not None:
        if not isinstance(network, UtteranceNetwork):
            raise RecipeError(f"network {spec.network!r} has no embeddings, which a domain check needs")
        network.domain = DomainCheck(
            width=network.width, components=spec.domain.components, centres=spec.domain.centres
        )


class _TooLargeError(Exception):
    """A network has many more weights or layers than a file."""


@contextmanager
def _no_larger_than(state: Mapping[str, Tensor]) -> Iterator[None]:
    """Stop this thread from building a network that is much larger than its weights.

    A Spec of anyone can name a network of any size. PyTorch registers a weight before a value is written to
    it, so that no memory is used by then. Some networks drop a part that they built, hence the margin.

    Raises:
        _TooLargeError: from the constructor of the network.
    """
    numbers = 2 * sum(weight.numel() for weight in state.values()) + 1_000_000
    layers = 100 * len(state) + 1_000
    thread = get_ident()

    def count_weight(module: nn.Module, name: str, weight: Tensor | None) -> None:
        nonlocal numbers
        if get_ident() == thread and weight is not None:
            numbers -= weight.numel()
            require()

    def count_layer(module: nn.Module, name: str, layer: nn.Module | None) -> None:
        nonlocal layers
        if get_ident() == thread:
            layers -= 1
            require()

    def require() -> None:
        if numbers < 0 or layers < 0:
            raise _TooLargeError("it is much larger than the weights in this file")

    hooks = (
        torch_module.register_module_parameter_registration_hook(count_weight),
        torch_module.register_module_buffer_registration_hook(count_weight),
        torch_module.register_module_module_registration_hook(count_layer),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
