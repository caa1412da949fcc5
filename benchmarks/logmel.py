"""How many times as fast as librosa the log-mel is: one clip at a time, one thread, processor time.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/logmel.py

Processor time, so that other work on the machine does not count; the two take turns clip by clip, so that
what slows the machine down slows both. The median over clips is taken.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.logmel import CREMAD_SEED, WHISPER, FrontEnd, log_mel

FRONT_ENDS = {
    "CREMA-D seed (2048/512, 128 mels)": CREMAD_SEED,
    "default (1024/256, 128 mels)": FrontEnd(),
    "HTK (512/160, 80 mels)": FrontEnd(n_fft=512, hop=160, n_mels=80, mel_scale="htk"),
    "Whisper (400/160, 80 mels)": WHISPER,
}


def _librosa(samples: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    import librosa

    mel = librosa.feature.melspectrogram(
        y=samples,
        sr=front_end.rate_hz,
        n_fft=front_end.n_fft,
        hop_length=front_end.hop,
        pad_mode=front_end.pad_mode,
        n_mels=front_end.n_mels,
        fmin=front_end.fmin_hz,
        fmax=front_end.fmax_hz,
        htk=front_end.mel_scale == "htk",
    )
    decibels: NDArray[np.float32] = librosa.power_to_db(mel, ref=np.max, top_db=80).T
    return decibels


def measure(clips: int = 100, *, clip_s: float = 3.0) -> list[dict[str, Any]]:
    """Time both on made clips; one row for each front end, times in ms of processor time a clip."""
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(0)
    rows = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, front_end in FRONT_ENDS.items():
            samples = 0.1 * rng.standard_normal((clips, round(clip_s * front_end.rate_hz)), dtype=np.float32)
            ours, theirs = [], []
            for clip in samples:
                ours.append(_timed(log_mel, clip, front_end))
                theirs.append(_timed(_librosa, clip, front_end))
            ours_ms, theirs_ms = float(np.median(ours)), float(np.median(theirs))
            rows.append(
                {
                    "front_end": name,
                    "librosa_ms": theirs_ms,
                    "serenade_ms": ours_ms,
                    "ratio": theirs_ms / ours_ms,
                }
            )
    return rows


def _timed(function: Callable[..., object], *given: object) -> float:
    start = time.process_time()
    function(*given)
    return 1e3 * (time.process_time() - start)


def main() -> None:
    """Print the table as Markdown."""
    print("| front end | librosa, ms a clip | serenade, ms a clip | ratio |\n|---|---|---|---|")
    for row in measure():
        times = f"{row['librosa_ms']:.2f} | {row['serenade_ms']:.2f}"
        print(f"| {row['front_end']} | {times} | {row['ratio']:.1f} |")


if __name__ == "__main__":
    main()
