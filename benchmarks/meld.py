"""MELD.Raw → spectrograms: wall time a clip, peak memory, and the ratio to the original's loop.

The clips are made (the real ones cannot be had): AAC in mp4 with a picture, 5.1 for the most part, 3.3 s on
average. The original's loop is `librosa.load`, mel, dB, min-max, one clip after another, all arrays held in
memory (audio_to_spectrogram.ipynb, clow427/MELD-emotion-recognition). librosa reads no mp4 without an ffmpeg
program, so the two are compared on wav: mono, 48 kHz, decoded from the same clips.

    python benchmarks/meld.py [--clips 200] [--tables ../shared/data/meld]

With --tables all 13,708 rows of MELD's tables are prepared, and --clips is the count of distinct sounds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from threadpoolctl import threadpool_limits

from serenade.audio.decode import decode
from serenade.corpora import read_corpus
from serenade.corpora.synthetic_meld import make_meld
from serenade.errors import UnsupportedMedia
from serenade.features.spectrograms import spectrogram_of

_PREPARE = """
import json, resource, sys, time
began = time.perf_counter()
from serenade.features.spectrogram_writer import write_spectrograms
imported_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
made = write_spectrograms(sys.argv[1], sys.argv[2], jobs=int(sys.argv[3]))
peak_mib = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"seconds": time.perf_counter() - began, "clips": sum(made.clips.values()),
                  "imported_mib": imported_mib, "peak_mib": peak_mib / 1024}))
"""


def measure(
    clips: int = 200, *, tables: str | Path | None = None, jobs: int = 1, sample: int = 60
) -> dict[str, Any]:
    """Make a tree, prepare it in a process of its own, and run both ways over a sample as wav.

    Args:
        clips: rows to make up; with `tables`, distinct sounds.
        tables: a folder with MELD's tables, all of whose rows are prepared.
        jobs: worker processes.
        sample: clips of the comparison.

    Returns:
        clips, seconds (start-up included), seconds_a_clip, peak_mib of the largest process, imported_mib (the
        same before the first clip), megabytes written, wav_seconds_a_clip, original_wav_seconds_a_clip and
        their ratio.
    """
    with tempfile.TemporaryDirectory() as scratch:
        meld, out = Path(scratch, "MELD.Raw"), Path(scratch, "MELD_spectrograms")
        rows = {"train": clips * 7 // 10, "dev": clips // 10, "test": clips - clips * 7 // 10 - clips // 10}
        made_rows = rows if tables is None else None
        make_meld(meld, tables=tables, rows=made_rows, distinct=clips, rng=np.random.default_rng(0))
        command = [sys.executable, "-c", _PREPARE, str(meld), str(out), str(jobs)]
        told: dict[str, Any] = json.loads(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout
        )
        written = sum(file.stat().st_size for file in out.iterdir()) / 1e6
        ours, theirs = _on_wav(meld, Path(scratch), sample)
    return told | {
        "jobs": jobs,
        "seconds_a_clip": told["seconds"] / told["clips"],
        "megabytes": written,
        "wav_seconds_a_clip": ours,
        "original_wav_seconds_a_clip": theirs,
        "ratio": theirs / ours,
    }


def _on_wav(meld: Path, scratch: Path, sample: int) -> tuple[float, float]:
    """Seconds a clip of each way, the best of three rounds, one thread."""
    import librosa
    from sklearn.preprocessing import minmax_scale

    wavs: list[str] = []
    for file in read_corpus(meld)["file"]:
        try:
            sound = decode(file, rate_hz=48_000, duration_s=10.0)
        except UnsupportedMedia:
            continue
        wavs.append(str(scratch / f"{len(wavs)}.wav"))
        soundfile.write(wavs[-1], sound.samples, sound.rate_hz)
        if len(wavs) == sample:
            break

    def original(file: str) -> object:
        samples, rate_hz = librosa.load(file, sr=16_000, duration=3.0)
        decibels = librosa.power_to_db(
            librosa.feature.melspectrogram(y=samples, sr=rate_hz, n_mels=128), ref=np.max
        )
        scaled = minmax_scale(decibels.flatten()).reshape(decibels.shape)
        return np.pad(scaled, ((0, 0), (0, 128 - scaled.shape[1])))[..., np.newaxis]

    def seconds(way: Callable[[str], object]) -> float:
        began = time.perf_counter()
        for file in wavs:
            way(file)
        return (time.perf_counter() - began) / len(wavs)

    with threadpool_limits(1):
        original(wavs[0])  # librosa compiles on its first call
        rounds = [(seconds(spectrogram_of), seconds(original)) for _ in range(3)]
    ours, theirs = zip(*rounds, strict=True)
    return min(ours), min(theirs)


def table_of(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    lines = [
        "| MELD.Raw → spectrograms | |",
        "|---|---:|",
        f"| clips, worker processes | {result['clips']:,}, {result['jobs']} |",
        f"| wall time, start-up included | {result['seconds']:.0f} s |",
        f"| a clip (mp4) | {1000 * result['seconds_a_clip']:.1f} ms |",
        f"| peak memory of a process | {result['peak_mib']:.0f} MiB |",
        f"| of it there before the first clip | {result['imported_mib']:.0f} MiB |",
        f"| written | {result['megabytes']:.0f} MB |",
        f"| a clip as wav, serenade | {1000 * result['wav_seconds_a_clip']:.1f} ms |",
        f"| a clip as wav, librosa loop | {1000 * result['original_wav_seconds_a_clip']:.1f} ms |",
        f"| × librosa loop, on wav | {result['ratio']:.1f} |",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    print(table_of(measure(options.clips, tables=options.tables, jobs=options.jobs)))
