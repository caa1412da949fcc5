"""Mel spectrograms of a folder of recordings, in the files of the original `mel_generator.py`.

File names, classes, array shapes, front end and sampling rate are those of the original. Three things differ:
skipped clips are reported, files are written whole, and the variants are drawn from a seed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from serenade.audio.decode import probe
from serenade.audio.logmel import CREMAD_SEED, FrontEnd
from serenade.audio.variants import VARIANTS
from serenade.errors import CorpusError, SerenadeError, UnsupportedMedia
from serenade.features.clips import Clip, render
from serenade.features.mel_folder import FRONT_END_FILE
from serenade.features.workers import map_unordered
from serenade.files import fitting_name, make_folder, protect_inputs, write_json, write_whole
from serenade.streams import never_fail_on_a_character
from serenade.text import printable

CLASSES = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
"""Class folders of the original, in the order of its class ids."""


@dataclass(frozen=True, kw_only=True)
class MelFolder:
    """Result of `write_mel_folder`.

    Attributes:
        path: the folder.
        front_end: front end of the spectrograms, also in `frontend.json`.
        written: number of `.npy` files by class.
        unnamed: sound files whose third `_` field is not a class.
        unusable: name and reason of each clip that is unreadable or silent.
        resampled: clips that were resampled to the most frequent sampling rate.
    """

    path: Path
    front_end: FrontEnd
    written: dict[str, int]
    unnamed: tuple[str, ...]
    unusable: tuple[str, ...]
    resampled: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-compatible values."""
        return asdict(self) | {"path": str(self.path), "front_end": self.front_end.to_dict()}


def write_mel_folder(
    sounds: str | Path,
    out: str | Path,
    *,
    augment: int = 0,
    seed: int = 0,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MelFolder:
    """Write `{out}/{EMO}/{stem}_original.npy` and `{stem}_{variant}.npy` [shape=(128, frames)], dB, unpadded.

    Args:
        sounds: folder of `.wav` files; subfolders are not searched.
        out: folder in which the six class folders are made.
        augment: number of distinct variants to draw for each clip.
        seed: seed of the draws; the same seed gives the same files.
        jobs: number of worker processes; None: one per core.
        progress: called with (clips done, all clips).

    Raises:
        CorpusError: the folder is missing, or has no `.wav` file with a class in its name that can be read.
        OutputError: `out` cannot be written to.
    """
    sounds, out = Path(sounds), Path(out)
    files = wavs_in(sounds)
    named = [file for file in files if class_of(file)]
    if not named:
        raise CorpusError(
            f"none of the {len(files)} .wav files has an emotion in the third field of its name, "
            "as in 1001_DFA_ANG_XX.wav",
            file=sounds,
        )
    outputs = [_output(file, out, variant) for file in named for variant in ("original", *VARIANTS)]
    protect_inputs([*outputs, out / FRONT_END_FILE], files)
    rates = {file: _rate_of(file) for file in named}
    known = Counter(rate for rate in rates.values() if rate)
    if not known:
        raise CorpusError(f"none of the {len(named)} clips can be decoded", file=sounds)
    rate_hz = known.most_common(1)[0][0]
    front_end = replace(CREMAD_SEED, rate_hz=rate_hz, fmax_hz=min(CREMAD_SEED.fmax_hz, rate_hz / 2))
    for name in CLASSES:
        make_folder(out / name)
    write_json(out / FRONT_END_FILE, front_end.to_dict())
    work = partial(_write_clip, out=out, front_end=front_end, augment=augment, seed=seed)
    written: Counter[str] = Counter()
    unusable = []
    for done, (file, count, note) in enumerate(map_unordered(work, named, jobs=jobs), start=1):
        written[class_of(file)] += count
        if note:
            unusable.append(f"{file.name}: {note}")
        if progress is not None:
            progress(done, len(named))
    return MelFolder(
        path=out,
        front_end=front_end,
        written={name: written[name] for name in CLASSES},
        unnamed=tuple(file.name for file in files if not class_of(file)),
        unusable=tuple(sorted(unusable)),
        resampled=tuple(file.name for file, rate in rates.items() if rate not in (0, rate_hz)),
    )


def class_of(file: Path) -> str:
    """Return the class in the third field of a file's name, or "".

    >>> class_of(Path("1001_DFA_ANG_XX.wav")), class_of(Path("noise.wav"))
    ('ANG', '')
    """
    fields = file.stem.split("_")
    return fields[2] if len(fields) > 2 and fields[2] in CLASSES else ""


def wavs_in(folder: str | Path) -> list[Path]:
    """Return the sorted `.wav` files of a folder (upper or lower case); subfolders are not searched.

    Raises:
        CorpusError: the folder is missing or has no `.wav` file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CorpusError("there is no such folder; check the path", file=folder)
    # macOS writes AppleDouble files ("._a.wav"), which hold no sound.
    named = (file for file in folder.iterdir() if file.suffix.lower() == ".wav" and file.is_file())
    files = sorted(file for file in named if not file.name.startswith("._"))
    if not files:
        raise CorpusError("has no .wav files (subfolders are not searched)", file=folder)
    return files


def _output(file: Path, out: Path, variant: str) -> Path:
    return out / class_of(file) / fitting_name(f"{file.stem}_{variant}", ".npy")


def _rate_of(file: Path) -> int:
    """Return the sampling rate in Hz, or 0; the reason is reported when the clip is rendered."""
    try:
        return int(probe(file).rate_hz)
    except UnsupportedMedia:
        return 0


def _write_clip(
    file: Path, *, out: Path, front_end: FrontEnd, augment: int, seed: int
) -> tuple[Path, int, str]:
    """Write one clip and its variants; return the file, the number of arrays, and why it is not "ok"."""
    count, note = 0, ""
    clip = Clip(id=file.stem, file=str(file))
    for row, frames in render(clip, front_end=front_end, augment=augment, seed=seed):
        if row.state != "ok":
            note = note or row.note
        if row.frames:
            with write_whole(_output(file, out, row.variant), "wb") as npy:
                np.save(npy, np.ascontiguousarray(frames.T))
            count += 1
    return file, count, note


def main(arguments: Sequence[str] | None = None, *, prog: str = "mel_generator.py") -> int:
    """Run the generator with the flags of the original script and return the exit code."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=(
            "Write the mel spectrograms of CREMA-D's recordings, one .npy file per clip and variant: "
            "OUTPUT/{ANG,DIS,FEA,HAP,NEU,SAD}/{stem}_original.npy and {stem}_{variant}.npy, float32 "
            "(128, frames), in dB, and OUTPUT/frontend.json with the front end. The variants are drawn from "
            "seed 0, so two runs give the same files."
        ),
    )
    parser.add_argument("--input_dir", type=Path, required=True, help="folder of .wav files")
    parser.add_argument("--output_dir", type=Path, required=True, help="folder for the six class folders")
    parser.add_argument("--no_augment", action="store_true", help="write the original clips only")
    parser.add_argument(
        "--n_augmentations", type=int, default=3, choices=range(9), metavar="N", help="variants per clip, 0-8"
    )
    never_fail_on_a_character()
    options = parser.parse_args(arguments)
    try:
        made = write_mel_folder(
            options.input_dir,
            options.output_dir,
            augment=0 if options.no_augment else options.n_augmentations,
            progress=_show_progress if sys.stderr.isatty() else None,
        )
    except SerenadeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; all written files are complete, run the same command again", file=sys.stderr)
        return 130
    return _print_result(made)


def _show_progress(done: int, total: int) -> None:
    print(f"\r{done} of {total} clips", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _print_result(made: MelFolder) -> int:
    for text in made.unusable:
        print(printable(text), file=sys.stderr)
    if made.unnamed:
        some = printable(", ".join(made.unnamed[:10]))
        print(f"{len(made.unnamed)} files skipped, no emotion in the name: {some}", file=sys.stderr)
    if made.resampled:
        print(
            f"{len(made.resampled)} clips resampled to {made.front_end.rate_hz} Hz, the most frequent rate",
            file=sys.stderr,
        )
    for name, count in made.written.items():
        print(f"{name}: {count} spectrograms")
    total = sum(made.written.values())
    print(
        f"{total} spectrograms in {made.path}; {len(made.unusable)} clips silent or unreadable, "
        f"{len(made.unnamed)} skipped"
    )
    return 0 if total else 1
