"""wav → features: `serenade prepare` against the original generator's loop, as a ratio.

The loop is that of mel_generator.py (T4SKM4ST3R69/Speech_Emotion_Recognition) without augmentation: load at
the file's own rate, mel spectrogram, dB, one `.npy` a clip, one clip at a time. Both make the same numbers.

    python benchmarks/prepare.py [--clips 2400]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from serenade.audio.logmel import CREMAD_SEED
from serenade.corpora import new_table
from serenade.features.prepare import prepare
from serenade.originals.cremad.generator import write_mel_folder

RATE_HZ = 16_000
CLIP_S = 2.5
TARGET = 3.0


def measure(clips: int = 2_400, *, rounds: int = 2) -> list[dict[str, Any]]:
    """Time each way over `clips` made clips of 2.5 s at 16 kHz, the best of `rounds`, start-up included.

    Returns:
        One dict a way: name, clips, seconds, clips_per_s, ratio to the original loop.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = _made(folder / "wav", clips)
        ways: dict[str, Callable[[Path], object]] = {
            "original loop (librosa)": lambda out: _original(folder / "wav", out),
            "serenade, store, 1 worker": lambda out: prepare(table, out, front_end=CREMAD_SEED, jobs=1),
            "serenade, store, 2 workers": lambda out: prepare(table, out, front_end=CREMAD_SEED, jobs=2),
            "serenade, .npy folder, 1 worker": lambda out: write_mel_folder(folder / "wav", out, jobs=1),
        }
        # librosa compiles and imports on its first call; that is no part of its loop.
        _original(folder / "wav", folder / "warm", most=2)
        seconds = {name: float("inf") for name in ways}
        for number in range(rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                way(folder / f"{number} {name}")
                seconds[name] = min(seconds[name], time.perf_counter() - began)
    baseline = seconds["original loop (librosa)"]
    return [
        {"name": name, "clips": clips, "seconds": took, "clips_per_s": clips / took, "ratio": baseline / took}
        for name, took in seconds.items()
    ]


def _made(folder: Path, clips: int) -> pd.DataFrame:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(clips):
        samples = 0.1 * rng.normal(size=int(CLIP_S * RATE_HZ))
        soundfile.write(folder / f"{number:05}_DFA_ANG_XX.wav", samples, RATE_HZ)
    return new_table({"file": file, "emotion": "anger", "speaker": "1"} for file in sorted(folder.iterdir()))


def _original(wavs: Path, out: Path, most: int | None = None) -> None:
    import librosa

    out.mkdir()
    for file in sorted(wavs.iterdir())[:most]:
        samples, rate_hz = librosa.load(file, sr=None)
        mel = librosa.feature.melspectrogram(
            y=samples, sr=rate_hz, n_fft=2048, hop_length=512, n_mels=128, fmax=8000
        )
        np.save(out / f"{file.stem}_original.npy", librosa.power_to_db(mel, ref=np.max))


def table_of(results: list[dict[str, Any]]) -> str:
    """The results as a Markdown table."""
    lines = ["| wav → features | clips/s | × original loop |", "|---|---:|---:|"]
    lines += [f"| {row['name']} | {row['clips_per_s']:.0f} | {row['ratio']:.1f} |" for row in results]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=2_400)
    print(table_of(measure(parser.parse_args().clips)))
