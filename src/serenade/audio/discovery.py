"""Which files of a folder are recordings, and which are not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serenade.errors import UnsupportedMedia

_SOUND = """
    16svx 3ga 8svx aa3 aac ac3 adts adx aif aifc aiff amr ape au avr awb bwf c2 caf dff dsf dss dts
    dtshd eac3 ec3 fap flac g722 g723_1 g728 g729 gsm hca htk iff ilbc ircam lbc lc3 loas m2a m4a m4b
    m4r mka mlp mp+ mp1 mp2 mp3 mpa mpc msbc nist nsp oga ogg oma omg opus osq paf pvf qcp qoa ra rf64
    sbc sds sf shn sln snd sox spdif sph spx svx tak thd tta voc vqf w64 wav wave weba wma wv wve xi
    xwma
"""
_VIDEO = """
    3g2 3gp 3gpp amv asf avi dav dif divx dv f4v flv gxf ism isma ismv m2t m2ts m4v mj2 mk3d mkv mov mp4
    mpe mpeg mpg mts mxf nsv nut ogm ogv ogx psp qt rm rmvb swf ts vob webm wmv wtv
"""
SUFFIXES = frozenset(f".{suffix}" for suffix in (_SOUND + _VIDEO).split())
"""Suffixes, in lower case, that a folder is searched for. A file that is named is always tried.

Left out are samples without a header (.raw, .pcm, .al, .ul), whose rate nothing states, and the formats of
computer games.
"""

LFS_HEAD = b"version https://git-lfs.github.com/spec/v1"
"""What a Git LFS pointer begins with."""


@dataclass(frozen=True)
class Discovery:
    """The recordings under a folder.

    Attributes:
        files: sorted.
        skipped: number of other files by suffix, in lower case; "" for files without one, "hidden" for files
            whose name begins with a dot. Folders that cannot be read count as "unreadable folder".
    """

    files: tuple[Path, ...]
    skipped: Mapping[str, int]

    def __str__(self) -> str:
        """One line for the end of a run.

        >>> str(Discovery((Path("a.wav"),), {".txt": 2, "hidden": 1}))
        '1 recording, 3 other files skipped (2 .txt, 1 hidden)'
        """
        found = f"{len(self.files):,} recording{'s' * (len(self.files) != 1)}"
        return f"{found}, {self.describe_skipped()}" if self.skipped else found

    def describe_skipped(self) -> str:
        """The number of skipped files, by suffix.

        >>> Discovery((), {".txt": 2, "": 1}).describe_skipped()
        '3 other files skipped (2 .txt, 1 without suffix)'
        """
        total = sum(self.skipped.values())
        kinds = ", ".join(
            f"{count:,} {suffix or 'without suffix'}"
            for suffix, count in sorted(self.skipped.items(), key=lambda kind: (-kind[1], kind[0]))
        )
        return f"{total:,} other file{'s' * (total != 1)} skipped ({kinds})"


def discover(folder: str | Path, *, also: frozenset[str] = frozenset()) -> Discovery:
    """Find the recordings under a folder.

    Args:
        folder: where to search.
        also: further suffixes, in lower case with their dot, of files to be found.

    Hidden folders are not searched. Links are followed, and each folder is searched once, so that a link to a
    folder above makes no loop.

    Raises:
        UnsupportedMedia: there is no such folder.
    """
    if not os.path.isdir(folder):
        raise UnsupportedMedia("there is no such file or folder; check the path", file=folder)
    files: list[Path] = []
    skipped: Counter[str] = Counter()
    for path in _files_under(Path(folder), skipped):
        suffix = path.suffix.lower()
        if path.name.startswith("."):
            skipped["hidden"] += 1
        elif suffix in also or (suffix in SUFFIXES and not (suffix == ".ts" and _is_typescript(path))):
            files.append(path)
        else:
            skipped[suffix] += 1
    return Discovery(tuple(sorted(files)), dict(skipped))


def find_audio(path: str | Path) -> list[Path]:
    """The recordings under a folder, sorted; a file is returned as it is.

    Raises:
        UnsupportedMedia: there is nothing at `path`.

    >>> find_audio("/nowhere")
    Traceback (most recent call last):
        ...
    serenade.errors.UnsupportedMedia: /nowhere: there is no such file or folder; check the path
    """
    path = Path(path)
    return [path] if path.is_file() else list(discover(path).files)


def is_lfs_pointer(path: str | Path) -> bool:
    """Whether a file is a Git LFS pointer: some 130 bytes of text in the place of the recording."""
    with open(path, "rb") as source:
        return source.read(len(LFS_HEAD)) == LFS_HEAD


def _files_under(folder: Path, skipped: Counter[str]) -> Iterator[Path]:
    """All files; folders behind links come last, so that a file is known by its own path if it has one."""
    searched: set[tuple[int, int]] = set()
    folders, links = [folder], list[Path]()
    while folders or links:
        current = folders.pop() if folders else links.pop(0)
        try:
            status = current.stat()
            entries = sorted(current.iterdir())
        except OSError:
            skipped["unreadable folder"] += 1
            continue
        if (status.st_dev, status.st_ino) in searched:
            continue
        searched.add((status.st_dev, status.st_ino))
        for entry in entries:
            if not os.path.isdir(entry):
                yield entry
            elif not entry.name.startswith("."):
                (links if entry.is_symlink() else folders).append(entry)


def _is_typescript(path: Path) -> bool:
    """Whether a .ts file is no MPEG transport stream: packets that begin with "G", or with a time and "G"."""
    try:
        with open(path, "rb") as source:
            head = source.read(5)
    except OSError:
        return False
    return b"G" not in (head[:1], head[4:])
