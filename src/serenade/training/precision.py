"""Which arithmetic training runs in: bf16 where the processor or GPU computes in it, else float32."""

from __future__ import annotations

import platform
from typing import Literal

import torch


def fabric_precision(choice: str) -> Literal["bf16-mixed", "32-true"]:
    """Fabric's name of a recipe's `precision`; "auto" is bf16 where `computes_bf16`.

    >>> fabric_precision("fp32"), fabric_precision("bf16")
    ('32-true', 'bf16-mixed')
    """
    if choice == "auto":
        choice = "bf16" if computes_bf16() else "fp32"
    return "bf16-mixed" if choice == "bf16" else "32-true"


def computes_bf16() -> bool:
    """Whether the GPU, or the processor where there is none, has instructions for bf16.

    oneDNN says yes on every x86 processor with AVX-512 and emulates what is not there, which makes a training
    step 1.6 times as long as float32; so on x86 AVX512_BF16 or AMX is asked for.
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    # Private names: a torch that has them no more trains in float32.
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)
