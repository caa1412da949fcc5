"""Who speaks in which recordings, and when: what the option `--speakers` names."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serenade.errors import UnsupportedMedia
from serenade.inference.speech_segments import SpeakerAt

FOLDER, COLUMN = "folder", "column:"
"""Values of `--speakers` that name no file: each sub-folder is a speaker; a column of the table of texts."""

_SPEC = "an RTTM file (.rttm), a CSV file with the columns file and speaker (.csv), folder, or column:NAME"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Some time in which a speaker talks.

    Attributes:
        speaker: name.
        start: in seconds.
        end: in seconds; infinity for all of the recording.
    """

    speaker: str
    start: float = 0.0
    end: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Speakers:
    """The speakers of some recordings.

    Attributes:
        turns: of each recording, by its name in its prediction.
        unknown: names of recordings in the file of speakers that are not predicted.

    >>> call = [Turn(speaker="Ann", end=4.0), Turn(speaker="Bob", start=4.0, end=9.0)]
    >>> speakers = Speakers(turns={"call.wav": call})
    >>> speakers.of("call.wav", start=0.0, end=5.0), speakers.of("other.wav", start=0.0, end=5.0)
    ('Ann', '')
    """

    turns: Mapping[str, Sequence[Turn]]
    unknown: tuple[str, ...] = ()

    def of(self, file: str, *, start: float, end: float) -> str:
        """The speaker who talks most between two times in seconds; "" if none does, or two equally long."""
        seconds: dict[str, float] = defaultdict(float)
        for turn in self.turns.get(file, ()):
            seconds[turn.speaker] += max(0.0, min(end, turn.end) - max(start, turn.start))
        ranked = sorted(seconds.items(), key=lambda pair: -pair[1])
        if not ranked or ranked[0][1] <= 0:
            return ""
        is_tied = len(ranked) > 1 and math.isclose(ranked[0][1], ranked[1][1], abs_tol=1e-3)
        return "" if is_tied else ranked[0][0]

    def track(self, file: str) -> SpeakerAt:
        """The speaker at any time of a recording, by `of`; fast for times that increase.

        >>> at = Speakers(turns={"a.wav": [Turn(speaker="Ann", end=4.0)]}).track("a.wav")
        >>> at(0.0, 0.5), at(4.0, 4.5)
        ('Ann', '')
        """
        coming = deque(sorted(self.turns.get(file, ()), key=lambda turn: turn.start))
        current: list[Turn] = []

        def speaker_at(start: float, end: float) -> str:
            current[:] = [turn for turn in current if turn.end > start]
            while coming and coming[0].start < end:
                current.append(coming.popleft())
            return Speakers(turns={file: current}).of(file, start=start, end=end)

        return speaker_at


def read_speakers(spec: str, files: Sequence[Path], *, folders: Iterable[str | Path] = ()) -> Speakers:
    """Read what `--speakers` names.

    Args:
        spec: "folder": each sub-folder of `folders` is one speaker. For recordings without a sub-folder it is
            their folder, unless that is the only one in `folders`. Or the path of an RTTM file, whose
            recordings are named by file name, with or without suffix. Or the path of a CSV file with the
            columns `file, speaker`, and `start, end` in seconds if a recording has several speakers; relative
            paths start at its folder, and a file name alone is enough.
        files: the recordings that are predicted.
        folders: folders among the arguments.

    Raises:
        UnsupportedMedia: another value, a file that cannot be read, or one that names none of the recordings.
    """
    if spec == FOLDER:
        passed = [path for path in map(Path, folders) if path.is_dir()]
        of_file = {str(file): _sub_folder(file, passed) for file in files}
        if not any(of_file.values()):
            raise UnsupportedMedia(
                "--speakers folder: each sub-folder is a speaker, and the recordings are in no sub-folder"
            )
        return Speakers(turns={file: [Turn(speaker=name)] for file, name in of_file.items() if name})
    path, kind = Path(spec), Path(spec).suffix.lower()
    if kind not in (".rttm", ".csv"):
        raise UnsupportedMedia(f"--speakers takes {_SPEC}, not {spec!r:.80}")
    named = _read_rttm(path) if kind == ".rttm" else _read_csv(path)
    turns, unknown = _by_recording(path, named, files)
    if not turns:
        raise UnsupportedMedia(
            f"names none of the {len(files):,} recordings; it names {next(iter(named))!r:.80}, and the first "
            f"recording is {str(files[0]) if files else 'missing'!r:.80}",
            file=path,
        )
    return Speakers(turns=turns, unknown=unknown)


def read_speaker_column(spec: str, table: str | Path, names: Sequence[str]) -> Speakers:
    """Read the column of a table of utterances that `--speakers column:NAME` names.

    Args:
        spec: "column:NAME".
        table: a CSV file.
        names: of the utterances of its rows, in order.

    Raises:
        UnsupportedMedia: there is no such column, or it is empty.
    """
    column = spec.removeprefix(COLUMN)
    rows = _rows(Path(table), needs=(column,))
    turns = {
        name: [Turn(speaker=speaker)]
        for name, (_, row) in zip(names, rows, strict=True)
        if (speaker := (row[column] or "").strip())
    }
    if not turns:
        raise UnsupportedMedia(f"has no speaker in its column {column!r}", file=table)
    return Speakers(turns=turns)


def _sub_folder(file: Path, folders: Sequence[Path]) -> str:
    """The folder that stands for the speaker of a file; "" for none."""
    for folder in folders:
        if folder in file.parents:
            inner = file.relative_to(folder).parts
            if len(inner) > 1:
                return str(folder / inner[0])
            return str(folder) if len(folders) > 1 else ""
    return str(file.parent)


def _read_rttm(path: Path) -> dict[str, list[Turn]]:
    """The turns of an RTTM file (NIST Rich Transcription 2009) by name of the recording."""
    named: dict[str, list[Turn]] = defaultdict(list)
    for number, line in enumerate(_text(path).splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        if len(fields) < 8:
            raise UnsupportedMedia(
                f"line {number} has {len(fields)} fields, and RTTM has at least 8", file=path
            )
        start = _seconds(fields[3], path, number)
        named[fields[1]].append(
            Turn(speaker=fields[7], start=start, end=start + _seconds(fields[4], path, number))
        )
    if not named:
        raise UnsupportedMedia("has no line that begins with SPEAKER, so it is no RTTM file", file=path)
    return named


def _read_csv(path: Path) -> dict[str, list[Turn]]:
    named: dict[str, list[Turn]] = defaultdict(list)
    whole: dict[str, tuple[int, str]] = {}
    for number, row in _rows(path, needs=("file", "speaker")):
        file, speaker, start, end = (
            (row.get(name) or "").strip() for name in ("file", "speaker", "start", "end")
        )
        if not file:
            raise UnsupportedMedia(f"line {number} has no file", file=path)
        if speaker:
            first = _seconds(start, path, number) if start else 0.0
            last = _seconds(end, path, number) if end else math.inf
            if last <= first:
                raise UnsupportedMedia(f"line {number} ends at {end} s, before its start", file=path)
            if not start and not end:
                line, other = whole.setdefault(file, (number, speaker))
                if other != speaker:
                    raise UnsupportedMedia(
                        f"lines {line} and {number} name two speakers of {file!r:.80}, {other!r:.40} and "
                        f"{speaker!r:.40}, without times; add the columns start and end in seconds",
                        file=path,
                    )
            named[file].append(Turn(speaker=speaker, start=first, end=last))
    if not named:
        raise UnsupportedMedia("has no speakers", file=path)
    return named


def _by_recording(
    path: Path, named: Mapping[str, Sequence[Turn]], files: Sequence[Path]
) -> tuple[dict[str, Sequence[Turn]], tuple[str, ...]]:
    """The turns of each recording, found by its path, else by its name with or without suffix."""
    by_path = {_absolute(file): file for file in files}
    by_name: dict[str, set[Path]] = defaultdict(set)
    for file in files:
        by_name[file.name].add(file)
        by_name[file.stem].add(file)
    turns: dict[str, Sequence[Turn]] = {}
    unknown = []
    for name, its_turns in named.items():
        exact = by_path.get(_absolute(path.parent / name)) or by_path.get(_absolute(Path(name)))
        found = {exact} if exact else by_name.get(name, set())
        if len(found) > 1:
            raise UnsupportedMedia(
                f"names {name!r:.80}, which could be {len(found)} recordings; use a CSV file with paths",
                file=path,
            )
        if not found:
            unknown.append(name)
        for file in found:
            turns[str(file)] = [*turns.get(str(file), ()), *its_turns]
    return turns, tuple(unknown)


def _absolute(path: Path) -> str:
    return str(path.expanduser().resolve())


def _rows(path: Path, *, needs: Sequence[str]) -> list[tuple[int, dict[str, str | None]]]:
    """The rows of a CSV file with their line numbers; the file must have some columns."""
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    columns = reader.fieldnames or ()
    if missing := [name for name in needs if name not in columns]:
        raise UnsupportedMedia(
            f"has no column {' and no column '.join(map(repr, missing))}, but "
            f"{', '.join(map(repr, columns)) or 'nothing':.200}",
            file=path,
        )
    return [(reader.line_num, row) for row in reader]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UnsupportedMedia("there is no such file; check the path", file=path) from None
    except (OSError, UnicodeDecodeError) as cause:
        raise UnsupportedMedia(f"is not readable as UTF-8 text ({cause})", file=path) from cause


def _seconds(text: str, path: Path, number: int) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UnsupportedMedia(f"line {number} has {text!r:.40} where seconds are needed", file=path)
    return seconds
