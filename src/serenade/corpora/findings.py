"""What is in a corpus, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.audio.decode import blocks, decode, probe
from serenade.audio.discovery import is_lfs_pointer
from serenade.audio.level import is_silent
from serenade.errors import UnsupportedMedia
from serenade.files import sha256_of

_WHOLE_S = 60.0
"""Recordings up to this long are looked at in one piece."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The result of `check_table`. Files are named as in the table, in its order.

    Attributes:
        clips: rows of the table.
        files: recordings (or spectrograms) that they lie in.
        spectrograms: how many of the files are ready-made `.npy`.
        emotions: clips by emotion and sex, `{"anger": {"female": 3, "male": 2}}`; sex "" where unknown.
        speakers: clips by speaker, "" left out.
        languages: clips by language code.
        durations_s: length of every readable recording, by file.
        rates_hz: files by sampling rate.
        channels: files by number of channels.
        missing: files that are not there.
        lfs_pointers: Git-LFS pointers instead of sound.
        unreadable: why, by file.
        silent: files without sound in them.
        identical: groups of files that are the same byte for byte.
        two_labels: those of the groups whose clips carry different emotions.
        unlabelled: files of rows without an emotion.
        speakerless: files of rows that do not say who speaks.
    """

    clips: int
    files: int
    spectrograms: int
    emotions: dict[str, dict[str, int]]
    speakers: dict[str, int]
    languages: dict[str, int]
    durations_s: dict[str, float]
    rates_hz: dict[int, int]
    channels: dict[int, int]
    missing: tuple[str, ...]
    lfs_pointers: tuple[str, ...]
    unreadable: dict[str, str]
    silent: tuple[str, ...]
    identical: tuple[tuple[str, ...], ...]
    two_labels: tuple[tuple[str, ...], ...]
    unlabelled: tuple[str, ...]
    speakerless: tuple[str, ...]

    @property
    def usable(self) -> int:
        """Files that are there, readable and not silent."""
        return (
            self.files - len(self.missing) - len(self.lfs_pointers) - len(self.unreadable) - len(self.silent)
        )

    def to_dict(self) -> dict[str, Any]:
        """All findings as JSON-able values."""
        return asdict(self) | {"usable": self.usable}


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What one file turned out to be."""

    state: str
    why: str = ""
    duration_s: float = float("nan")
    rate_hz: int = 0
    channels: int = 0


def check_table(
    table: pd.DataFrame,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Findings:
    """Look at every file of a corpus table.

    Args:
        table: of `read_corpus`.
        jobs: threads; one a core when None. The findings do not depend on it.
        progress: called with the number of files looked at, and of all.
    """
    files = list(dict.fromkeys(table["file"]))
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as threads:
        try:
            looks = dict(
                zip(files, _counted(threads.map(_look_at, files), len(files), progress), strict=True)
            )
            identical = _identical([file for file in files if looks[file].state in ("ok", "silent")], threads)
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    labels = {str(file): set(names) - {""} for file, names in table.groupby("file")["emotion"]}
    sounds = {file: look for file, look in looks.items() if look.rate_hz}

    def those(state: str) -> tuple[str, ...]:
        return tuple(file for file in files if looks[file].state == state)

    return Findings(
        clips=len(table),
        files=len(files),
        spectrograms=sum(file.endswith(".npy") for file in files),
        emotions=_by_emotion_and_sex(table),
        speakers=_counts(table["speaker"]),
        languages=_counts(table["language"]),
        durations_s={file: look.duration_s for file, look in sounds.items()},
        rates_hz=_tally(look.rate_hz for look in sounds.values()),
        channels=_tally(look.channels for look in sounds.values()),
        missing=those("missing"),
        lfs_pointers=those("pointer"),
        unreadable={file: looks[file].why for file in those("unreadable")},
        silent=those("silent"),
        identical=identical,
        two_labels=tuple(
            group for group in identical if len(set[str]().union(*(labels[file] for file in group))) > 1
        ),
        unlabelled=tuple(dict.fromkeys(table["file"][table["emotion"] == ""])),
        speakerless=tuple(dict.fromkeys(table["file"][table["speaker"] == ""])),
    )


def _look_at(name: str) -> _Look:
    file = Path(name)
    if not file.is_file():
        return _Look(state="missing")
    if is_lfs_pointer(file):
        return _Look(state="pointer")
    try:
        return _look_at_array(file) if file.suffix == ".npy" else _look_at_sound(file)
    except UnsupportedMedia as cause:
        return _Look(state="unreadable", why=cause.message)


def _look_at_sound(file: Path) -> _Look:
    info = probe(file)
    if info.duration_s is not None and info.duration_s <= _WHOLE_S:
        silent, duration_s = is_silent(decode(file).samples), info.duration_s
    else:
        silent, samples = True, 0
        for block in blocks(file, rate_hz=info.rate_hz, block_s=_WHOLE_S):
            silent = silent and is_silent(block)
            samples += len(block)
            # One block with sound in it settles the matter: hours need not be read.
            if not silent and info.duration_s is not None:
                break
        duration_s = info.duration_s or samples / info.rate_hz
    return _Look(
        state="silent" if silent else "ok",
        duration_s=round(duration_s, 4),
        rate_hz=info.rate_hz,
        channels=info.channels,
    )


def _look_at_array(file: Path) -> _Look:
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, OSError) as cause:
        return _Look(state="unreadable", why=f"is no NumPy array ({cause}); make it anew from the recording")
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        return _Look(
            state="unreadable",
            why=f"is no spectrogram (shape {array.shape}, two axes of finite numbers wanted); make it anew",
        )
    return _Look(state="silent" if np.ptp(array) == 0 else "ok")


def _identical(files: list[str], threads: ThreadPoolExecutor) -> tuple[tuple[str, ...], ...]:
    """Groups of the same bytes; only files of the same size are hashed."""
    of_size: dict[int, list[str]] = {}
    for file in files:
        of_size.setdefault(Path(file).stat().st_size, []).append(file)
    twins = [file for same in of_size.values() if len(same) > 1 for file in same]
    of_hash: dict[str, list[str]] = {}
    for file, digest in zip(twins, threads.map(sha256_of, twins), strict=True):
        of_hash.setdefault(digest, []).append(file)
    return tuple(sorted(tuple(sorted(group)) for group in of_hash.values() if len(group) > 1))


def _counted(
    looks: Iterable[_Look], total: int, progress: Callable[[int, int], None] | None
) -> Iterable[_Look]:
    for done, look in enumerate(looks, 1):
        if progress is not None:
            progress(done, total)
        yield look


def _by_emotion_and_sex(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = {}
    for emotion in sorted(set(table["emotion"]) - {""}):
        result[emotion] = {
            str(sex): int(count)
            for sex, count in table.loc[table["emotion"] == emotion, "sex"]
            .value_counts()
            .sort_index()
            .items()
        }
    return result


def _counts(names: pd.Series[str]) -> dict[str, int]:
    return {str(name): int(count) for name, count in names[names != ""].value_counts().sort_index().items()}


def _tally(values: Iterable[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))
