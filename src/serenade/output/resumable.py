"""An output file that an interrupted run leaves unfinished and the next run continues.

Until it is complete, `F` is `F.part`: a line that says what the run was started with, then a line of JSON for
each recording, on the disk before the next recording is predicted. At the end the text of all recordings
becomes `F`, in the order of the inputs, equal to what an uninterrupted run writes. `.F.run.json` records what
`F` was made from, so that the same command again can tell that nothing is left to do.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from serenade.errors import OutputError
from serenade.files import fitting_name, lock, output_error, sha256_of, write_json, write_whole
from serenade.output.counts import PredictionCounts, RecordingCounts
from serenade.output.format import Layout, OutputFormat, Recording
from serenade.output.records import (
    VERSION,
    FinishedRecord,
    UnfinishedEntry,
    UnfinishedHead,
    input_changes,
    setting_changes,
    stamp_of,
)
from serenade.schema import SchemaError, build, parse_json, read_json

_START_ANEW = "choose another --out, or predict all again with --overwrite"


def lock_output(out: Path) -> AbstractContextManager[None]:
    """Hold the lock of an output file.

    Raises:
        OutputError: another process holds it.
    """
    busy = OutputError(
        "another serenade predict is writing this file; wait until it ends, or choose another --out", file=out
    )
    return lock(out.with_name(fitting_name(f".{out.name}", ".lock")), busy=busy)


class ResumableFile:
    """An output file with its unfinished form; to be used while its lock is held.

    Args:
        out: the final name, in a folder that is there.
        format: one with `is_resumable`.
        layout: labels and other things that the format needs.
        settings: what the predictions depend on besides the inputs, by a name that a message can show.
        inputs: all recordings, in order.
        overwrite: predict all again, whatever is there.

    Attributes:
        is_complete: the file is there, made with the same settings from the same inputs.
        missing: recordings that are still to be predicted.

    Raises:
        OutputError: the file, or its unfinished form, comes from another run, or cannot be read or written.
    """

    def __init__(
        self,
        out: Path,
        *,
        format: OutputFormat,
        layout: Layout,
        settings: Mapping[str, Any],
        inputs: Sequence[Path],
        overwrite: bool = False,
    ) -> None:
        self.out, self.format, self.layout = out, format, layout
        self.path = out.with_name(fitting_name(out.name, ".part"))
        self.record = out.with_name(fitting_name(f".{out.name}", ".run.json"))
        self.settings = {"format": format.name, **settings, "version of the records": VERSION}
        self.stamps = {str(file): stamp_of(file) for file in inputs}
        self._head = "".join(format.write([], layout))
        self._offsets: dict[str, int] = {}
        self._counts: dict[str, RecordingCounts] = {}
        self._file: IO[bytes] | None = None
        try:
            if overwrite:
                self.path.unlink(missing_ok=True)
            self.is_complete = not overwrite and not os.path.lexists(self.path) and self._read_finished()
            if not self.is_complete:
                self._file = self._open_unfinished()
                self._read_unfinished(self._file)
        except OSError as cause:
            raise output_error(self.path, cause) from cause
        self.missing = [file for file in inputs if str(file) not in self._counts]

    def count_earlier(self, counts: PredictionCounts) -> None:
        """Add the counts of the recordings that are done already."""
        for file, of_file in self._counts.items():
            counts.add(file, of_file, is_earlier=True)

    def extend(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """Write the predictions of `missing` as they arrive, and pass them on."""
        for file, recording in zip(map(str, self.missing), recordings, strict=True):
            text = "".join(self.format.write([recording], self.layout)).removeprefix(self._head)
            counts = RecordingCounts.of(recording)
            try:
                self._append(UnfinishedEntry(file=file, stamp=self.stamps[file], counts=counts, text=text))
            except OSError as cause:
                raise output_error(self.path, cause) from cause
            self._counts[file] = counts
            yield recording

    def texts(self) -> Iterator[str]:
        """What the format writes for each recording, in order; all must be done."""
        assert self._file is not None, "a complete file is not read again"
        for offset in map(self._offsets.__getitem__, self.stamps):
            self._file.seek(offset)
            yield json.loads(self._file.readline())["text"]

    def finish(self) -> None:
        """Write the complete file under its name."""
        assert self._file is not None, "a complete file needs no finish"
        with write_whole(self.out) as out:
            out.write(self._head)
            out.writelines(self.texts())
        record = FinishedRecord(
            settings=self.settings, output=sha256_of(self.out), stamps=self.stamps, counts=self._counts
        )
        write_json(self.record, record.to_dict(), indent=None)
        self._file.close()
        self.path.unlink()

    def close(self) -> None:
        """Close the unfinished file; remove it if it holds nothing, so that it hinders no other run."""
        if self._file is not None and not self._file.closed:
            # On a full disk the last bytes cannot be written now either; `extend` has reported it.
            with suppress(OSError):
                self._file.close()
            if not self._offsets:
                with suppress(OSError):
                    self.path.unlink()

    def _read_finished(self) -> bool:
        """Whether the file is there and comes from the same run; an error where it comes from another."""
        if not os.path.lexists(self.out) or not self.out.stat().st_size:
            return False
        try:
            record = build(FinishedRecord, read_json(self.record))
        except (OSError, SchemaError):
            record = None
        if record is None or record.output != sha256_of(self.out):
            raise OutputError(
                "exists, and is not what serenade predict wrote here last; choose another --out, "
                "or replace it with --overwrite",
                file=self.out,
            )
        changes = setting_changes(record.settings, self.settings) or input_changes(record.stamps, self.stamps)
        if changes:
            raise OutputError(f"is the output of another run ({changes}); {_START_ANEW}", file=self.out)
        self._counts = record.counts
        return True

    def _open_unfinished(self) -> IO[bytes]:
        """Open the unfinished file; a link that somebody put in its place is not followed."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(self.path, flags, 0o666)
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            os.close(handle)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return open(handle, "r+b")

    def _read_unfinished(self, file: IO[bytes]) -> None:
        """Read what an earlier run left, and cut off what it had not finished."""
        head = json.dumps(asdict(UnfinishedHead(settings=self.settings))).encode() + b"\n"
        line = file.readline()
        if not line.endswith(b"\n") and head.startswith(line):  # new, or killed in its first line
            file.seek(0)
            file.write(head)
            file.flush()
            return
        try:
            changes = setting_changes(build(UnfinishedHead, parse_json(line)).settings, self.settings)
            if changes:
                raise OutputError(f"is the start of another run ({changes}); {_START_ANEW}", file=self.path)
            complete = file.tell()
            for line in file:
                if not line.endswith(b"\n"):
                    break
                entry = build(UnfinishedEntry, parse_json(line))
                if self.stamps.get(entry.file) == entry.stamp:
                    self._offsets[entry.file], self._counts[entry.file] = complete, entry.counts
                complete += len(line)
        except SchemaError as cause:
            raise OutputError(f"is no unfinished output ({cause}); {_START_ANEW}", file=self.path) from cause
        file.truncate(complete)

    def _append(self, entry: UnfinishedEntry) -> None:
        assert self._file is not None, "a complete file is not extended"
        offset = self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(entry.to_dict()).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._offsets[entry.file] = offset
