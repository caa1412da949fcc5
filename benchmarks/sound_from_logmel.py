"""Reconstruct sound from the log-mel spectrograms of a folder, as `serenade originals generator` writes them.

    python benchmarks/sound_from_logmel.py MELS OUT [--every N] [--without SPEAKER,SPEAKER]

MELS has `{EMO}/{stem}_original.npy` and `frontend.json`; OUT gets `{stem}.flac`, mono at 16 kHz. Power of
the bins by multiplicative updates of non-negative least squares (Lee and Seung 2001), phase by the fast
Griffin-Lim algorithm (Perraudin et al. 2013). Prosody and timbre remain; the level is lost. What is trained
or scored on it must say so. `--every N` takes one clip in N of each speaker, chosen by the checksum of its
name. About 0.3 s for a clip on one core.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from serenade.audio.front_end import FrontEnd
from serenade.audio.mel import mel_filters
from serenade.features.mel_folder import front_end_of

RATE_HZ = 16_000
BATCH = 24
PEAK = 0.7
_POWER_STEPS, _PHASE_STEPS, _MOMENTUM = 30, 32, 0.99


def main() -> None:
    """Write the sound of every chosen clip that is not there yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("mels", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--without", default="", metavar="SPEAKER,SPEAKER")
    given = parser.parse_args()
    left_out = set(given.without.split(","))
    given.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    files = [
        file
        for file in sorted(given.mels.glob("*/*_original.npy"))
        if file.name[:4] not in left_out
        and zlib.crc32(_stem(file).encode()) % given.every == 0
        and not (given.out / f"{_stem(file)}.flac").exists()
    ]
    front_end = front_end_of(given.mels)
    for start in range(0, len(files), BATCH):
        write(files[start : start + BATCH], given.out, front_end)
    print(f"{len(files):,} clips written to {given.out}")


def write(files: Sequence[Path], out: Path, front_end: FrontEnd) -> None:
    """Reconstruct a batch of clips; silence after the last frame with sound is cut."""
    levels = [np.load(file, allow_pickle=False) for file in files]
    longest = max(level.shape[1] for level in levels)
    power = np.zeros((len(levels), front_end.n_mels, longest), np.float32)
    for row, level in zip(power, levels, strict=True):
        row[:, : level.shape[1]] = 10 ** (level / 10)
    sounds = griffin_lim(linear_power(torch.from_numpy(power), front_end).sqrt(), front_end).numpy()
    for file, level, sound in zip(files, levels, sounds, strict=True):
        sounding = np.flatnonzero((level > level.min()).any(axis=0))
        frames = sounding[-1] + 1 if len(sounding) else 1
        samples: NDArray[np.float32] = soxr.resample(
            sound[: frames * front_end.hop], front_end.rate_hz, RATE_HZ
        )
        scaled = samples / max(1e-6, float(np.abs(samples).max())) * PEAK
        soundfile.write(out / f"{_stem(file)}.flac", scaled, RATE_HZ)


def linear_power(mel_power: Tensor, front_end: FrontEnd) -> Tensor:
    """Power of the bins [shape=(batch, n_fft // 2 + 1, frames)] from that of the mel bands."""
    mel = torch.from_numpy(mel_filters(front_end).copy())
    target = torch.einsum("mf,bmt->bft", mel, mel_power)
    power = target + 1e-10
    for _ in range(_POWER_STEPS):
        fitted = torch.einsum("mf,bmt->bft", mel, torch.einsum("mf,bft->bmt", mel, power))
        power = power * target / (fitted + 1e-12)
    return power


def griffin_lim(magnitude: Tensor, front_end: FrontEnd) -> Tensor:
    """Sound [shape=(batch, samples)] whose spectrum has the given magnitude."""
    window = torch.hann_window(front_end.n_fft)
    length = front_end.hop * (magnitude.shape[2] - 1)
    phase = torch.exp(2j * np.pi * torch.rand(magnitude.shape))
    previous = torch.zeros_like(phase)
    for _ in range(_PHASE_STEPS):
        sound = torch.istft(magnitude * phase, front_end.n_fft, front_end.hop, window=window, length=length)
        rebuilt = torch.stft(sound, front_end.n_fft, front_end.hop, window=window, return_complex=True)
        phase = rebuilt - _MOMENTUM / (1 + _MOMENTUM) * previous
        phase, previous = phase / (phase.abs() + 1e-9), rebuilt
    return torch.istft(magnitude * phase, front_end.n_fft, front_end.hop, window=window, length=length)


def _stem(file: Path) -> str:
    return file.name.removesuffix("_original.npy")


if __name__ == "__main__":
    main()
