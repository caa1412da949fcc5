"""The precision of training: bf16 where the processor or GPU supports it, else float32."""

from __future__ import annotations

from typing import Literal

import torch

from serenade.encoders.bf16 import processor_computes_bf16


def fabric_precision(choice: str, *, device: str = "auto") -> Literal["bf16-mixed", "32-true"]:
    """Fabric's name for the `precision` of a recipe; "auto" is bf16 where `computes_bf16`.

    Args:
        choice: "auto", "bf16" or "fp32".
        device: as for `computes_bf16`.

    >>> fabric_precision("fp32"), fabric_precision("bf16")
    ('32-true', 'bf16-mixed')
    """
    if choice == "auto":
        choice = "bf16" if computes_bf16(device) else "fp32"
    return "bf16-mixed" if choice == "bf16" else "32-true"


def computes_bf16(device: str = "auto") -> bool:
    """Whether a device has instructions for bf16.

    Args:
        device: "cpu", "cuda", or "auto" for the GPU if there is one.
    """
    if device == "cuda" or (device == "auto" and torch.cuda.is_available()):
        return bool(torch.cuda.is_bf16_supported())
    return processor_computes_bf16()
