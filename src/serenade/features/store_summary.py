"""Summary of a store, printed after `serenade prepare`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from serenade.features.store import FRAMES, Store
from serenade.text import counted, printable


@dataclass(frozen=True, kw_only=True)
class StoreSummary:
    """Counts of a store.

    Attributes:
        path: folder of the store.
        clips: number of recordings (or segments, or spectrograms).
        variants: number of waveform variants.
        hours: hours of sound, with variants.
        states: number of rows by state.
        cut: number of rows cut at `max_duration_s`.
        unlabelled: number of usable rows without an emotion.
        megabytes: size of the frames on disk.
        hash: hash of the store's content.
        trouble: file, state and reason of each row that is not "ok".
        warned: file and warning of each clip that is used as it is, such as one of an incomplete file.
        incomplete: number of usable clips whose file is incomplete.
        shortened: number of usable clips that end after their recording and are cut there.
        others: number of usable clips with other warnings only, such as an inverted channel.
        notes: notes of the corpus's reader.
    """

    path: str
    clips: int
    variants: int
    hours: float
    states: dict[str, int]
    cut: int
    unlabelled: int
    megabytes: float
    hash: str
    trouble: tuple[str, ...]
    warned: tuple[str, ...]
    incomplete: int
    shortened: int
    others: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts by name."""
        return asdict(self)

    def __str__(self) -> str:
        states = ", ".join(f"{count:,} {state}" for state, count in self.states.items())
        clips = f"{counted(self.clips, 'clip')} and {counted(self.variants, 'variant')}"
        lines = [
            f"{clips}, {self.hours:.2f} h: {states}",
            f"{self.cut:,} cut at the front end's max_duration_s" if self.cut else "",
            f"{counted(self.incomplete, 'clip')} of incomplete files: used as far as they go"
            if self.incomplete
            else "",
            f"{counted(self.shortened, 'clip')} with an end after that of the recording: cut there"
            if self.shortened
            else "",
            f"{counted(self.others, 'clip')} with another warning: used as decoded" if self.others else "",
            f"{self.unlabelled:,} without a label" if self.unlabelled else "",
            *self.notes,
            f"{self.megabytes:,.1f} MB in {self.path} (hash {self.hash[:12]})",
        ]
        return "\n".join(printable(line) for line in lines if line)


def summarise(store: Store) -> StoreSummary:
    """Return the summary of a store."""
    index = store.index
    originals = index["variant"].isin(["original", ""])
    bad = index[index["state"] != "ok"]
    warned = index[(index["state"] == "ok") & (index["note"] != "")]
    incomplete = warned["note"].str.contains("the file is cut short", regex=False)
    shortened = warned["note"].str.contains("is after the end of the recording", regex=False)
    return StoreSummary(
        path=str(store.path),
        clips=int(originals.sum()),
        variants=int((~originals).sum()),
        hours=float(index["duration_s"].sum()) / 3600,
        states={str(state): int(count) for state, count in store.about["states"].items()},
        cut=int(index["cut"].sum()) if "cut" in index else 0,
        unlabelled=int((store.usable["emotion"] == "").sum()),
        megabytes=(store.path / FRAMES).stat().st_size / 1e6,
        hash=store.hash,
        trouble=tuple(
            f"{file}: {state}: {note}"
            for file, state, note in zip(bad["file"], bad["state"], bad["note"], strict=True)
        ),
        warned=tuple(
            f"{file}: warning: {note}" for file, note in zip(warned["file"], warned["note"], strict=True)
        ),
        incomplete=int(incomplete.sum()),
        shortened=int(shortened.sum()),
        others=int((~incomplete & ~shortened).sum()),
        notes=tuple(store.about.get("notes", ())),
    )
