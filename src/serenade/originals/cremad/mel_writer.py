"""Sound files become a folder of per-clip `.npy`, as the CREMA-D seed's `mel_generator.py` wrote them.

Kept of the original: names, classes, shapes, the front end, the sound's own rate. Not kept: clips skipped in
silence, files half written, an unseeded draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from serenade.audio.decode import probe
from serenade.audio.logmel import CREMAD_SEED, FrontEnd
from serenade.errors import CorpusError, UnsupportedMedia
from serenade.features.clips import Clip, render
from serenade.features.mel_folder import FRONT_END_FILE
from serenade.features.workers import map_unordered
from serenade.files import make_folder, write_json, write_whole

CLASSES = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
"""The folders of the original, in the order of its class ids."""


@dataclass(frozen=True, kw_only=True)
class MelFolder:
    """What was written, and what was not.

    Attributes:
        path: the folder.
        front_end: how the spectrograms were made, also in `frontend.json`.
        written: `.npy` files by class.
        unnamed: sound files whose third `_` field is none of the classes.
        unusable: for each clip that gave nothing, or silence, its name and why.
        resampled: clips of another rate than most, brought to the rate of most.
    """

    path: Path
    front_end: FrontEnd
    written: dict[str, int]
    unnamed: tuple[str, ...]
    unusable: tuple[str, ...]
    resampled: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The counts and names as JSON-able values."""
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
        sounds: folder of `.wav`; folders in it are not looked into.
        out: where the six class folders are made.
        augment: how many distinct variants to draw a clip.
        seed: of the draws; the same seed gives the same files.
        jobs: worker processes; one a core when None.
        progress: told (clips done, clips in all).

    Raises:
        CorpusError: no folder, no `.wav` in it, or none with a class in its name, or none that can be read.
        OutputError: `out` cannot be written to.
    """
    sounds, out = Path(sounds), Path(out)
    files = wavs_in(sounds)
    named = [file for file in files if class_of(file)]
    if not named:
        raise CorpusError(
            f"none of its {len(files)} .wav files names its emotion in the third field, "
            "as 1001_DFA_ANG_XX.wav does",
            file=sounds,
        )
    rates = {file: _rate_of(file) for file in named}
    known = Counter(rate for rate in rates.values() if rate)
    if not known:
        raise CorpusError(f"not one of its {len(named)} clips can be read as sound", file=sounds)
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
    """The class that a file's name tells in its third field, or "".

    >>> class_of(Path("1001_DFA_ANG_XX.wav")), class_of(Path("noise.wav"))
    ('ANG', '')
    """
    fields = file.stem.split("_")
    return fields[2] if len(fields) > 2 and fields[2] in CLASSES else ""


def wavs_in(folder: str | Path) -> list[Path]:
    """The `.wav` files of a folder, in whatever case, sorted; folders in it are not looked into.

    Raises:
        CorpusError: no such folder, or no `.wav` in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CorpusError("there is no such folder; check the path", file=folder)
    # AppleDouble files ("._a.wav") are no sound, whatever their name says.
    named = (file for file in folder.iterdir() if file.suffix.lower() == ".wav" and file.is_file())
    files = sorted(file for file in named if not file.name.startswith("._"))
    if not files:
        raise CorpusError("holds no .wav files (folders in it are not looked into)", file=folder)
    return files


def _rate_of(file: Path) -> int:
    """Sample rate, or 0 where it cannot be told: why is said when the clip is rendered."""
    try:
        return int(probe(file).rate_hz)
    except UnsupportedMedia:
        return 0


def _write_clip(
    file: Path, *, out: Path, front_end: FrontEnd, augment: int, seed: int
) -> tuple[Path, int, str]:
    """Write one clip and its variants; gives the count of files and why it is not "ok"."""
    count, note = 0, ""
    clip = Clip(id=file.stem, file=str(file))
    for row, frames in render(clip, front_end=front_end, augment=augment, seed=seed):
        note = note or row.note
        if row.frames:
            with write_whole(out / class_of(file) / f"{file.stem}_{row.variant}.npy", "wb") as npy:
                np.save(npy, np.ascontiguousarray(frames.T))
            count += 1
    return file, count, note
