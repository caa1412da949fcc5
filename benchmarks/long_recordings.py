"""Long recordings and streams: memory, speed, and the computation for a second of live sound, on one thread.

    python benchmarks/long_recordings.py [--data DIR] [--hours H] [--model M]

DIR has the folder `meeting` with sound files, which are repeated to fill H hours; without it, synthetic
voices are used.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from watched import watch

from serenade import load_model
from serenade.audio.decode import decode
from serenade.audio.discovery import find_audio
from serenade.synthetic.cremad import make_cremad

RATE_HZ = 16_000
MODES = {"windows of 5 s, every 2.5 s": (), "segments with speech": ("--segments", "speech")}
BLOCK = 1_600


def sound_of(data: Path | None, scratch: Path) -> NDArray[np.float32]:
    """Some minutes of speech."""
    if data is None:
        make_cremad(scratch / "voices", speakers=4, rng=np.random.default_rng(0))
    files = find_audio(scratch / "voices" if data is None else data / "meeting")
    return np.concatenate([decode(file, rate_hz=RATE_HZ).samples for file in files])


def write_long(sound: NDArray[np.float32], hours: float, out: Path) -> None:
    """Repeat some sound in a file of so many hours."""
    missing = round(hours * 3600 * RATE_HZ)
    with soundfile.SoundFile(out, "w", RATE_HZ, 1) as file:
        for part in cycle([sound]):
            file.write(part[:missing])
            missing -= len(part)
            if missing <= 0:
                return


def stream_cost(model: str | None, sound: NDArray[np.float32]) -> tuple[float, float, int]:
    """Processor time for a second of a stream, the longest time of a block of 0.1 s, and utterances."""
    stream = load_model(model).stream()
    slowest, utterances = 0.0, 0
    began = time.process_time()
    for at in range(0, len(sound), BLOCK):
        block_began = time.process_time()
        events = stream.push(sound[at : at + BLOCK])
        slowest = max(slowest, time.process_time() - block_began)
        utterances += sum(event.to_dict()["event"] == "utterance.end" for event in events)
    return (time.process_time() - began) / (len(sound) / RATE_HZ), slowest, utterances


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--model", help="as for `serenade predict` (default: the bundled model)")
    parser.add_argument("--modes", nargs="*", choices=MODES, default=list(MODES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sound = sound_of(options.data, Path(folder))
        recording = Path(folder) / "long.flac"
        write_long(sound, options.hours, recording)
        print(f"| {options.hours:g} h, `--timeline --out timeline.csv` | peak memory | × real time |")
        print("|---|---:|---:|")
        for mode in options.modes:
            command: list[str | Path] = [sys.executable, "-m", "serenade", "predict", recording, "--timeline"]
            command += ["--out", f"{folder}/{len(mode)}.csv", *MODES[mode]]
            command += ["--model", options.model] if options.model else []
            took = watch(command)
            faster = options.hours * 3600 / took.processor_s
            print(f"| {mode} | {took.peak_mib:.0f} MiB | {faster:.0f} |", flush=True)
    per_second, slowest, utterances = stream_cost(options.model, sound)
    seconds = len(sound) / RATE_HZ
    print(
        f"\nA stream of {seconds:.0f} s in blocks of 0.1 s ({utterances} utterances): "
        f"**{1000 * per_second:.0f} ms** of processor time for a second of sound, at most "
        f"{1000 * slowest:.0f} ms for a block.\n\nTimes are processor time of one thread."
    )


if __name__ == "__main__":
    main()
