"""Torch modules: log-mel features in, logits out. Nothing here knows of files, folds or folders."""

from serenade.networks.registry import create_network, list_networks, register_network

__all__ = ["create_network", "list_networks", "register_network"]
