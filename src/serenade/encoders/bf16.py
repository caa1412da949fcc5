"""Whether the processor computes in bf16."""

from __future__ import annotations

import platform


def processor_computes_bf16() -> bool:
    """Whether the processor has instructions for bf16.

    oneDNN reports bf16 on every x86 processor with AVX-512, and emulates it where there are no instructions;
    a training step then takes 1.6 times as long as in float32. On x86 this checks for AVX512_BF16 or AMX.
    """
    import torch

    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    # Private names: without them in a future torch, training is in float32.
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)
