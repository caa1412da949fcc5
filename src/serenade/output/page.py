"""One self-contained HTML page per recording: its sound, its waveform and its emotions over time."""

from __future__ import annotations

import base64
import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from serenade.audio.decode import Blocks, blocks
from serenade.files import write_whole
from serenade.inference.aggregate import merge_neighbours
from serenade.inference.arrays import Waveform
from serenade.inference.prediction import Prediction
from serenade.output.colors import colors_of
from serenade.output.envelope import envelope
from serenade.output.summary import summaries_of
from serenade.text import half_up, valid_unicode

COLUMNS = 4000
"""Points of the waveform, enough to zoom in."""

_RATE_HZ = 16_000
_BLOCK_S = 10.0
_CHUNK = 3 * 2**16  # a multiple of three bytes: Base64 can be joined
_TEMPLATE = Path(__file__).with_name("page.html")
_MARKS = ("/*TIMELINE*/", "/*SOUND*/")


def write_page(
    rows: Sequence[Prediction], *, labels: Sequence[str], out: Path, track: int | None = None
) -> None:
    """Write the page of a recording; memory does not grow with its sound.

    The sound is in the page as MP3 of one channel (40 kbit/s, 24 MB of page for an hour), which every browser
    plays.

    Args:
        rows: its timeline; the recording must be a file.
        labels: emotions that the model knows, in the order of their rows.
        out: the HTML file to write.
        track: audio track of the recording, as for the prediction.

    Raises:
        OutputError: it cannot be written.
    """
    file = rows[0].file or ""
    before, between, after = _parts()
    with tempfile.TemporaryFile() as sound, write_whole(out) as page:
        opened = blocks(file, rate_hz=_RATE_HZ, block_s=_BLOCK_S, track=track)
        width = max(1, math.ceil(rows[-1].end * _RATE_HZ / COLUMNS))
        low, high = envelope(_encoded(opened, sound), width=width)
        peak = float(max(np.abs(low).max(initial=0.0), np.abs(high).max(initial=0.0), 1e-3))
        content = _content(rows, labels=labels) | {
            "low": np.round(low / peak, 3).tolist(),
            "high": np.round(high / peak, 3).tolist(),
        }
        page.write(before)
        page.write(_script_json(content))
        page.write(between)
        page.writelines(_base64(sound))
        page.write(after)


def _parts() -> tuple[str, str, str]:
    """The template before, between and after the places of timeline and sound."""
    before, _, rest = _TEMPLATE.read_text(encoding="utf-8").partition(_MARKS[0])
    between, _, after = rest.partition(_MARKS[1])
    return before, between, after


def _content(rows: Sequence[Prediction], *, labels: Sequence[str]) -> dict[str, Any]:
    model = rows[0].model
    return {
        "file": valid_unicode(Path(rows[0].file or "array").name),
        "duration": half_up(rows[-1].end, 3),
        "model": f"{model.name} {model.version}",
        "license": model.license,
        "labels": list(labels),
        "colors": colors_of(labels),
        "rows": [_short(row, labels) for row in rows],
        "segments": [_short(row, labels) for row in merge_neighbours(rows)],
        "summaries": [summary.to_dict() for summary in summaries_of(rows)],
    }


def _short(row: Prediction, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "start": half_up(row.start, 3),
        "end": half_up(row.end, 3),
        "emotion": row.emotion,
        "state": row.state,
        "speaker": None if row.speaker is None else valid_unicode(row.speaker),
        "scores": [round(row.scores.get(label, 0.0), 3) for label in labels] if row.scores else [],
    }


def _script_json(content: object) -> str:
    """JSON that no browser takes for the end of the script."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")


def _encoded(sound: Blocks, out: BinaryIO) -> Iterator[Waveform]:
    """Pass the sound on, and write it as MP3."""
    with soundfile.SoundFile(
        out.fileno(),  # not the file: a Ctrl-C in a callback of soundfile would be lost, with the sound
        "w",
        _RATE_HZ,
        1,
        format="MP3",
        bitrate_mode="CONSTANT",
        compression_level=0.8,
        closefd=False,
    ) as mp3:
        for block in sound:
            mp3.write(np.clip(block, -1.0, 1.0))
            yield block


def _base64(file: BinaryIO) -> Iterable[str]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield base64.b64encode(chunk).decode("ascii")
