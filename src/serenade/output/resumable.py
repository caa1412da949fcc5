"""A file of answers that grows recording by recording, and is continued after an interruption.

Until it is complete it is called F.part: one line that says what it was begun with, then the answers, each on
the disk before the next is asked for. At the end it becomes F, the same that an unbroken run would have made.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from serenade.errors import OutputError
from serenade.files import make_folder, output_error, write_whole
from serenade.output.writers import Recording, csv_columns, csv_rows, json_lines, write

GROWING = ("csv", "jsonl")
"""Formats that can be continued: their answers stand on their own."""


class Part:
    """The unfinished file beside `out`; what is there already is read on creation.

    Args:
        out: the final name.
        format: one of `GROWING`.
        labels: emotions that the model knows.
        begun_with: model and options; another run may only continue with the same.

    Attributes:
        done: files that are answered already.
        failed: those among them that could not be read, with the reason.

    Raises:
        OutputError: it was begun with something else, or cannot be read or written.
    """

    def __init__(
        self, out: str | Path, *, format: str, labels: Sequence[str], begun_with: Mapping[str, Any]
    ) -> None:
        self.out = Path(out)
        self.path = self.out.with_name(f"{self.out.name}.part")
        self.format = format
        self.labels = labels
        self.done: set[str] = set()
        self.failed: dict[str, str] = {}
        self._heading = json.dumps({"begun_with": begun_with}, sort_keys=True).encode() + b"\n"
        make_folder(self.path.parent)
        try:
            self._resume()
        except OSError as cause:
            raise output_error(self.path, cause) from cause

    def extend(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """Write answers as they come, and pass them on."""
        for recording in recordings:
            rows = csv_rows(recording, self.labels) if self.format == "csv" else json_lines(recording)
            try:
                with open(self.path, "ab") as part:
                    part.write(rows.encode() + _COMPLETE)
                    part.flush()
                    os.fsync(part.fileno())
            except OSError as cause:
                raise output_error(self.path, cause) from cause
            yield recording

    def forget_if_empty(self) -> None:
        """Remove the file if it holds no answer, so that nothing hinders a run with another model."""
        if self.path.exists() and self.path.stat().st_size <= len(self._heading):
            self.path.unlink()

    def finish(self) -> None:
        """Give the complete answers their name."""
        with open(self.path, encoding="utf-8", newline="") as part, write_whole(self.out) as out:
            part.readline()
            out.writelines(write(self.format, (), labels=self.labels))  # the head of a CSV
            out.writelines(line for line in part if line != "\n")
        self.path.unlink()

    def _resume(self) -> None:
        """Read what an earlier run left, and cut off what it had not finished."""
        if not self.path.exists():
            self.path.write_bytes(self._heading)
            return
        with open(self.path, "r+b") as part:
            heading = part.readline()
            if not heading.endswith(b"\n") and self._heading.startswith(heading):
                part.seek(0)  # killed in its first line
                part.write(self._heading)
                return
            if heading != self._heading:
                raise OutputError(
                    "was begun with another model or other options; delete it, or choose another --out",
                    file=self.path,
                )
            complete = part.tell()
            recording = b""
            for line in part:
                if line == _COMPLETE:
                    self._count(recording.decode())
                    complete += len(recording) + len(line)
                    recording = b""
                else:
                    recording += line
            part.truncate(complete)

    def _count(self, rows: str) -> None:
        if self.format == "csv":
            row = next(csv.DictReader(io.StringIO(rows), csv_columns(self.labels)))
            file, error = row["file"], row["error"]
        else:
            content = json.loads(rows.split("\n", 1)[0])
            file, error = content["file"], content.get("error", {}).get("message", "")
        self.done.add(file)
        if error:
            self.failed[file] = error


_COMPLETE = b"\n"
"""An empty line after the rows of a recording: a run killed between two of its rows leaves none."""
