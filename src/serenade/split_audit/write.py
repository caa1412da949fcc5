"""An audit as tables of texts, and as a file: CSV, JSON, Markdown or a page with players."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serenade.audio.decode import decode
from serenade.errors import UnsupportedMedia
from serenade.evaluation.confident_errors import sound_uri
from serenade.evaluation.report.environment import create_environment
from serenade.evaluation.report.format import counted, listed
from serenade.evaluation.report.tables import TextTable
from serenade.files import write_by_suffix
from serenade.split_audit.audit import Audit, Overlap
from serenade.split_audit.leaks import CHECKS, Leak
from serenade.text import json_text, printable, spreadsheet_text
from serenade.version import __version__

MAX_ROWS = 500
"""Most rows of a table of leaks in the page; CSV and JSON have all."""
MAX_PLAYERS = 20
"""Most pairs of clips with players, for each check."""
PLAYED_S = 5.0
PLAYED_HZ = 16_000

_CLIP_CHECKS = ("bytes", "sound", "similar")


def overlap_table(audit: Audit) -> TextTable:
    """Return how much the parts share, one row per check and pair of parts."""
    rows = []
    for overlap in audit.overlaps():
        compared = "sounds" if overlap.check in _CLIP_CHECKS else "clips"
        sizes = [audit.count(part)[compared] for part in (overlap.part, overlap.other_part)]
        shares = [
            f"{clips:,} of {size:,}"
            for clips, size in zip((overlap.clips, overlap.other_clips), sizes, strict=True)
        ]
        cells = (f"{overlap.shared:,}", *shares) if overlap.is_checked else ("not checked", "–", "–")
        rows.append((CHECKS[overlap.check], f"{overlap.part}, {overlap.other_part}", *cells))
    head = ("check", "parts", "shared", "clips of the first", "clips of the second")
    note = "Shared: the number of speakers, source clips, sounds, pairs of near-duplicates, or texts."
    if not audit.text_counts:
        note += " A shared text does not count as a leak: the speakers of acted corpora read the same texts."
    return TextTable(title="What the parts share", head=head, rows=tuple(rows), note=note)


def summary(audit: Audit) -> str:
    """Return the result in one or two sentences."""
    sizes = listed([f"{part} ({counted(audit.count(part)['clips'], 'clip')})" for part in audit.parts])
    checked = {overlap.check for overlap in audit.overlaps() if overlap.is_checked}
    unchecked = [title for check, title in CHECKS.items() if check not in checked and check != "text"]
    left = f" Not checked: {listed(unchecked)}." if unchecked else ""
    if audit.is_clean:
        return f"No leak between {sizes}.{left}"
    found = [
        _sentence(audit, overlap)
        for overlap in audit.overlaps()
        if overlap.shared and (overlap.check != "text" or audit.text_counts)
    ]
    return f"The split leaks. {' '.join(found)}{left}"


def write_audit(audit: Audit, out: Path) -> None:
    """Write an audit to a file.

    Args:
        audit: of `serenade.audit`.
        out: ends in `.html` (a page with players), `.csv` (one row per leak), `.json` or `.md`.

    Raises:
        OutputError: another ending, or it cannot be written.
    """
    write_by_suffix(audit, out, WRITERS)


def leak_table(audit: Audit, check: str) -> TextTable:
    """Return the leaks of one check, a row each."""
    leaks = [leak for leak in audit.leaks if leak.check == check]
    named = check in ("speaker", "source", "text")
    pair: tuple[str, ...] = ("clip", "parts", "the other clip")
    columns = {"bytes": pair, "sound": pair, "similar": (*pair, "correlation", "offset in s")}
    head = columns.get(check, (CHECKS[check], "parts", "clips", "clips of the other part"))
    rows = tuple(_row(audit, leak, named=named) for leak in leaks[:MAX_ROWS])
    note = (
        f"The first {MAX_ROWS} of {len(leaks):,}; all are in the CSV and JSON."
        if len(leaks) > MAX_ROWS
        else ""
    )
    return TextTable(title=CHECKS[check], head=head, rows=rows, note=note)


def _sentence(audit: Audit, overlap: Overlap) -> str:
    size = audit.count(overlap.other_part)["clips"]
    also_in = f"{_are(overlap.shared)} also in {overlap.part}"
    what = {
        "speaker": f"of {counted(overlap.shared, 'speaker')} who {also_in}",
        "source": f"of {counted(overlap.shared, 'source clip')} that {also_in}",
        "bytes": f"also in {overlap.part}, as the same file byte for byte",
        "sound": f"also in {overlap.part}, as the same samples in another file",
        "similar": f"also in {overlap.part}, as a near-duplicate",
        "text": f"of a text that is also in {overlap.part}",
    }[overlap.check]
    clips = f"{overlap.other_clips:,} of {counted(size, 'clip')} of {overlap.other_part}"
    return f"{clips} {_are(overlap.other_clips)} {what}."


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _row(audit: Audit, leak: Leak, *, named: bool) -> tuple[str, ...]:
    parts = f"{leak.part}, {leak.other_part}"
    if named:
        return printable(leak.shared), parts, _clips(audit, leak.clips), _clips(audit, leak.other_clips)
    cells = (_clips(audit, leak.clips), parts, _clips(audit, leak.other_clips))
    if leak.correlation is None or leak.offset_s is None:
        return cells
    return (*cells, f"{leak.correlation:.2f}", f"{leak.offset_s:+.2f}")


def _clips(audit: Audit, rows: tuple[int, ...]) -> str:
    names = [printable(Path(audit.table["name"][row]).name) for row in rows[:3]]
    return ", ".join(names) + (f" and {len(rows) - 3:,} more" if len(rows) > 3 else "")


def _markdown(audit: Audit) -> str:
    notes = "".join(f"\nNote: {note}.\n" for note in audit.notes)
    return f"{summary(audit)}\n\n{overlap_table(audit).to_markdown()}{notes}"


def _csv(audit: Audit) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["check", "part", "other_part", "shared", "clips", "other_clips", "clip", "other_clip"]
    writer.writerow([*head, "correlation", "offset_s"])
    names = [spreadsheet_text(printable(name)) for name in audit.table["name"]]
    for leak in audit.leaks:
        shared = spreadsheet_text(printable(leak.shared))
        counts = len(leak.clips), len(leak.other_clips)
        first = names[leak.clips[0]], names[leak.other_clips[0]]
        numbers = ["" if value is None else f"{value:.4f}" for value in (leak.correlation, leak.offset_s)]
        writer.writerow([leak.check, leak.part, leak.other_part, shared, *counts, *first, *numbers])
    return out.getvalue()


def _json(audit: Audit) -> str:
    return json_text(audit.to_dict(), indent=1) + "\n"


def _page(audit: Audit) -> str:
    counts = {
        check: sum(leak.check == check for leak in audit.leaks)
        for check in CHECKS
        if any(leak.check == check for leak in audit.leaks)
    }
    environment = create_environment("serenade.split_audit")
    return environment.get_template("page.html.j2").render(
        audit=audit,
        summary=summary(audit),
        overlaps=overlap_table(audit),
        sections=[
            {
                "check": check,
                "title": f"{CHECKS[check][0].upper()}{CHECKS[check][1:]}",
                "table": leak_table(audit, check),
                "pairs": _players(audit, check) if check in _CLIP_CHECKS else [],
            }
            for check in counts
        ],
        version=__version__,
    )


def _players(audit: Audit, check: str) -> list[dict[str, Any]]:
    """The first pairs of clips of a check, with their sound."""
    leaks = [leak for leak in audit.leaks if leak.check == check]
    leaks.sort(key=lambda leak: -(leak.correlation or 0))
    pairs = []
    for leak in leaks[:MAX_PLAYERS]:
        clips = [_clip(audit, rows[0], part) for rows, part in _sides(leak)]
        note = "" if leak.correlation is None else f"correlation {leak.correlation:.2f}"
        if leak.offset_s:
            note += f", offset {leak.offset_s:+.2f} s"
        pairs.append({"clips": clips, "note": note})
    return pairs


def _sides(leak: Leak) -> tuple[tuple[tuple[int, ...], str], ...]:
    return (leak.clips, leak.part), (leak.other_clips, leak.other_part)


def _clip(audit: Audit, row: int, part: str) -> dict[str, str]:
    """The name, part and sound of a clip."""
    file, start = str(audit.table["file"][row]), float(audit.table["start"][row])
    shown = {"name": printable(Path(audit.table["name"][row]).name), "part": part, "sound": ""}
    if not file.lower().endswith(".npy"):
        try:
            start_s = start if start == start else 0.0
            sound = decode(file, rate_hz=PLAYED_HZ, start_s=start_s, duration_s=PLAYED_S)
        except UnsupportedMedia:
            return shown
        shown["sound"] = sound_uri(sound.samples, rate_hz=PLAYED_HZ)
    return shown


WRITERS: dict[str, Callable[[Audit], str]] = {".html": _page, ".csv": _csv, ".json": _json, ".md": _markdown}
"""The function that makes the text of a file, by its ending."""
