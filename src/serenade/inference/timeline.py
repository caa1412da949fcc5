"""Emotion over time in recordings longer than one window.

Windows of one length follow each other at a fixed hop. The row for each hop is the mean of the predictions of
all windows that overlap it, weighted by their speech and by the overlap. Memory does not grow with the
recording.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, takewhile
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from serenade.audio.vad import SpeechDetector
from serenade.inference.arrays import Waveform
from serenade.inference.graph import Graph
from serenade.inference.prediction import Prediction
from serenade.inference.running import RunningAdaptation
from serenade.inference.segment import MIN_SPEECH_S, Segment, measure, quality_of
from serenade.inference.speech_segments import SpeakerAt, SpeechSegmenter

T = TypeVar("T")

MIN_HOP_S = 0.25
"""Shortest hop. A remainder shorter than this at the end belongs to the row and the window before it."""


@dataclass(frozen=True)
class _Window:
    """One window: its bounds in samples, its row of `Graph.rows` and its share of speech."""

    start: int
    end: int
    scores: npt.NDArray[np.float64]
    speech_ratio: float


@dataclass(frozen=True)
class _Row:
    """One hop of the recording, from `start` to `end` in samples."""

    start: int
    segment: Segment

    @property
    def end(self) -> int:
        return self.start + len(self.segment.samples)

    def share(self, start: int, end: int) -> float:
        """How much of the row is between two bounds, 0 to 1."""
        return max(0, min(self.end, end) - max(self.start, start)) / (self.end - self.start)


def timeline(
    graph: Graph,
    blocks: Iterable[Waveform],
    *,
    window: int,
    hop: int,
    source_rate_hz: int | None = None,
    file: str | None = None,
    speaker_at: SpeakerAt | None = None,
    adapt: bool = True,
) -> Iterator[Prediction]:
    """Predict for each hop of a recording as it arrives.

    Args:
        graph: a model of sound alone.
        blocks: the recording at the model's rate, each block `hop` samples long; the last may be shorter.
        window: length of a window in samples, at least `hop`.
        hop: samples from the start of one window to the start of the next.
        source_rate_hz: the recording's own rate.
        file: name of the recording.
        speaker_at: who speaks when.
        adapt: adapt predictions to each speaker as the recording goes on.

    Yields:
        One prediction for each hop, without gaps or overlap.
    """
    rate_hz = graph.spec.front_end.rate_hz
    remainder = round(MIN_HOP_S * rate_hz)
    detector = SpeechDetector(rate_hz=rate_hz)
    running = RunningAdaptation(graph, adapt=adapt)
    rows: deque[_Row] = deque()  # those that a window to come can overlap
    windows: deque[_Window] = deque()  # those that a row to come can overlap
    start = end = covered = 0
    for block, is_last in with_last(_without_remainder(blocks, least=remainder)):
        segment = measure(block, rate_hz=rate_hz, source_rate_hz=source_rate_hz, detector=detector)
        rows.append(_Row(end, segment))
        end += len(block)
        while rows and (is_last or start + window <= end):
            # No window begins after one has reached the end.
            if covered < end:
                covered = start + window
                covered = end if is_last and end - covered < remainder else covered
                windows.extend(_predict_window(graph, rows, start, covered))
            row = rows.popleft()
            scores = _mean_scores(row, windows) if row.segment.has_speech else None
            quality = row.segment.quality
            begin, stop = row.start / rate_hz, row.end / rate_hz
            speaker = speaker_at(begin, stop) if speaker_at is not None else ""
            yield running.prediction(scores, speaker=speaker, quality=quality, start=begin, file=file)
            start += hop
            while windows and windows[0].end <= start:
                windows.popleft()


def speech_timeline(
    graph: Graph,
    blocks: Iterable[Waveform],
    *,
    longest: int,
    source_rate_hz: int | None = None,
    file: str | None = None,
    speaker_at: SpeakerAt | None = None,
    adapt: bool = True,
) -> Iterator[Prediction]:
    """Predict for each segment that speech detection finds, and for each segment without speech.

    Args:
        graph: as for `timeline`, as all that is not named here.
        blocks: the recording at the model's rate, in blocks of any length.
        longest: samples of the longest segment.
        source_rate_hz: the recording's own rate.
        file: name of the recording.
        speaker_at: who speaks when; a segment ends where the speaker changes.
        adapt: as for `timeline`.

    Yields:
        One prediction for each segment, without gaps or overlap.
    """
    rate_hz = graph.spec.front_end.rate_hz
    segmenter = SpeechSegmenter(rate_hz=rate_hz, max_s=longest / rate_hz, speaker_at=speaker_at)
    running = RunningAdaptation(graph, adapt=adapt)
    no_sound = np.zeros(0, dtype=np.float32)
    for block, is_last in with_last(chain(blocks, [no_sound])):
        for segments in segmenter.steps(block, last=is_last):
            for segment in segments:
                quality = quality_of(
                    segment.samples, rate_hz=rate_hz, speech_s=segment.speech_s, source_rate_hz=source_rate_hz
                )
                has_speech = segment.speech_s >= MIN_SPEECH_S
                scores = graph.rows([segment.samples])[0] if has_speech else None
                start = segment.start / rate_hz
                yield running.prediction(
                    scores, speaker=segment.speaker, quality=quality, start=start, file=file
                )


def with_last(items: Iterable[T]) -> Iterator[tuple[T, bool]]:
    """Each item, and whether it is the last.

    >>> list(with_last("ab"))
    [('a', False), ('b', True)]
    """
    iterator = iter(items)
    for item in iterator:
        for following in iterator:
            yield item, False
            item = following
        yield item, True


def _without_remainder(blocks: Iterable[Waveform], *, least: int) -> Iterator[Waveform]:
    """The same sound; a last block shorter than `least` is joined to the one before it."""
    before: Waveform | None = None
    for block in blocks:
        if before is not None and len(block) < least:
            block = np.concatenate([before, block])
        elif before is not None:
            yield before
        before = block
    if before is not None and len(before):
        yield before


def _predict_window(graph: Graph, rows: Iterable[_Row], start: int, end: int) -> Iterator[_Window]:
    """Predict for one window; nothing if it has no speech."""
    inside = list(takewhile(lambda row: row.start < end, rows))
    if any(row.segment.has_speech for row in inside):
        samples = np.concatenate([row.segment.samples for row in inside])[: end - start]
        speech_s = sum(row.segment.speech_s * row.share(start, end) for row in inside)
        duration_s = len(samples) / graph.spec.front_end.rate_hz
        yield _Window(start, end, graph.rows([samples])[0], speech_s / duration_s)


def _mean_scores(row: _Row, windows: Iterable[_Window]) -> npt.NDArray[np.float64]:
    over = [window for window in windows if row.share(window.start, window.end)]
    weights = [window.speech_ratio * row.share(window.start, window.end) for window in over]
    mean: npt.NDArray[np.float64] = np.average([window.scores for window in over], axis=0, weights=weights)
    return mean
