"""MELD.Raw → spectrograms: time, memory, a kill in the middle, and the ratio to the original's loop.

The clips are synthetic (the real ones may not be redistributed): AAC in MP4 with video, mostly 5.1, 3.3 s on
average, with the defects of the real corpus. `serenade originals spectrograms` is run over them to its end;
then into another folder, killed (SIGKILL) half way and run again, and the two compared byte by byte.

The original's loop is `librosa.load`, mel, dB, min-max, one clip after another, all arrays held in memory
(audio_to_spectrogram.ipynb, clow427/MELD-emotion-recognition). librosa reads no mp4 without an ffmpeg
program, so the two are compared on wav: mono, 48 kHz, decoded from the same clips.

    python benchmarks/meld.py [--clips 200] [--tables ../shared/data/meld] [--distinct 240] [--jobs 1]
    python benchmarks/meld.py --clips 13708         # the tree of full size
    python benchmarks/meld.py --tree MELD.Raw       # one that is there

Rows are those of MELD's own tables where they lie in ../shared, else synthetic. Clips beyond the `--distinct`
ones are hard links to these, so a full tree is read from the page cache, as a real one of 10 GB would not be.
While the order of the rows is read from it, `text_emotion.pkl` is held whole: that is the peak of memory.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from threadpoolctl import threadpool_limits
from watched import watch

from serenade.audio.decode import decode
from serenade.corpora import read_corpus
from serenade.errors import UnsupportedMedia
from serenade.features.chunks import CLIPS_PER_CHUNK
from serenade.features.unfinished_store import CHUNKS
from serenade.originals.meld.spectrograms import spectrogram_of
from serenade.synthetic.meld import make_meld

ROWS = {"train": 9_989, "dev": 1_109, "test": 2_610}
"""Of MELD."""

TABLES = Path(__file__).parents[2] / "shared" / "data" / "meld"
"""MELD's own, where they are available."""

_ARRAYS = ("X_audio_*.npy", "ids_*.csv")


def measure(
    clips: int = 200,
    *,
    tables: str | Path | None = None,
    distinct: int = 240,
    tree: str | Path | None = None,
    jobs: int = 1,
    sample: int = 60,
) -> dict[str, Any]:
    """Prepare a tree, once without and once with a kill, and run both ways over a sample as wav.

    Args:
        clips: rows to make, in MELD's proportions.
        tables: a folder with MELD's tables, to take the rows from; synthetic when None.
        distinct: clips to make; the other rows link to them.
        tree: a `MELD.Raw` that is there, instead of a synthetic one.
        jobs: worker processes.
        sample: clips of the comparison.

    Returns:
        clips, tree (what it is like), jobs, statuses (how many of each), whole, killed and continued (see
        `watch`), same (whether both ways gave the same bytes), busy (processes that ran or waited for a core,
        on average, over the last minute of the first way), megabytes written, ours_s and theirs_s a clip as
        wav.
    """
    told = (
        f"{min(distinct, clips):,} distinct clips; rows {'synthetic' if tables is None else 'of MELD itself'}"
    )
    with tempfile.TemporaryDirectory(dir=None if tree is None else Path(tree).parent) as scratch:
        meld = Path(scratch, "MELD.Raw") if tree is None else Path(tree)
        if tree is None:
            rows = {part: round(clips * count / sum(ROWS.values())) for part, count in ROWS.items()}
            make_meld(meld, tables=tables, rows=rows, distinct=distinct, rng=np.random.default_rng(0))
        whole_at, killed_at = Path(scratch, "whole"), Path(scratch, "killed")
        whole = watch(_command(meld, whole_at, jobs))
        busy = os.getloadavg()[0]
        ids = pd.concat([pd.read_csv(file) for file in whole_at.glob("ids_*.csv")])
        half = len(ids) // CLIPS_PER_CHUNK // 2
        killed = watch(
            _command(meld, killed_at, jobs),
            end_when=lambda: len([*(killed_at / CHUNKS).glob("*.json")]) >= half,
        )
        continued = watch(_command(meld, killed_at, jobs))
        same = _hashes(whole_at) == _hashes(killed_at)
        written = sum(file.stat().st_size for file in whole_at.iterdir()) / 1e6
        ours_s, theirs_s = _on_wav(meld, Path(scratch), sample)
    return {
        "clips": len(ids),
        "tree": told if tree is None else str(tree),
        "jobs": jobs,
        "statuses": ids["status"].value_counts().to_dict(),
        "whole": whole,
        "killed": killed,
        "continued": continued,
        "busy": busy,
        "same": same,
        "megabytes": written,
        "ours_s": ours_s,
        "theirs_s": theirs_s,
    }


def _command(meld: Path, out: Path, jobs: int) -> list[str | Path]:
    run = [sys.executable, "-m", "serenade", "originals", "spectrograms"]
    return [*run, meld, "--out", out, "--jobs", str(jobs)]


def _hashes(folder: Path) -> dict[str, str]:
    found = {}
    for file in (file for pattern in _ARRAYS for file in folder.glob(pattern)):
        with file.open("rb") as source:
            found[file.name] = hashlib.file_digest(source, "sha256").hexdigest()
    return found


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
    whole, killed, continued = (result[name] for name in ("whole", "killed", "continued"))
    found = continued.err.partition("(")[2].partition(" of ")[0]
    statuses = ", ".join(f"{count:,} {status}" for status, count in result["statuses"].items())
    shapes = " ".join(line.strip() for line in whole.out.partition("Final Shapes:")[2].splitlines()[1:4])
    lines = [
        "| MELD.Raw → spectrograms | |",
        "|---|---:|",
        f"| clips, worker processes | {result['clips']:,}, {result['jobs']} |",
        f"| the tree | {result['tree']} |",
        f"| shapes, as its closing banner tells them | {shapes} |",
        f"| what became of the clips | {statuses} |",
        f"| wall time, start-up included | {whole.seconds:.0f} s |",
        f"| processor time | {whole.processor_s:.0f} s |",
        f"| processes at work on this machine meanwhile | {result['busy']:.1f} |",
        f"| a clip (mp4), processor time | {1000 * whole.processor_s / result['clips']:.1f} ms |",
        f"| peak memory of all processes | {whole.peak_mib:.0f} MiB |",
        f"| of it anonymous | {whole.anonymous_mib:.0f} MiB |",
        f"| written | {result['megabytes']:.0f} MB |",
        f"| killed (SIGKILL) after | {killed.seconds:.0f} s |",
        f"| run again, it found done | {found} clips |",
        f"| and took, wall and processor time | {continued.seconds:.0f} s, {continued.processor_s:.0f} s |",
        f"| arrays and tables the same, byte by byte | {'yes' if result['same'] else '**no**'} |",
        f"| a clip as wav, serenade | {1000 * result['ours_s']:.1f} ms |",
        f"| a clip as wav, librosa loop | {1000 * result['theirs_s']:.1f} ms |",
        f"| × librosa loop, on wav | {result['theirs_s'] / result['ours_s']:.1f} |",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--tables", type=Path, default=TABLES if TABLES.is_dir() else None)
    parser.add_argument("--distinct", type=int, default=240)
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    print(table_of(measure(**vars(parser.parse_args()))))
