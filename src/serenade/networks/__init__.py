"""Networks as torch modules, their layers, their weights and their export to ONNX."""

from serenade.networks.registry import create_network, list_networks, register_network

__all__ = ["create_network", "list_networks", "register_network"]
