"""Figures, pages and summaries of timelines, made while their predictions are written."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from serenade.files import write_whole
from serenade.inference.model import Model
from serenade.inference.prediction import Prediction
from serenade.inference.smoothing import smoothed
from serenade.inference.windows import mean_of
from serenade.output.format import Recording
from serenade.output.paths import paths_per_recording
from serenade.output.summary import SpeakerSummary, summaries_of
from serenade.text import counted, json_text, printable

MAX_SHOWN = 12
"""Summaries of more speakers and recordings than this are not printed."""


def smoothed_recordings(recordings: Iterable[Recording], unsure_below: float) -> Iterator[Recording]:
    """Smooth the timeline of each recording; failures stay as they are."""
    for recording in recordings:
        rows = [row for row in recording if isinstance(row, Prediction)]
        yield smoothed(rows, unsure_below=unsure_below) if rows else recording


@dataclass(frozen=True, kw_only=True)
class TimelineViews:
    """What is made of each timeline besides the output of a format.

    Attributes:
        files: all recordings.
        labels: emotions that predictions are restricted to.
        figures: folder for a PNG per recording.
        pages: folder for an HTML page per recording.
        track: audio track of the recordings.
        summaries: of the recordings so far, by name.
    """

    files: Sequence[Path]
    labels: Sequence[str]
    figures: Path | None = None
    pages: Path | None = None
    track: int | None = None
    summaries: dict[str, list[SpeakerSummary]] = field(default_factory=dict)

    def paths(self) -> dict[Path, list[Path]]:
        """Return the figure and page of each recording."""
        kinds = [(self.figures, ".png"), (self.pages, ".html")]
        made = [paths_per_recording(self.files, folder, suffix=suffix) for folder, suffix in kinds if folder]
        return {file: [paths[file] for paths in made] for file in self.files}

    def made(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """Pass recordings on, and make their figures, pages and summaries."""
        paths = self.paths()
        for recording in recordings:
            rows = [row for row in recording if isinstance(row, Prediction)]
            if rows:
                self.add(rows, paths[Path(rows[0].file or "")])
            yield recording

    def add(self, rows: Sequence[Prediction], paths: Iterable[Path]) -> None:
        """Summarise a timeline, and draw it to some paths."""
        self.summaries[rows[0].file or ""] = summaries_of(rows)
        for out in paths:
            if out.suffix == ".html":
                from serenade.output.page import write_page

                write_page(rows, labels=self.labels, out=out, track=self.track)
            else:
                from serenade.output.figures import draw

                whole = mean_of(iter(rows), unsure_below=0.0)
                draw(whole, rows, labels=self.labels, out=out, track=self.track)

    def make_all(self, model: Model, files: Sequence[Path]) -> None:
        """Predict the timelines of recordings, and draw them."""
        paths = self.paths()
        for file in files:
            self.add([*model.timeline(file, track=self.track)], paths[file])

    def report(self, readable: Sequence[Path]) -> None:
        """Print on stderr the summaries of few recordings, and which readable ones were not drawn."""
        shown = [(file, summary) for file, summaries in self.summaries.items() for summary in summaries]
        for file, summary in shown if len(shown) <= MAX_SHOWN else ():
            print(printable(f"{Path(file).name}: {summary}"), file=sys.stderr)
        if missing := self.missing(readable):
            number = counted(len(missing), "recording")
            print(f"{number} without a figure or page; --overwrite predicts all again", file=sys.stderr)

    def missing(self, readable: Sequence[Path]) -> list[Path]:
        """Return the readable recordings without a figure or page, such as those of an earlier run."""
        paths = self.paths()
        return [file for file in readable if not all(path.exists() for path in paths[file])]

    def write_summary(self, out: Path) -> None:
        """Write the summaries of all recordings as JSON, by name of the recording.

        Raises:
            OutputError: it cannot be written.
        """
        content = {
            file: [summary.to_dict() for summary in summaries] for file, summaries in self.summaries.items()
        }
        with write_whole(out) as file:
            file.write(json_text(content, indent=2) + "\n")
