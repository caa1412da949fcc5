"""Utterances with text: one text, the lines of a file, or a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serenade.audio.sources import Media
from serenade.errors import UnsupportedMedia
from serenade.inference.segment import Segment

COLUMNS = ("file", "text", "dialogue", "speaker")
"""Columns of a table of utterances; at least `file` or `text`."""


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One turn of one speaker.

    Attributes:
        name: the `file` of its prediction: the recording, else the line of its table, else the text; "" for
            none.
        text: its transcript; "" if it is not known.
        recording: a sound file, or a segment at the model's rate; None if there is no recording.
        dialogue: name of the dialogue; "" if it is not part of one.
        speaker: name of the speaker within the dialogue.
        track: number of the audio track of the recording, from 1; None for the first that is not silent.
    """

    name: str
    text: str = ""
    recording: Media | Segment | None = None
    dialogue: str = ""
    speaker: str = ""
    track: int | None = None


def read_utterances(text: str, recordings: Sequence[Path] = ()) -> list[Utterance]:
    """The utterances that the option `--text` means.

    Args:
        text: the path of a CSV with the columns `file, text, dialogue, speaker` (at least one of the first
            two; relative paths start at its folder), the path of a `.txt` whose lines are one dialogue, or
            the text itself.
        recordings: the recording of the text; at most one.

    Raises:
        UnsupportedMedia: the file cannot be read, or has no utterances.

    >>> read_utterances("Oh no!")
    [Utterance(name='Oh no!', text='Oh no!', recording=None, dialogue='', speaker='', track=None)]
    """
    path = Path(text)
    kind = path.suffix.lower() if "\n" not in text else ""
    if kind not in (".csv", ".txt"):
        if len(recordings) > 1:
            raise UnsupportedMedia(
                "--text is one text; for several recordings pass a CSV with the columns file and text"
            )
        file = recordings[0] if recordings else None
        return [Utterance(name=str(file or text), text=text.strip(), recording=file)]
    if recordings:
        raise UnsupportedMedia("names its recordings in its column file; pass no others", file=path)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UnsupportedMedia("there is no such file; check the path", file=path) from None
    except (OSError, UnicodeDecodeError) as cause:
        raise UnsupportedMedia(f"is not readable as UTF-8 text ({cause})", file=path) from cause
    if kind == ".csv":
        return _table(path, content)
    found = [
        Utterance(name=f"{path}:{number}", text=line.strip(), dialogue=str(path))
        for number, line in enumerate(content.split("\n"), start=1)
        if line.strip()
    ]
    if not found:
        raise UnsupportedMedia("has no text", file=path)
    return found


def _table(path: Path, content: str) -> list[Utterance]:
    rows = csv.DictReader(io.StringIO(content, newline=""))
    columns = rows.fieldnames or ()
    if not {"file", "text"} & set(columns):
        raise UnsupportedMedia(
            f"has neither a column file nor a column text, but {', '.join(columns) or 'nothing'}", file=path
        )
    found = []
    for number, row in enumerate(rows, start=2):
        values = {name: (row.get(name) or "").strip() for name in COLUMNS}
        file = path.parent / values["file"] if values["file"] else None
        if file is None and not values["text"]:
            raise UnsupportedMedia(f"line {number} has neither a file nor a text", file=path)
        found.append(
            Utterance(
                name=str(file or f"{path}:{number}"),
                text=values["text"],
                recording=file,
                dialogue=values["dialogue"],
                speaker=values["speaker"],
            )
        )
    if not found:
        raise UnsupportedMedia("has no rows", file=path)
    return found
