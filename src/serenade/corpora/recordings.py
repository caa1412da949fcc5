"""The recordings of a corpus: found in a folder, and recognised by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from serenade.audio.discovery import Discovery, discover
from serenade.errors import CorpusError
from serenade.text import counted, printable

_PREFERENCE = {".wav": 0, ".flac": 1, ".npy": 3}
_NAMED = 3

Named = tuple[Path, re.Match[str]]
"""A recording and the match of its name."""


def discover_clips(folder: Path) -> Discovery:
    """Find the recordings and `.npy` spectrograms below a folder."""
    return discover(folder, also=frozenset({".npy"}))


def find_recordings(folder: Path) -> Discovery:
    """Find the recordings and `.npy` spectrograms below a folder, at least one.

    Raises:
        CorpusError: it is not a folder, or has neither.
    """
    if not folder.is_dir():
        raise CorpusError("is not a folder; give the folder of the recordings", file=folder)
    found = discover_clips(folder)
    if not found.files:
        skipped = f" ({found.describe_skipped()})" if found.skipped else ""
        raise CorpusError(f"contains no recordings{skipped}; give the folder of the recordings", file=folder)
    return found


def named_recordings(
    folder: Path,
    match: Callable[[Path], re.Match[str] | None],
    *,
    title: str,
    looks_like: str,
    clip: Callable[[Path, re.Match[str]], str],
) -> tuple[list[Named], list[str]]:
    """Find the recordings of a corpus by their names, each clip once.

    Copies of a corpus often contain a clip several times: as WAV and MP3, in two folders, or as a recording
    and a spectrogram. WAV is preferred, then FLAC, then any recording; spectrograms are used only where there
    are no recordings at all.

    Args:
        folder: folder of the corpus.
        match: the match of a file's name, or None if it is not of this corpus.
        title: name of the corpus, for messages.
        looks_like: how its files are named, for messages.
        clip: the identity of the clip that a file contains.

    Returns:
        The recordings, sorted, and notes on what was skipped.

    Raises:
        CorpusError: it is not a folder, or has no recordings with such names.
    """
    found = find_recordings(folder)
    pairs = [(file, named) for file in found.files if (named := match(file))]
    if not pairs:
        raise CorpusError(
            f"none of its {len(found.files)} recordings (such as {found.files[0].name}) has a file name of "
            f"{title} ({looks_like}); name another corpus, or write a manifest",
            file=folder,
        )
    pairs.sort(key=lambda pair: (_PREFERENCE.get(pair[0].suffix.lower(), 2), pair[0]))
    has_sound = pairs[0][0].suffix.lower() != ".npy"
    kept: dict[str, Named] = {}
    for file, named in pairs:
        if not (has_sound and file.suffix.lower() == ".npy"):
            kept.setdefault(clip(file, named), (file, named))
    notes = []
    if duplicates := len(pairs) - len(kept):
        notes.append(f"{counted(duplicates, 'duplicate')} of clips in other formats or folders: skipped")
    if others := sorted(set(found.files) - {file for file, _ in pairs}):
        count = counted(len(others), "recording")
        notes.append(f"{count} without a file name of {title}: skipped ({some(others)})")
    return sorted(kept.values(), key=lambda pair: pair[0]), [*notes, *skipped_files(found)]


def skipped_files(found: Discovery) -> list[str]:
    """A note on the files of a folder that are not recordings; empty if there are none."""
    return [found.describe_skipped()] if found.skipped else []


def some(files: Iterable[str | Path], most: int = _NAMED) -> str:
    """Name the first of several files.

    >>> some(["a/1.wav", "a/2.wav"], 1)
    '1.wav, …'
    """
    names = [printable(Path(file).name) for file in files]
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
