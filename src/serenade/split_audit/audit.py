"""The audit of a split: which clips of two parts are of one speaker, one source or one sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.split import PARTS
from serenade.split_audit.clip_fingerprints import ClipSound, Fingerprint, fingerprint_clips
from serenade.split_audit.leaks import CHECKS, Leak, shared_names, shared_sounds
from serenade.split_audit.lists import read_parts

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """How much two parts share by one check.

    Attributes:
        check: a key of `CHECKS`.
        part: name of a part.
        other_part: name of another part.
        shared: number of speakers, source clips, sounds or texts that both have.
        clips: clips of `part` that are concerned.
        other_clips: clips of `other_part` that are concerned.
        is_checked: False where the lists do not state what is needed, or no sound was found.
    """

    check: str
    part: str
    other_part: str
    shared: int
    clips: int
    other_clips: int
    is_checked: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return vars(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """The result of an audit.

    Attributes:
        parts: names of the parts, train first.
        table: one row per listed clip, see `serenade.split_audit.lists.COLUMNS`.
        leaks: everything that two parts share.
        notes: what could not be checked, a sentence each.
        text_counts: whether a shared text counts as a leak.
    """

    parts: tuple[str, ...]
    table: pd.DataFrame
    leaks: tuple[Leak, ...]
    notes: tuple[str, ...]
    text_counts: bool

    @property
    def is_clean(self) -> bool:
        """Whether no leak was found; a shared text counts only with `text`."""
        return all(leak.check == "text" and not self.text_counts for leak in self.leaks)

    def overlaps(self) -> list[Overlap]:
        """Return how much each pair of parts shares by each check."""
        found = []
        for check in CHECKS:
            for part, other in combinations(self.parts, 2):
                leaks = [
                    leak
                    for leak in self.leaks
                    if (leak.check, leak.part, leak.other_part) == (check, part, other)
                ]
                clips = {row for leak in leaks for row in leak.clips}
                others = {row for leak in leaks for row in leak.other_clips}
                found.append(
                    Overlap(
                        check=check,
                        part=part,
                        other_part=other,
                        shared=len(leaks),
                        clips=len(clips),
                        other_clips=len(others),
                        is_checked=self._is_checked(check),
                    )
                )
        return found

    def _is_checked(self, check: str) -> bool:
        if check in ("speaker", "text"):
            return bool((self.table[check] != "").any())
        return check == "source" or bool(self.table["has_sound"].any())

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values: counts by part, overlaps, and every leak with the names of its clips."""
        names = self.table["name"].tolist()
        return {
            "is_clean": self.is_clean,
            "parts": {part: self.count(part) for part in self.parts},
            "overlaps": [overlap.to_dict() for overlap in self.overlaps()],
            "leaks": [
                leak.to_dict()
                | {
                    "clips": [names[row] for row in leak.clips],
                    "other_clips": [names[row] for row in leak.other_clips],
                }
                for leak in self.leaks
            ],
            "notes": list(self.notes),
        }

    def count(self, part: str) -> dict[str, int]:
        """Return the number of `clips`, `speakers` and clips whose `sounds` were compared, of a part."""
        rows = self.table[self.table["part"] == part]
        return {
            "clips": len(rows),
            "speakers": int(rows.loc[rows["speaker"] != "", "speaker"].nunique()),
            "sounds": int(rows["has_sound"].sum()),
        }


def audit(
    *lists: str | Path,
    data: str | Path | None = None,
    speakers_from: str | None = None,
    sound: bool = True,
    text: bool = False,
    jobs: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> Audit:
    """Audit a split: find what its parts share.

    Checked are speakers, source clips, files byte for byte, decoded samples, near-duplicates (copies with
    another level, codec or band, or cut shorter) and texts.

    Args:
        lists: those of train and test, and of dev if there is one: folders of recordings, CSV or TSV tables,
            JSON (lines) or text files with a path per line; or one list with a column `split`.
        data: folder of the recordings, if the lists name them relative to another one.
        speakers_from: where speakers are taken from, see `serenade.read_corpus`; by column or by the file
            names of known corpora if None.
        sound: whether the recordings are compared; without, only names are.
        text: whether the same text in two parts counts as a leak.
        jobs: number of threads that decode.
        progress: called with what is done, how much of it and of how much.

    Raises:
        CorpusError: a list cannot be read.

    >>> found = audit("corpus", "speaker")
    >>> found.is_clean, found.count("train")["clips"]
    (True, 36)
    """
    parts: Mapping[str, Path] = dict(zip(("train", "test", "dev"), map(Path, lists), strict=False))
    table = read_parts(parts, data=Path(data) if data is not None else None, speakers_from=speakers_from)
    names = [part for part in PARTS if part in set(table["part"])]
    names += sorted(set(table["part"]) - set(names))
    table["has_sound"] = False
    notes = [*table.attrs["notes"], *_notes(table)]
    leaks = shared_names(table, names)
    if sound:
        sounds = [_sound(row) for row in table[["file", "start", "end"]].itertuples(index=False)]
        prints = _fingerprints(sounds, jobs=jobs, progress=progress)
        table["has_sound"] = [found is not None and not found.error for found in prints]
        leaks += shared_sounds(
            table, names, sounds, prints, progress=lambda done, total: progress("compare", done, total)
        )
        notes += _sound_notes(table, prints)
    return Audit(parts=tuple(names), table=table, leaks=tuple(leaks), notes=tuple(notes), text_counts=text)


def _sound(row: Any) -> ClipSound | None:
    if not row.file:
        return None
    start_s = 0.0 if pd.isna(row.start) else float(row.start)
    duration_s = None if pd.isna(row.end) else float(row.end) - start_s
    return ClipSound(file=str(row.file), start_s=start_s, duration_s=duration_s)


def _fingerprints(
    sounds: Sequence[ClipSound | None], *, jobs: int, progress: Progress
) -> list[Fingerprint | None]:
    """The fingerprint of each clip; one that is listed several times is decoded once."""
    distinct = list(dict.fromkeys(sound for sound in sounds if sound is not None))
    done = 0

    def show() -> None:
        nonlocal done
        done += 1
        progress("decode", done, len(distinct))

    found = dict(zip(distinct, fingerprint_clips(distinct, jobs=jobs, progress=show), strict=True))
    return [None if sound is None else found[sound] for sound in sounds]


def _notes(table: pd.DataFrame) -> list[str]:
    unknown = int((table["speaker"] == "").sum())
    if not unknown:
        return []
    return [
        f"the speakers of {unknown:,} of {len(table):,} clips are unknown, so shared speakers may be missed; "
        "name them with --speakers-from"
    ]


def _sound_notes(table: pd.DataFrame, prints: Sequence[Fingerprint | None]) -> list[str]:
    notes = []
    missing = sum(found is None for found in prints)
    if missing:
        notes.append(
            f"{missing:,} of {len(table):,} recordings were not found, so their sound was not compared; name "
            "their folder with --data"
        )
    failed = [row for row, found in enumerate(prints) if found is not None and found.error]
    if failed:
        first = prints[failed[0]]
        reason = first.error if first is not None else ""
        name = Path(table["name"][failed[0]]).name
        notes.append(f"{len(failed):,} recordings cannot be decoded, such as {name}: {reason}")
    return notes
