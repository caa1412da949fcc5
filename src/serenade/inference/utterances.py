"""What is said, with or without its sound: a text, the lines of a file, or a table of utterances."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from serenade.errors import UnsupportedMedia

COLUMNS = ("file", "text", "dialogue", "speaker")
"""Of a table; `file` or `text` at the least."""


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One thing said.

    Attributes:
        name: what the answer is called by: the recording, else the line it stands on, else the text.
        text: "" where it is not known.
        file: the recording; None where there is none.
        dialogue: utterances in a row of the same dialogue belong together; "" is one on its own.
        speaker: who says it, within the dialogue.
    """

    name: str
    text: str = ""
    file: Path | None = None
    dialogue: str = ""
    speaker: str = ""


def read_utterances(text: str, recordings: Sequence[Path] = ()) -> list[Utterance]:
    """The utterances that `--text` means.

    Args:
        text: a CSV with the columns `file, text, dialogue, speaker` (files beside it; any but one of the
            first two may lack), a `.txt` whose lines are one dialogue, or the text itself.
        recordings: the recording of which `text` is the text; one at most.

    Raises:
        UnsupportedMedia: the file cannot be read, or does not say what is needed.

    >>> read_utterances("Oh no!")
    [Utterance(name='Oh no!', text='Oh no!', file=None, dialogue='', speaker='')]
    """
    path = Path(text)
    kind = path.suffix.lower() if "\n" not in text else ""
    if kind not in (".csv", ".txt"):
        if len(recordings) > 1:
            raise UnsupportedMedia("--text is one text; of several recordings give a CSV with file and text")
        file = recordings[0] if recordings else None
        return [Utterance(name=str(file or text), text=text.strip(), file=file)]
    if recordings:
        raise UnsupportedMedia(
            "names its recordings itself, in a column file; leave the others away", file=path
        )
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UnsupportedMedia("there is no such file; check the path", file=path) from None
    except (OSError, UnicodeDecodeError) as cause:
        raise UnsupportedMedia(f"is not a readable text in UTF-8 ({cause})", file=path) from cause
    if kind == ".csv":
        return _table(path, content)
    found = [
        Utterance(name=f"{path}:{number}", text=line.strip(), dialogue=str(path))
        for number, line in enumerate(content.split("\n"), start=1)
        if line.strip()
    ]
    if not found:
        raise UnsupportedMedia("holds no text", file=path)
    return found


def dialogues_of(utterances: Iterable[Utterance]) -> list[list[Utterance]]:
    """Utterances in a row of the same dialogue, together; one without a dialogue alone.

    >>> said = [Utterance(name="1", dialogue="a"), Utterance(name="2", dialogue="a"), Utterance(name="3")]
    >>> [len(dialogue) for dialogue in dialogues_of(said)]
    [2, 1]
    """
    groups = groupby(enumerate(utterances), key=lambda pair: pair[1].dialogue or pair[0])
    return [[utterance for _, utterance in group] for _, group in groups]


def speakers_of(dialogue: Iterable[Utterance]) -> list[int]:
    """Who says each, numbered in the order in which they come in.

    >>> speakers_of([Utterance(name=str(n), speaker=who) for n, who in enumerate(["Ross", "Joey", "Ross"])])
    [0, 1, 0]
    """
    numbers: dict[str, int] = {}
    return [numbers.setdefault(utterance.speaker, len(numbers)) for utterance in dialogue]


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
                file=file,
                dialogue=values["dialogue"],
                speaker=values["speaker"],
            )
        )
    if not found:
        raise UnsupportedMedia("has no rows", file=path)
    return found
