"""Weights with their Spec: safetensors in and out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from serenade.errors import ModelError
from serenade.files import write_json, write_whole
from serenade.folders import ModelFolder, RunFolder
from serenade.networks.registry import Network, create_network
from serenade.spec import Spec


def save_network(network: Network, spec: Spec, folder: str | Path) -> None:
    """Write the weights (the Spec in their metadata) and the Spec as JSON into a model folder.

    Raises:
        OutputError: the folder cannot be written to.
    """
    model = ModelFolder(Path(folder))
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with write_whole(model.weights, "wb") as out:
        out.write(save(state, metadata=spec.to_metadata()))
    write_json(model.config, spec.to_dict())


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

    Raises:
        ModelError: no such file, damaged, without a Spec, or weights of another shape than its Spec says.
    """
    file = find_weights(model)
    try:
        with safe_open(file, framework="pt") as weights:
            spec = Spec.from_metadata(weights.metadata(), file=file)
            state: dict[str, Tensor] = {name: weights.get_tensor(name) for name in weights.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as cause:
        raise ModelError(f"is not a readable safetensors file ({cause})", file=file) from cause
    return filled_network(spec, state, file=file), spec


def filled_network(spec: Spec, state: Mapping[str, Tensor], *, file: Path) -> Network:
    """The network that a Spec names, with these weights, in evaluation mode.

    Raises:
        ModelError: the weights are of another shape.
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
