"""What the header of a container says of its size, and whether the file holds as much.

libsndfile and FFmpeg read a truncated file as far as it goes and do not report it, so header and size of the
file are compared here. A recorder that was switched off leaves a placeholder where the size belongs. It is
not a size, and libsndfile reads such a file through `Patched`, with the size that the file really has.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

_SLACK = 64
"""Bytes that may be missing: some writers count a header or a padding byte as sound."""
_OGG_PAGE = 1 << 16
_MOST_CHUNKS = 1 << 16
_TAGS = (b"ID3", b"TAG", b"APETAGEX")
_W64_RIFF = bytes.fromhex("2e91cf11a5d628db04c10000")
_W64_CHUNK = bytes.fromhex("f3acd3118cd100c04f8edb8a")

_Patches = tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, kw_only=True)
class Container:
    """Findings of `inspect_container`.

    Attributes:
        truncation: what shows that sound is missing at the end; "" if nothing does.
        excess: what shows that the file holds more than its header states; "" if nothing does.
        patches: (offset, bytes) for `Patched`: the sizes in place of placeholders.
        is_mpeg: whether it is MPEG audio, which FFmpeg reads. The libmpg123 in libsndfile prints to the
            terminal, puts silence in place of some frames, and guesses a length that an MP3 does not state.
        states_length: whether an MP3 states the number of its frames.
    """

    truncation: str = ""
    excess: str = ""
    patches: _Patches = ()
    is_mpeg: bool = False
    states_length: bool = False

    @property
    def notes(self) -> list[str]:
        """What else than a truncation a user should know."""
        return [f"the file was not read to its end: {self.excess}"] if self.excess else []


def inspect_container(file: BinaryIO) -> Container:
    """Compare what the header of a file states with the size of the file.

    Known are WAV, RF64, AVI, AIFF, W64, AU, CAF, SPHERE, MP4, Matroska, Ogg and MP3.

    Args:
        file: open for reading, seekable; its position is kept.

    Returns:
        Nothing is found in other formats, and in headers that make no sense.

    >>> from io import BytesIO
    >>> inspect_container(BytesIO(b"RIFF    WAVEdata" + struct.pack("<I", 800) + bytes(400))).truncation
    'it holds 400 of the 800 bytes that its header states'
    """
    position = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        return _inspect(file, size)
    except (struct.error, IndexError, ValueError, OverflowError, OSError):  # the last two of a seek
        return Container()
    finally:
        file.seek(position)


class Patched:
    """A file as it would be with some of its bytes replaced; for reading only.

    >>> from io import BytesIO
    >>> Patched(BytesIO(b"abcdef"), ((1, b"XY"),)).read(4)
    b'aXYd'
    """

    def __init__(self, file: BinaryIO, patches: _Patches) -> None:
        self._file, self._patches = file, patches
        self.tell = file.tell

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seek; the position stays where it is if a damaged file leads the decoder to before its start.

        libsndfile calls this where no exception can pass, and it would be printed.
        """
        try:
            return self._file.seek(offset, whence)
        except (ValueError, OverflowError, OSError):
            return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        """Read, and put the new bytes over what was read."""
        start = self._file.tell()
        content = bytearray(self._file.read(size))
        for offset, new in self._patches:
            first, last = max(offset, start), min(offset + len(new), start + len(content))
            if first < last:
                content[first - start : last - start] = new[first - offset : last - offset]
        return bytes(content)


def _inspect(file: BinaryIO, size: int) -> Container:
    head = file.read(16)
    kind = head[:4]
    if kind in (b"RIFF", b"RIFX", b"RF64", b"BW64"):
        return _avi(file, size) if head[8:12] == b"AVI " else _wav(file, size, kind)
    if kind == b"riff" and head[4:] == _W64_RIFF:
        return _w64(file, size)
    if kind == b"FORM":
        return _aiff(file, size)
    if kind == b".snd":
        return _au(file, head, size)
    if kind == b"caff":
        return _caf(file, size)
    if kind == b"NIST":
        return _sphere(file, size)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _mp4(file, size)
    if kind == b"\x1aE\xdf\xa3":
        return _matroska(file, size)
    if kind == b"OggS":
        return _ogg(file, size)
    if kind[:3] == b"ID3" or (kind[0] == 0xFF and kind[1] & 0xE0 == 0xE0):
        return _mpeg(file, size)
    return Container()


def _compared(*, stated: int | None, held: int, patches: _Patches = ()) -> Container:
    """The findings where a header states a number of bytes, or None if it does not."""
    if stated is None:
        return Container(patches=patches)
    if stated <= held + _SLACK:
        return Container()
    return Container(truncation=f"it holds {held:,} of the {stated:,} bytes that its header states")


def _with_rest(file: BinaryIO, size: int, found: Container, *, end: int, chunks: str = "") -> Container:
    """The findings, with the bytes after the sound if they may be sound.

    Args:
        file: the file.
        size: its size.
        found: the other findings.
        end: where the sound ends by the header.
        chunks: order of the bytes of sizes, where chunks of other kinds can follow the sound.
    """
    rest = size - end
    if found.truncation or found.patches or rest <= _SLACK:
        return found
    file.seek(end)
    head = file.read(_OGG_PAGE)
    # Tags and the zeros that fill a sector are no sound.
    if (
        head.startswith(_TAGS)
        or not head.strip(b"\0")
        or (chunks and _only_chunks_follow(file, end, size, chunks))
    ):
        return found
    return replace(found, excess=f"it holds {rest:,} bytes behind the sound that its header states")


def _is_placeholder(size: int, *, bits: int) -> bool:
    """Whether a size is what recorders write before they know it.

    Zero, all bits set, the largest signed number or the one after it, in some programs less a header (SoX
    0x7ffff000, FFmpeg 0xffffffff, arecord 0x80000000).
    """
    limits = {1 << 31, 1 << 32, 1 << (bits - 1), 1 << bits}
    return size == 0 or any(limit - 8192 <= size <= limit + _SLACK for limit in limits)


def _chunks(file: BinaryIO, start: int, *, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset of the content, and size of each chunk from `start`."""
    for _ in range(_MOST_CHUNKS):
        file.seek(start)
        head = file.read(8)
        if len(head) < 8:
            return
        (length,) = struct.unpack(order + "I", head[4:])
        yield head[:4], start + 8, length
        start += 8 + length + length % 2


def _wav(file: BinaryIO, size: int, kind: bytes) -> Container:
    order = ">" if kind == b"RIFX" else "<"
    large_at: int | None = None
    for name, start, length in _chunks(file, 12, order=order):
        if name == b"ds64":
            large_at = start + 8
        if name != b"data":
            continue
        held = size - start
        if large_at is not None and length == 0xFFFFFFFF:
            file.seek(large_at)
            (length,) = struct.unpack("<Q", file.read(8))
            if not _is_placeholder(length, bits=64):
                found = _compared(stated=length, held=held)
                return _with_rest(file, size, found, end=start + length + length % 2, chunks=order)
            return _compared(stated=None, held=held, patches=((large_at, struct.pack("<Q", held)),))
        if not _is_placeholder(length, bits=32):
            found = _compared(stated=length, held=held)
            return _with_rest(file, size, found, end=start + length + length % 2, chunks=order)
        if length == 0 and _only_chunks_follow(file, start, size, order):
            return Container()
        patch = (start - 4, struct.pack(order + "I", min(held, 0xFFFFFFF0)))
        return _compared(stated=None, held=held, patches=(patch,))
    return Container()


def _only_chunks_follow(file: BinaryIO, start: int, size: int, order: str) -> bool:
    """Whether the rest of the file is whole chunks, so that a size of 0 is meant."""
    end = start
    for name, content, length in _chunks(file, start, order=order):
        if not all(32 <= letter < 127 for letter in name):
            return False
        end = content + length + length % 2
    return abs(end - size) <= 1


def _aiff(file: BinaryIO, size: int) -> Container:
    for name, start, length in _chunks(file, 12, order=">"):
        if name in (b"SSND", b"BODY"):
            if length == 8 or _is_placeholder(length, bits=32):
                return Container()
            found = _compared(stated=length, held=size - start)
            return _with_rest(file, size, found, end=start + length + length % 2, chunks=">")
    return Container()


def _w64(file: BinaryIO, size: int) -> Container:
    at = 40
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        name, (length,) = file.read(16), struct.unpack("<Q", file.read(8))
        if name == b"data" + _W64_CHUNK:  # the 24 bytes of name and size count
            if length <= 24 or _is_placeholder(length, bits=64):
                return Container()
            found = _compared(stated=length, held=size - at)
            end = at + length + -length % 8
            file.seek(end)
            is_chunk = file.read(16)[4:] == _W64_CHUNK
            return found if is_chunk else _with_rest(file, size, found, end=end)
        at += max(24, length + -length % 8)
    return Container()


def _au(file: BinaryIO, head: bytes, size: int) -> Container:
    start, length = struct.unpack(">II", head[4:12])
    held = max(0, size - start)
    if not _is_placeholder(length, bits=32):
        return _with_rest(file, size, _compared(stated=length, held=held), end=start + length)
    return _compared(stated=None, held=held, patches=((8, struct.pack(">I", min(held, 0x7FFFFFF0))),))


def _caf(file: BinaryIO, size: int) -> Container:
    at = 8
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        name, (length,) = file.read(4), struct.unpack(">q", file.read(8))
        if name == b"data":
            held = size - at - 12
            if length < 0 or _is_placeholder(length, bits=64):
                return _compared(stated=None, held=held, patches=((at + 4, struct.pack(">q", held)),))
            found, end = _compared(stated=length, held=held), at + 12 + length
            file.seek(end)
            is_chunk = file.read(4).isalnum()
            return found if is_chunk else _with_rest(file, size, found, end=end)
        at += 12 + max(0, length)
    return Container()


def _sphere(file: BinaryIO, size: int) -> Container:
    file.seek(8)
    start = int(file.read(8))
    header = file.read(min(start, _OGG_PAGE))
    names = (b"sample_count", b"sample_n_bytes", b"channel_count")
    factors = [re.search(rb"%s -i (\d+)" % name, header) for name in names]
    if b"shorten" in header or not factors[0] or not factors[1]:
        return Container()
    samples, width, channels = (int(factor[1]) if factor else 1 for factor in factors)
    stated = samples * width * channels
    found = _compared(stated=stated, held=size - start)
    # A compressed file has fewer bytes than samples, so only plain samples can be compared.
    return (
        found if b"pcm" not in header or b"," in header else _with_rest(file, size, found, end=start + stated)
    )


def _avi(file: BinaryIO, size: int) -> Container:
    at = 0
    for _ in range(_MOST_CHUNKS):  # a RIFF of at most a gigabyte after another
        if at >= size:
            return _compared(stated=at, held=size)
        file.seek(at)
        name, (length,) = file.read(4), struct.unpack("<I", file.read(4))
        if name != b"RIFF" or _is_placeholder(length, bits=32):
            return Container()
        at += 8 + length + length % 2
    return Container()


def _mp4(file: BinaryIO, size: int) -> Container:
    at = 0
    for _ in range(_MOST_CHUNKS):
        if at >= size:
            return _compared(stated=at, held=size)
        file.seek(at)
        (length,), _, large = struct.unpack(">I", file.read(4)), file.read(4), file.read(8)
        if length == 1:
            (length,) = struct.unpack(">Q", large)
        if length < 8:  # 0: to the end of the file
            return Container()
        at += length
    return Container()


def _matroska(file: BinaryIO, size: int) -> Container:
    file.seek(4)
    file.seek(_ebml_number(file) or 0, os.SEEK_CUR)
    if file.read(4) != b"\x18S\x80g":  # the segment, which holds all that matters
        return Container()
    return _compared(stated=_ebml_number(file), held=size - file.tell())


def _ebml_number(file: BinaryIO) -> int | None:
    """A number in EBML's code of 1 to 8 bytes; None if it is "unknown"."""
    first = file.read(1)[0]
    more = 8 - first.bit_length()
    value = int.from_bytes(bytes([first & (0x7F >> more)]) + file.read(more), "big")
    return None if value == (1 << 7 * (more + 1)) - 1 else value


def _ogg(file: BinaryIO, size: int) -> Container:
    """The last page of a stream is marked as such."""
    start = max(0, size - 2 * _OGG_PAGE)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"OggS\x00")
    if at >= 0 and len(tail) >= at + 27:
        lengths = tail[at + 27 : at + 27 + tail[at + 26]]
        whole = len(lengths) == tail[at + 26] and at + 27 + len(lengths) + sum(lengths) <= len(tail)
        if whole and tail[at + 5] & 4:
            return Container()
    return Container(truncation="its last page is not marked as the end of the stream")


def _mpeg(file: BinaryIO, size: int) -> Container:
    """The first frame of most MP3 files holds the number of frames and bytes (Xing's header)."""
    at = 0
    file.seek(at)
    while (head := file.read(10))[:3] == b"ID3":
        at += 10 + sum(byte << 7 * shift for shift, byte in enumerate(reversed(head[6:10])))
        file.seek(at)
    frame = head + file.read(190)
    tag = max(frame.find(b"Xing"), frame.find(b"Info"))
    if tag < 0:
        return Container(is_mpeg=True)
    flags, numbers = frame[tag + 7], struct.unpack(">II", frame[tag + 8 : tag + 16])
    if not flags & 1 or not numbers[0]:
        return Container(is_mpeg=True)
    found = _compared(stated=numbers[1] if flags & 2 else None, held=size - at)
    return Container(truncation=found.truncation, is_mpeg=True, states_length=True)
