"""Whether this processor computes in bf16 or merely emulates it."""

from __future__ import annotations

import platform


def processor_computes_bf16() -> bool:
    """Whether the processor has instructions for bf16.

    oneDNN says yes on every x86 processor with AVX-512 and emulates what is not there, which makes a training
    step 1.6 times as long as float32; so on x86 AVX512_BF16 or AMX is asked for.
    """
    import torch

    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    # Private names: a torch that has them no more computes in float32.
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)
