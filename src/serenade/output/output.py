"""Where the answers of a run go: to stdout, into one file, or into a file a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from serenade.errors import OutputError, SerenadeError
from serenade.files import hash_of, write_whole
from serenade.inference.prediction import Failure
from serenade.inference.recordings import outputs_for
from serenade.output.resumable import GROWING, Part
from serenade.output.table import table
from serenade.output.tally import Tally
from serenade.output.writers import FORMATS, ONE_RECORDING, Recording, write
from serenade.spec import Spec

Ask = Callable[[Sequence[Path]], Iterator[Recording]]
"""Answers for files, recording by recording."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """How a run's answers are written.

    Attributes:
        format: "table" or a key of `FORMATS`.
        spec: of the model that answers.
        over_time: the answers are timelines.
        out: file or, for a format of one recording and several recordings, folder; None for stdout.
        stdout: where to write without `out`.
        continues: whether an interrupted run of a format that can grow is gone on with.
        width: columns of the terminal that `stdout` is; None for no limit.
    """

    format: str
    spec: Spec
    over_time: bool
    out: Path | None
    stdout: TextIO
    continues: bool = True
    width: int | None = None

    def write(self, ask: Ask, files: Sequence[Path], *, tally: Tally) -> int:
        """Ask about all files and write the answers.

        Returns:
            How many files an interrupted run had answered already, and that were not asked again.

        Raises:
            OutputError: a place that cannot be written, or one place for several captions.
        """
        one_each = self.format in ONE_RECORDING
        if one_each and len(files) > 1 and (self.out is None or self.out.is_file()):
            raise OutputError(
                f"{self.format} is one file a recording; name a folder with --out", file=self.out
            )
        if not one_each and self.out is not None and self.out.is_dir():
            raise OutputError("is a folder; name a file with --out", file=self.out)
        if one_each and self.out is not None:
            self._one_each(self.out, tally.counted(ask(files)), files)
        elif self.out is None:
            for piece in self._pieces(tally.counted(ask(files)), files):
                self.stdout.write(piece)
                self.stdout.flush()
        elif self.format in GROWING and self.continues:
            return self._continued(self.out, ask, files, tally)
        else:
            with write_whole(self.out) as file:
                file.writelines(self._pieces(tally.counted(ask(files)), files))
        return 0

    def _pieces(self, recordings: Iterable[Recording], files: Sequence[Path]) -> Iterator[str]:
        if self.format != "table":
            return write(self.format, recordings, labels=self.spec.labels)
        return table(
            recordings,
            labels=self.spec.labels,
            files=[str(file) for file in files],
            times=self.over_time,
            width=self.width,
        )

    def _one_each(self, out: Path, recordings: Iterator[Recording], files: Sequence[Path]) -> None:
        suffix = ".TextGrid" if self.format == "textgrid" else f".{self.format}"
        places = outputs_for(files, out, suffix)
        if len(files) == 1 and not out.is_dir():
            places = {files[0]: out}
        for file, recording in zip(files, recordings, strict=True):
            if isinstance(recording[0], Failure):
                continue  # named at the end; an empty caption file would be taken for silence
            with write_whole(places[file]) as caption_file:
                caption_file.writelines(write(self.format, [recording], labels=self.spec.labels))

    def _continued(self, out: Path, ask: Ask, files: Sequence[Path], tally: Tally) -> int:
        part = Part(
            out,
            format=self.format,
            labels=self.spec.labels,
            begun_with={
                "timeline": self.over_time,
                "format": self.format,
                "model": hash_of(self.spec.to_dict()),
            },
        )
        before = [file for file in files if str(file) in part.done]
        asked = {str(file) for file in before}
        tally.add_earlier(len(before), failed={f: why for f, why in part.failed.items() if f in asked})
        try:
            for _ in part.extend(tally.counted(ask([file for file in files if str(file) not in part.done]))):
                pass
        except SerenadeError:
            part.forget_if_empty()
            raise
        part.finish()
        return len(before)


def format_of(out: Path | None) -> str:
    """The format that a file's name asks for; a table for stdout and for any other name.

    >>> format_of(Path("answers.jsonl")), format_of(None)
    ('jsonl', 'table')
    """
    suffix = "" if out is None else out.suffix.lower().lstrip(".")
    return suffix if suffix in FORMATS else "table"
