"""`serenade export`: weights become one ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model folder, a run, or a .safetensors file.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.onnx", help="Where to.")],
) -> None:
    """Write a trained model as one ONNX file: waveform in, probabilities out, labels inside."""
    from serenade.networks.export import export as export_model

    print(export_model(model, out))
