"""What parts of a split share, by the names of clips and by their sound."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from serenade.audio.decode import decode
from serenade.errors import UnsupportedMedia
from serenade.split_audit.clip_fingerprints import ClipSound, Fingerprint
from serenade.split_audit.fingerprint import HOP, RATE_HZ, LandmarkIndex
from serenade.split_audit.similarity import MIN_CORRELATION, correlation

CHECKS = {
    "speaker": "same speaker",
    "source": "same source clip",
    "bytes": "same file, byte for byte",
    "sound": "same sound after decoding",
    "similar": "near-duplicate sound",
    "text": "same text",
}
"""The checks by name, in the order of reports."""

_AROUND_S = 10.0
"""At most so much sound is compared of two candidates."""


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Something that two parts share.

    Attributes:
        check: a key of `CHECKS`.
        part: name of a part.
        other_part: name of another part.
        shared: the speaker, source clip or text; "" for sounds.
        clips: rows of the table in `part`.
        other_clips: rows of the table in `other_part`.
        correlation: of two near-duplicates, 0–1; None otherwise.
        offset_s: how much later the sound of `clips` is in the other one; None otherwise.
    """

    check: str
    part: str
    other_part: str
    shared: str
    clips: tuple[int, ...]
    other_clips: tuple[int, ...]
    correlation: float | None = None
    offset_s: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def shared_names(table: pd.DataFrame, parts: Sequence[str]) -> list[Leak]:
    """Return the speakers, source clips and texts that are in two parts.

    Args:
        table: of `serenade.split_audit.lists.read_parts`.
        parts: names of the parts, in order.
    """
    corpora = table["corpus"].astype(str)
    # Where the original clip is not stated, a recording is the source of itself.
    paths = table["file"].where(table["file"] != "", table["name"])
    spans = [
        "" if np.isnan(start) and np.isnan(end) else f" {start:g}-{end:g}"
        for start, end in zip(table["start"], table["end"], strict=True)
    ]
    own = paths + pd.Series(spans, index=table.index, dtype=object)
    keys = {
        "speaker": (corpora + "/" + table["speaker"]).where(table["speaker"] != "", ""),
        "source": (corpora + "/" + table["source"]).where(table["source"] != "", own),
        "text": table["text"].map(_plain_text),
    }
    shown = {"speaker": table["speaker"], "source": table["source"].where(table["source"] != "", own)}
    shown["text"] = table["text"]
    leaks = []
    for check, column in keys.items():
        members = {
            part: {str(key): tuple(map(int, found)) for key, found in rows.groupby(rows).groups.items()}
            for part, rows in ((part, column[(table["part"] == part) & (column != "")]) for part in parts)
        }
        for part, other in combinations(parts, 2):
            for key in sorted(members[part].keys() & members[other].keys()):
                clips, others = members[part][key], members[other][key]
                leaks.append(
                    Leak(
                        check=check,
                        part=part,
                        other_part=other,
                        shared=str(shown[check][clips[0]]),
                        clips=clips,
                        other_clips=others,
                    )
                )
    return leaks


def shared_sounds(
    table: pd.DataFrame,
    parts: Sequence[str],
    sounds: Sequence[ClipSound | None],
    prints: Sequence[Fingerprint | None],
    *,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> list[Leak]:
    """Return the clips of two parts with the same bytes, the same samples, or nearly the same sound.

    Clips that are equal byte for byte are not repeated in the checks of their sound.

    Args:
        table: of `serenade.split_audit.lists.read_parts`.
        parts: names of the parts, in order.
        sounds: the sound of each row; None where its file is missing.
        prints: the fingerprint of each row; None where its file is missing.
        progress: called with the number of clips that were searched for, and of all.
    """
    order = {part: number for number, part in enumerate(parts)}
    part_of = [order[part] for part in table["part"]]
    bytes_of = [found.sha256 if found else "" for found in prints]
    sound_of = [found.sound if found else "" for found in prints]
    leaks = [
        *_equal("bytes", bytes_of, table, parts),
        *(leak for leak in _equal("sound", sound_of, table, parts) if not _same_bytes(leak, bytes_of)),
    ]
    known = [row for row, print_ in enumerate(prints) if print_ is not None]
    index = LandmarkIndex([found.landmarks for found in prints if found is not None])
    cache: dict[int, Any] = {}
    for number, query in enumerate(known, 1):
        progress(number, len(known))
        own = prints[query]
        if part_of[query] == 0 or own is None:
            continue
        candidates: dict[int, int] = {}
        for landmarks in (own.landmarks, own.later):
            for found in index.query(landmarks):
                candidates.setdefault(known[found.sound], found.offset)
        cache.clear()
        for row, offset in candidates.items():
            is_equal = any(values[row] and values[row] == values[query] for values in (bytes_of, sound_of))
            if part_of[row] >= part_of[query] or is_equal:
                continue
            value = _compared(sounds[query], sounds[row], offset, cache)
            if value >= MIN_CORRELATION:
                leaks.append(
                    Leak(
                        check="similar",
                        part=str(table["part"][row]),
                        other_part=str(table["part"][query]),
                        shared="",
                        clips=(row,),
                        other_clips=(query,),
                        correlation=value,
                        offset_s=-offset * HOP / RATE_HZ,
                    )
                )
    return leaks


def _equal(check: str, values: Sequence[str], table: pd.DataFrame, parts: Sequence[str]) -> Iterator[Leak]:
    """The clips of two parts with equal values, but "": a leak for each value."""
    rows: dict[str, dict[str, list[int]]] = {}
    for row, (value, part) in enumerate(zip(values, table["part"], strict=True)):
        if value:
            rows.setdefault(value, {}).setdefault(part, []).append(row)
    for members in rows.values():
        for part, other in combinations([part for part in parts if part in members], 2):
            clips, others = tuple(members[part]), tuple(members[other])
            yield Leak(check=check, part=part, other_part=other, shared="", clips=clips, other_clips=others)


def _same_bytes(leak: Leak, bytes_of: Sequence[str]) -> bool:
    """Whether all clips of a leak are equal byte for byte, too."""
    return len({bytes_of[row] for row in (*leak.clips, *leak.other_clips)}) == 1 and bool(
        bytes_of[leak.clips[0]]
    )


def _compared(query: ClipSound | None, sound: ClipSound | None, offset: int, cache: dict[int, Any]) -> float:
    """The correlation of two clips, over at most ten seconds."""
    if query is None or sound is None:
        return 0.0
    skip_s = max(0, -offset) * HOP / RATE_HZ
    start_s = max(0, offset) * HOP / RATE_HZ
    try:
        key = round(skip_s * RATE_HZ)
        if key not in cache:
            cache[key] = _samples(query, skip_s)
        margin_s = min(start_s, 4 * HOP / RATE_HZ)
        around = _samples(sound, start_s - margin_s)
    except UnsupportedMedia:
        return 0.0
    return correlation(cache[key], around, offset=round(margin_s * RATE_HZ / HOP))[0]


def _samples(clip: ClipSound, skip_s: float) -> Any:
    left = None if clip.duration_s is None else clip.duration_s - skip_s
    duration_s = _AROUND_S if left is None else min(left, _AROUND_S)
    return decode(clip.file, rate_hz=RATE_HZ, start_s=clip.start_s + skip_s, duration_s=duration_s).samples


def _plain_text(text: str) -> str:
    """The letters and digits of a text, so that punctuation and case do not matter."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain.replace("'", "")).split())
