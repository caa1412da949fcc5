"""`serenade networks`: what can be trained."""

from __future__ import annotations

from typing import Annotated

import typer


def networks(
    pattern: Annotated[str, typer.Argument(help="Shell pattern, such as 'cnn*'.")] = "*",
) -> None:
    """List the networks and their sizes."""
    from rich.console import Console
    from rich.table import Table

    from serenade.networks import create_network, list_networks

    table = Table("network", "parameters", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name in list_networks(pattern):
        network = create_network(name, n_mels=128, n_classes=6)
        table.add_row(name, f"{sum(weight.numel() for weight in network.parameters()):,}")
    console = Console()
    console.print(table)
    console.print("(128 mel bands, 6 classes)", style="dim")
