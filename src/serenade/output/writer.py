"""Where predictions go: to stdout, into one file, or into one file per recording."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from serenade.errors import OutputError
from serenade.files import is_stream, make_folder, output_error, protect_inputs, write_whole
from serenade.inference.prediction import Failure
from serenade.output.counts import PredictionCounts
from serenade.output.format import Layout, OutputFormat, Recording, known_suffixes
from serenade.output.paths import paths_per_recording
from serenade.output.resumable import ResumableFile, lock_output

Predict = Callable[[Sequence[Path]], Iterator[Recording]]
"""Yields the predictions for files, recording by recording, in order."""


@dataclass(frozen=True, kw_only=True)
class PredictionWriter:
    """How the predictions of a run are written.

    Attributes:
        format: the output format.
        labels: emotions that the model knows.
        out: a file, or a folder for a format of one file per recording; None for stdout.
        stdout: where to write without `out`.
        is_timeline: predictions are segments of a timeline.
        has_speakers: predictions have the names of speakers.
        settings: what the predictions depend on besides the recordings; None if no run can be continued.
        inputs: other files and folders that are read, such as the model; they are never overwritten.
        overwrite: replace a finished or unfinished file of another run.
        width: columns of the terminal that `stdout` is; None for no limit.
    """

    format: OutputFormat
    labels: Sequence[str]
    out: Path | None
    stdout: TextIO
    is_timeline: bool = False
    has_speakers: bool = False
    settings: Mapping[str, Any] | None = None
    inputs: Sequence[str | Path | None] = field(default=())
    overwrite: bool = False
    width: int | None = None

    def write(self, predict: Predict, files: Sequence[Path], *, counts: PredictionCounts) -> bool:
        """Predict for all files and write.

        Args:
            predict: is called with the files that are not done yet.
            files: the recordings.
            counts: what was predicted is added to it.

        Returns:
            False if the output was complete already, and nothing was predicted.

        Raises:
            OutputError: a place that cannot be written, that is an input, or that does not fit the format.
        """
        paths = self.paths(files)
        protect_inputs(paths.values(), [*files, *self.inputs])
        if self.out is None:
            self._to_stdout(counts.counted(predict(files)), files)
        elif is_stream(self.out):
            self._to_file(self.out, counts.counted(predict(files)), files)
        elif self.format.is_per_recording:
            self._per_recording(paths, counts.counted(predict(files)), files)
        else:
            out = Path(os.path.realpath(self.out))
            make_folder(out.parent)
            with lock_output(out):
                if self.format.is_resumable and self.settings is not None:
                    return self._resumable(out, self.settings, predict, files, counts)
                self._to_file(out, counts.counted(predict(files)), files)
        return True

    def paths(self, files: Sequence[Path]) -> dict[Path, Path]:
        """Return the output path of each recording.

        Raises:
            OutputError: the output does not fit the format.
        """
        if not self.format.is_per_recording:
            if self.out is not None and self.out.is_dir():
                raise OutputError("is a folder; name a file with --out", file=self.out)
            return {} if self.out is None else dict.fromkeys(files, self.out)
        if len(files) > 1 and (self.out is None or self._names_a_file(self.out)):
            raise OutputError(
                f"{self.format.name} has one file per recording, and there are {len(files):,} recordings; "
                f"name a folder: --format {self.format.name} --out FOLDER",
                file=self.out,
            )
        if self.out is None:
            return {}
        if self._names_a_file(self.out) or (self.out.suffix and not self.out.is_dir()):
            return dict.fromkeys(files, self.out)
        return paths_per_recording(files, self.out, suffix=self.format.suffixes[0])

    def _names_a_file(self, out: Path) -> bool:
        known = known_suffixes()
        return not out.is_dir() and (out.exists() or out.suffix.lower() in known)

    def _to_stdout(self, recordings: Iterator[Recording], files: Sequence[Path]) -> None:
        layout = self._layout(files, encoding=self.stdout.encoding or "utf-8", width=self.width)
        for text in self.format.write(recordings, layout):
            try:
                self.stdout.write(text)
                self.stdout.flush()
            except BrokenPipeError:
                raise  # the reader has seen enough (`| head`)
            except OSError as cause:
                raise output_error("standard output", cause) from cause

    def _to_file(self, out: Path, recordings: Iterator[Recording], files: Sequence[Path]) -> None:
        with write_whole(out) as file:
            file.writelines(self.format.write(recordings, self._layout(files)))

    def _per_recording(
        self, paths: Mapping[Path, Path], recordings: Iterator[Recording], files: Sequence[Path]
    ) -> None:
        for file, recording in zip(files, recordings, strict=True):
            # A failure is reported at the end; an empty caption file would be taken for silence.
            if not isinstance(recording[0], Failure):
                self._to_file(paths[file], iter([recording]), [file])

    def _resumable(
        self,
        out: Path,
        settings: Mapping[str, Any],
        predict: Predict,
        files: Sequence[Path],
        counts: PredictionCounts,
    ) -> bool:
        unfinished = ResumableFile(
            out,
            format=self.format,
            layout=self._layout(files),
            settings=settings,
            inputs=files,
            overwrite=self.overwrite,
        )
        try:
            unfinished.count_earlier(counts)
            if unfinished.is_complete:
                return False
            for _ in unfinished.extend(counts.counted(predict(unfinished.missing))):
                pass
            unfinished.finish()
        finally:
            unfinished.close()
        return True

    def _layout(self, files: Sequence[Path], *, encoding: str = "utf-8", width: int | None = None) -> Layout:
        return Layout(
            labels=self.labels,
            files=[str(file) for file in files],
            is_timeline=self.is_timeline,
            has_speakers=self.has_speakers,
            width=width,
            encoding=encoding,
        )
