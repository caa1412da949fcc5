"""The precision of training: bf16 where the processor or GPU supports it, else float32."""

from __future__ import annotations

from typing import Literal

import torch

from serenade.encoders.bf16 import processor_computes_bf16


def fabric_precision(choice: str) -> Literal["bf16-mixed", "32-true"]:
    """Fabric's name for the `precision` of a recipe; "auto" is bf16 where `computes_bf16`.

    >>> fabric_precision("fp32"), fabric_precision("bf16")
    ('32-true', 'bf16-mixed')
    """
    if choice == "auto":
        choice = "bf16" if computes_bf16() else "fp32"
    return "bf16-mixed" if choice == "bf16" else "32-true"


def computes_bf16() -> bool:
    """Whether the GPU, or the processor if there is no GPU, has instructions for bf16."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return processor_computes_bf16()
