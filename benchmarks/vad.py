"""Voice activity detection: clips without speech, sounds without a voice, and speed.

    python benchmarks/vad.py [--data DIR] [--every N] [--against FILE.py]

DIR has corpora as folders (cremad, emodb, …); without it, only synthetic voices are used. `--against` names a
Python file with a function `speech_segments(samples, *, rate_hz)`, which is timed on the same clips in turn:
an earlier detector, for example.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade.audio.decode import decode
from serenade.audio.discovery import find_audio
from serenade.audio.level import level_dbfs
from serenade.audio.vad import speech_segments
from serenade.synthetic.cremad import make_cremad

RATE_HZ = 16_000
CORPORA = ("cremad", "emodb", "emovo", "nemo", "ravdess")
SYNTHETIC = "synthetic voices"
FAINT_DBFS = -64
SHORT_S = 0.4
PIECES = 100

Samples = NDArray[np.float32]
Detector = Callable[..., list[tuple[float, float]]]


def harmonics(hz: float, at_s: NDArray[np.float64], count: int = 10) -> NDArray[np.float64]:
    """A tone with overtones that fall off as 1 / k."""
    return np.asarray(sum(np.sin(2 * np.pi * k * hz * at_s) / k for k in range(1, count + 1)))


def without_voice(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """Sounds in which nobody speaks, four seconds each."""
    at_s = np.arange(4 * RATE_HZ) / RATE_HZ
    white = rng.standard_normal(len(at_s))
    sounds = {
        "silence": [np.zeros(len(at_s))],
        "noise": [white, np.cumsum(white) / 50, white * (1 + np.sin(2 * np.pi * 4 * at_s))],
        "hum": [harmonics(hz, at_s) + level * white for hz in (50, 60, 100, 120) for level in (0, 0.05)],
        "clicks": [(np.arange(len(at_s)) % every == 0).astype(float) for every in (8000, 1600, 160)],
        "tones": [np.sin(2 * np.pi * hz * at_s) for hz in (200, 440, 1000)],
    }
    for kind, variants in sounds.items():
        for sound in variants:
            for level_db in (0, -20, -40):
                yield kind, (0.3 * 10 ** (level_db / 20) * sound / max(1.0, np.abs(sound).max())).astype("f4")
    for _ in range(PIECES):
        yield "music", music(rng)


def music(rng: np.random.Generator) -> Samples:
    """Eight seconds of a random melody, of chords, or both, on a random instrument; drums in some."""
    sound = np.zeros(8 * RATE_HZ)
    root_hz, beat_s, decay_s = rng.uniform(50, 300), rng.uniform(0.12, 0.6), rng.uniform(0.1, 1)
    overtones, attack_s = int(rng.integers(1, 13)), rng.uniform(0.005, 0.08)
    chord = (1, 1.26, 1.5) if rng.random() < 0.3 else (1,)
    drums = rng.random() < 0.4
    for start in range(0, len(sound), round(beat_s * RATE_HZ)):
        at_s = np.arange(min(len(sound) - start, round(1.2 * beat_s * RATE_HZ))) / RATE_HZ
        hz = root_hz * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
        note = sum(harmonics(hz * ratio, at_s, overtones) for ratio in chord)
        sound[start : start + len(at_s)] += note * np.minimum(1, at_s / attack_s) * np.exp(-at_s / decay_s)
        if drums:
            sound[start : start + len(at_s)] += rng.standard_normal(len(at_s)) * np.exp(-30 * at_s)
    return np.asarray(0.5 * sound / np.abs(sound).max(), dtype=np.float32)


def seconds(detector: Detector, samples: Samples) -> tuple[float, float]:
    """Seconds of speech that a detector finds, and of processor time that it takes."""
    before = time.process_time()
    found = detector(samples, rate_hz=RATE_HZ)
    return sum(end - start for start, end in found), time.process_time() - before


def corpora(data: Path | None, scratch: Path) -> Iterator[tuple[str, Sequence[Path]]]:
    """The clips of a synthetic corpus, and of each real one that is there."""
    yield SYNTHETIC, make_cremad(scratch, speakers=4, rng=np.random.default_rng(0))
    for name in CORPORA:
        if data is not None and (data / name).is_dir():
            yield name, find_audio(data / name)


def faint(samples: Samples) -> Samples:
    """A clip at `FAINT_DBFS`."""
    return np.asarray(samples * np.float32(10 ** ((FAINT_DBFS - level_dbfs(samples)) / 20)))


def short(samples: Samples) -> Samples:
    """The excerpt of `SHORT_S` with the highest level."""
    size = round(SHORT_S * RATE_HZ)
    energy = np.cumsum(np.pad(samples.astype(np.float64) ** 2, (1, 0)))
    start = int(np.argmax(energy[size:] - energy[:-size])) if len(samples) > size else 0
    return samples[start : start + size]


def row(name: str, counts: NDArray[np.int_]) -> str:
    """One row of the first table."""
    clips, *missed = counts.tolist()
    return f"| {name} | {clips:,} | " + " | ".join(f"{n} ({n / clips:.2%})" for n in missed) + " |"


def loaded(file: Path) -> Detector:
    """The `speech_segments` of a Python file."""
    spec = importlib.util.spec_from_file_location("against", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file}: is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    detector: Detector = module.speech_segments
    return detector


def main() -> None:
    """Print two tables and the speed as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth clip only")
    parser.add_argument("--against", type=Path, metavar="FILE.py")
    options = parser.parse_args()
    against = None if options.against is None else loaded(options.against)
    seconds(speech_segments, music(np.random.default_rng(0)))  # loads the model
    print(f"| clips without speech | clips | as they are | at {FAINT_DBFS} dBFS | loudest {SHORT_S} s |")
    print("|---|---:|---:|---:|---:|")
    total, sound_s, ours_s, theirs_s = np.zeros(4, dtype=int), 0.0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for name, files in corpora(options.data, Path(scratch)):
            counts = np.zeros(4, dtype=int)
            for file in files[:: options.every]:
                samples = decode(file, rate_hz=RATE_HZ).samples
                speech_s, took_s = seconds(speech_segments, samples)
                others = [
                    seconds(speech_segments, changed)[0] for changed in (faint(samples), short(samples))
                ]
                counts += [1, speech_s == 0, *(found_s == 0 for found_s in others)]
                sound_s, ours_s = sound_s + len(samples) / RATE_HZ, ours_s + took_s
                if against is not None:
                    theirs_s += seconds(against, samples)[1]
            print(row(name, counts), flush=True)
            if name != SYNTHETIC:
                total += counts
    if total.any():
        print(row("corpora together", total))
    print("\n| no voice | recordings | with speech |\n|---|---:|---:|")
    results: dict[str, list[bool]] = {}
    for kind, samples in without_voice(np.random.default_rng(0)):
        results.setdefault(kind, []).append(seconds(speech_segments, samples)[0] > 0)
    noises = options.data / "noise" if options.data else None
    for file in find_audio(noises) if noises and noises.is_dir() else []:
        found = seconds(speech_segments, decode(file, rate_hz=RATE_HZ).samples)[0] > 0
        results.setdefault("recorded noise", []).append(found)
    for kind, found_in in results.items():
        print(f"| {kind} | {len(found_in)} | {sum(found_in)} |")
    print(f"\nSpeed on the clips, one thread: {sound_s / ours_s:.0f} × real time", end="")
    print("." if against is None else f", {theirs_s / ours_s:.1f} × that of `{options.against.name}`.")


if __name__ == "__main__":
    main()
