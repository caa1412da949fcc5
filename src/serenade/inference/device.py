"""Where the graph of a model is computed: on the CPU, or on an NVIDIA GPU by onnxruntime-gpu."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import onnxruntime

from serenade.errors import DeviceError, MissingExtra

Device = Literal["cpu", "cuda"]

DEVICES: tuple[Device, ...] = get_args(Device)
"""Devices for prediction."""

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def require_known(device: str) -> None:
    """Check the name of a device.

    Raises:
        DeviceError: there is no such device.
    """
    if device not in DEVICES:
        raise DeviceError(f"there is no device {device!r:.40}; use {' or '.join(DEVICES)}")


def providers_of(device: str) -> list[str]:
    """Return the execution providers of onnxruntime for a device, the preferred one first.

    Nodes for which CUDA has no implementation are computed on the CPU.

    Args:
        device: one of `DEVICES`.

    Raises:
        DeviceError: there is no such device.
        MissingExtra: "cuda", and onnxruntime is the package for the CPU.

    >>> providers_of("cpu")
    ['CPUExecutionProvider']
    """
    require_known(device)
    if device == "cpu":
        return [_CPU]
    if _CUDA not in onnxruntime.get_available_providers():
        raise MissingExtra(
            "--device cuda needs onnxruntime-gpu in place of onnxruntime; install it with: "
            "pip uninstall -y onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]'"
        )
    onnxruntime.preload_dlls()  # CUDA and cuDNN from the packages of pip, where they are installed
    return [_CUDA, _CPU]


def require_device(session: onnxruntime.InferenceSession, device: str, *, file: Path) -> None:
    """Check that a session uses its device; onnxruntime falls back to the CPU without an error.

    Raises:
        DeviceError: CUDA could not be started.
    """
    if device == "cuda" and _CUDA not in session.get_providers():
        raise DeviceError(
            "cannot be computed with --device cuda: onnxruntime finds no usable GPU; check nvidia-smi, and "
            "that CUDA and cuDNN are installed (pip install 'onnxruntime-gpu[cuda,cudnn]')",
            file=file,
        )
