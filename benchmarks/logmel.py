"""How many times as fast as librosa the log-mel is, and how near: one clip at a time, on one thread.

    python benchmarks/logmel.py [--sounds FOLDER]

The clips are synthetic speech, or those of FOLDER. Each way goes through all clips in a loop of its
own, as a user's program does; the two loops take turns, and of each clip's times the median is taken. Time is
the processor's, so that other work on the machine counts little. librosa is called as its users do: it makes
its filters anew in each call.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from serenade.audio.decode import decode
from serenade.audio.discovery import find_audio
from serenade.audio.logmel import CREMAD_SEED, WHISPER, FrontEnd, log_mel
from serenade.synthetic.cremad import make_cremad

RATE_HZ = 16_000

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


def measure(clips: Sequence[NDArray[np.float32]], *, rounds: int = 9) -> list[dict[str, Any]]:
    """Time both over the clips; one row for each front end, times in ms of processor time a clip.

    Returns:
        One dict a front end: front_end, librosa_ms, serenade_ms, ratio, and apart_db, the largest difference
        of the two (None where librosa has no such scale).
    """
    rows = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, front_end in FRONT_ENDS.items():
            pairs = [(log_mel(clip, front_end), _librosa(clip, front_end)) for clip in clips]
            apart = max(float(np.abs(a - b).max()) for a, b in pairs) if front_end.scale == "db" else None
            times = [
                [_times(way, clips, front_end) for way in (log_mel, _librosa)]  # one loop, then the other
                for _ in range(rounds)
            ]
            ours_ms, theirs_ms = np.median(times, axis=0).mean(axis=1)
            rows.append(
                {
                    "front_end": name,
                    "librosa_ms": float(theirs_ms),
                    "serenade_ms": float(ours_ms),
                    "ratio": float(theirs_ms / ours_ms),
                    "apart_db": apart,
                }
            )
    return rows


def _times(
    way: Callable[..., object], clips: Sequence[NDArray[np.float32]], front_end: FrontEnd
) -> list[float]:
    """Milliseconds of each clip."""
    times = []
    for clip in clips:
        start = time.process_time()
        way(clip, front_end)
        times.append(1e3 * (time.process_time() - start))
    return times


def _clips(sounds: Path | None, most: int) -> list[NDArray[np.float32]]:
    with tempfile.TemporaryDirectory() as scratch:
        if sounds is None:
            files = make_cremad(scratch, speakers=2, rng=np.random.default_rng(0))
        else:
            files = tuple(find_audio(sounds))
        return [decode(file, rate_hz=RATE_HZ).samples for file in files[:: -(-len(files) // most)]]


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sounds", type=Path, metavar="FOLDER")
    parser.add_argument("--clips", type=int, default=40)
    options = parser.parse_args()
    print("| front end | librosa, ms a clip | serenade, ms a clip | ratio | apart by at most |")
    print("|---|---:|---:|---:|---:|")
    for row in measure(_clips(options.sounds, options.clips)):
        times = f"{row['librosa_ms']:.2f} | {row['serenade_ms']:.2f} | {row['ratio']:.1f}"
        apart = "" if row["apart_db"] is None else f"{row['apart_db']:.0e} dB"
        print(f"| {row['front_end']} | {times} | {apart} |")


if __name__ == "__main__":
    main()
