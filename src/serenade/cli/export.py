"""`serenade export`: a trained model as one ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Model folder, run folder, .safetensors file or hf://owner/name[@revision]."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.onnx", help="File to write.")],
) -> None:
    """Export a trained model as one ONNX file.

    The input of the file is a waveform and the output is a probability for each label. The labels are in its
    metadata.
    """
    from serenade.networks.export import export as export_model

    print(export_model(model, out))
