#!/usr/bin/env python3
"""Mel spectrograms of CREMA-D's recordings, one .npy a clip and variant: a drop-in for the original script.

    mel_generator.py --input_dir AudioWAV --output_dir cremad_mels [--no_augment] [--n_augmentations 3]

Writes OUTPUT/{ANG,DIS,FEA,HAP,NEU,SAD}/{stem}_original.npy and {stem}_{variant}.npy, float32 (128, frames),
dB, and OUTPUT/frontend.json, which says how they were made. The variants are drawn from seed 0: two runs
give the same files.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from serenade.errors import SerenadeError
from serenade.originals.cremad.mel_writer import MelFolder, write_mel_folder


def main() -> int:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--input_dir", type=Path, required=True, help="folder of .wav files")
    parser.add_argument("--output_dir", type=Path, required=True, help="where the six class folders are made")
    parser.add_argument("--no_augment", action="store_true", help="the originals only")
    parser.add_argument(
        "--n_augmentations", type=int, default=3, choices=range(9), metavar="N", help="0 to 8 a clip"
    )
    options = parser.parse_args()
    try:
        made = write_mel_folder(
            options.input_dir,
            options.output_dir,
            augment=0 if options.no_augment else options.n_augmentations,
            progress=_show if sys.stderr.isatty() else None,
        )
    except SerenadeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what is written is whole, run the same command again for the rest", file=sys.stderr)
        return 130
    return _tell(made)


def _show(done: int, total: int) -> None:
    print(f"\r{done} of {total} clips", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _tell(made: MelFolder) -> int:
    for text in made.unusable:
        print(text, file=sys.stderr)
    if made.unnamed:
        some = ", ".join(made.unnamed[:10])
        print(f"{len(made.unnamed)} skipped, no emotion in the name: {some}", file=sys.stderr)
    if made.resampled:
        rate_hz = made.front_end.rate_hz
        print(f"{len(made.resampled)} resampled to {rate_hz} Hz, the rate of most", file=sys.stderr)
    for name, count in made.written.items():
        print(f"{name}: {count} spectrograms")
    total = sum(made.written.values())
    left_out = f"{len(made.unusable)} clips silent or unusable, {len(made.unnamed)} skipped"
    print(f"{total} spectrograms in {made.path}; {left_out}")
    return 0 if total else 1


if __name__ == "__main__":
    sys.exit(main())
