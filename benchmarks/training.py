"""A training step of `compact` as serenade takes it against plain float32; what training holds in memory.

python benchmarks/training.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from watched import watch

from serenade.audio.front_end import FrontEnd
from serenade.features.store import write_store
from serenade.memory import fast_reuse
from serenade.networks import create_network
from serenade.training.precision import computes_bf16

BATCH, MELS, FRAMES, CLASSES = 48, 128, 110, 6
EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness")


def measure_step(turns: int = 3) -> dict[str, Any]:
    """Median processor time of a step, plain and ours, the two taking turns of ten steps on one thread."""
    torch.set_num_threads(1)
    features = torch.randn(BATCH, MELS, FRAMES)
    lengths = torch.full((BATCH,), FRAMES)
    classes = torch.randint(0, CLASSES, (BATCH,))
    plain = create_network("compact", n_mels=MELS, n_classes=CLASSES)
    ours = create_network("compact", n_mels=MELS, n_classes=CLASSES).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(turns):
        for name, network in (("plain", plain), ("ours", ours)):
            with fast_reuse() if name == "ours" else nullcontext():
                for number in range(10):
                    began = time.process_time()
                    with torch.autocast(
                        "cpu", dtype=torch.bfloat16, enabled=name == "ours" and computes_bf16()
                    ):
                        logits = network(features, lengths)
                    torch.autograd.backward(F.cross_entropy(logits.float(), classes))
                    network.zero_grad()
                    if number:  # the first step takes its memory from the system
                        times[name].append(time.process_time() - began)
    plain_ms, ours_ms = (1e3 * float(np.median(times[name])) for name in ("plain", "ours"))
    return {"bf16": computes_bf16(), "plain_ms": plain_ms, "ours_ms": ours_ms, "ratio": plain_ms / ours_ms}


def measure_memory(clips: int = 6_000) -> dict[str, Any]:
    """Peak memory of `serenade train` for one epoch on a synthetic store [MiB], and the store's size."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rng = np.random.default_rng(0)
        index = pd.DataFrame(
            {
                "id": [f"{number:05}" for number in range(clips)],
                "file": [f"{number:05}.wav" for number in range(clips)],
                "emotion": [EMOTIONS[number % CLASSES] for number in range(clips)],
                "speaker": [f"{number % 60:02}" for number in range(clips)],
                "sex": "",
                "corpus": "synthetic",
                "sha256": [str(number) for number in range(clips)],
                "frames": FRAMES,
                "start": np.nan,
                "end": np.nan,
            }
        )
        blocks = (rng.uniform(-80, 0, (FRAMES, MELS)).astype(np.float32) for _ in range(clips))
        store = write_store(folder / "store", blocks, index, front_end=FrontEnd())
        recipe = folder / "recipe.toml"
        recipe.write_text(
            "[data]\nfold = 1\n[training]\nepochs = 1\n[augment]\nmixup = 0.3\ntime_masks = 2\n"
        )
        command = [sys.executable, "-m", "serenade.cli.main", "train"]
        ran = watch([*command, recipe, "--store", store.path, "--out", folder / "run"])
        return {"clips": clips, "store_mib": store.frames.nbytes / 2**20, "peak_mib": ran.peak_mib}


def main() -> None:
    """Print both as Markdown."""
    step, memory = measure_step(), measure_memory()
    arithmetic = "bf16" if step["bf16"] else "float32: this processor has no bf16 arithmetic"
    print("| | plain float32, channels first | serenade | ratio |\n|---|---:|---:|---:|")
    print(
        f"| training step of `compact`, {BATCH} clips ({arithmetic}, channels last, memory kept) "
        f"| {step['plain_ms']:.0f} ms | {step['ours_ms']:.0f} ms | {step['ratio']:.1f} |\n"
    )
    print(
        f"Peak memory of `serenade train` on {memory['clips']:,} clips "
        f"(a store of {memory['store_mib']:.0f} MiB, read through one memory map): "
        f"**{memory['peak_mib']:.0f} MiB**."
    )


if __name__ == "__main__":
    main()
