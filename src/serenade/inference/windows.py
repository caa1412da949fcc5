"""How a long recording is cut into windows, and the predictions of a recording of any length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np

from serenade.errors import ModelError
from serenade.inference.aggregate import mean_prediction
from serenade.inference.arrays import Waveform
from serenade.inference.graph import Graph
from serenade.inference.parallel import Progress
from serenade.inference.prediction import Prediction
from serenade.inference.running import RunningAdaptation
from serenade.inference.segment import Segment, measure
from serenade.inference.sound import Sound
from serenade.inference.speakers import Speakers
from serenade.inference.speech_segments import MAX_SEGMENT_S
from serenade.inference.timeline import MIN_HOP_S, speech_timeline, timeline, with_last

WINDOW_S = 5.0
"""Default window of a model that was trained on whole clips: the longest of CREMA-D have 5 s."""

MAX_WINDOW_S = 60.0
"""Longest window of such a model."""


Segments = Literal["windows", "speech"]
"""How a timeline is cut: windows at a fixed hop, or segments by speech detection."""


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Windows of a long recording.

    Attributes:
        rate_hz: the model's rate.
        window: length of a window in samples.
        hop: samples from the start of one window to the start of the next.
        whole: recordings of up to so many samples are predicted whole.
        speech: the recording is cut into segments by speech detection, of at most `window` samples.
    """

    rate_hz: int
    window: int
    hop: int
    whole: int
    speech: bool = False

    @classmethod
    def of(cls, graph: Graph, *, window_s: float | None = None, hop_s: float | None = None) -> Windows:
        """The windows of a timeline.

        Args:
            graph: a model of sound alone.
            window_s: length in seconds; None for what the model was trained on, or `WINDOW_S`.
            hop_s: seconds from one window to the next; None for half a window.

        Raises:
            ModelError: a length out of range.
        """
        longest_s = graph.spec.front_end.max_duration_s
        if window_s is None:
            window_s = longest_s or WINDOW_S
        elif not MIN_HOP_S <= window_s <= (longest_s or MAX_WINDOW_S):
            limits = f"{MIN_HOP_S:g} to {longest_s or MAX_WINDOW_S:g} s"
            raise ModelError(f"takes windows of {limits}, not {window_s:g} s", file=graph.file)
        if hop_s is None:
            hop_s = window_s / 2
        elif not MIN_HOP_S <= hop_s <= window_s:
            limits = f"{MIN_HOP_S:g} s to a whole window ({window_s:g} s)"
            raise ModelError(f"takes hops of {limits}, not {hop_s:g} s", file=graph.file)
        rate_hz = graph.spec.front_end.rate_hz
        window, hop = round(window_s * rate_hz), round(hop_s * rate_hz)
        return cls(rate_hz=rate_hz, window=window, hop=hop, whole=window)

    @classmethod
    def of_speech(cls, graph: Graph, *, longest_s: float | None = None) -> Windows:
        """Segments by speech detection.

        Args:
            graph: as for `of`.
            longest_s: length of the longest segment; None for what the model was trained on, or 10 s.

        Raises:
            ModelError: a length out of range.
        """
        longest_s = longest_s or min(graph.spec.front_end.max_duration_s or math.inf, MAX_SEGMENT_S)
        if longest_s < 1:
            raise ModelError(f"takes segments of at least 1 s, not {longest_s:g} s", file=graph.file)
        return replace(cls.of(graph, window_s=longest_s), whole=0, speech=True)

    @classmethod
    def of_predict(cls, graph: Graph) -> Windows:
        """The windows for one prediction of a recording: whole if the model was trained on such lengths."""
        windows = cls.of(graph)
        longest_s = graph.spec.front_end.max_duration_s or 2 * WINDOW_S
        return replace(windows, whole=round(longest_s * windows.rate_hz))

    @property
    def block_s(self) -> float:
        """Length of the blocks in which a recording is read."""
        return self.hop / self.rate_hz


def mean_of(rows: Iterator[Prediction], *, unsure_below: float) -> Prediction:
    """The only prediction, or the mean of several, "unsure" if its confidence is below a threshold."""
    first, second = next(rows), next(rows, None)
    if second is None:
        return first
    return mean_prediction(chain((first, second), rows), unsure_below=unsure_below)


def read_start(sound: Sound, windows: Windows) -> tuple[list[Waveform], Segment | None]:
    """Read a recording as far as shows whether it is predicted whole.

    Returns:
        The blocks that were read, and the whole recording; None if it is longer than `windows.whole`.
    """
    start, size = [], 0
    for block in sound.blocks:
        start.append(block)
        size += len(block)
        if size > windows.whole:
            return start, None
    segment = measure(
        np.concatenate(start),
        rate_hz=windows.rate_hz,
        source_rate_hz=sound.source_rate_hz,
        warnings=sound.warnings,
    )
    return start, segment


def predict_rows(
    graph: Graph,
    sound: Sound,
    windows: Windows,
    *,
    progress: Progress | None,
    speakers: Speakers | None = None,
    adapt: bool = True,
) -> Iterator[Prediction]:
    """The timeline of a recording; one prediction if it is no longer than `windows.whole`."""
    speaker_at = speakers.track(sound.name or "") if speakers is not None else None
    rows: Iterator[Prediction]
    if windows.speech:
        rows = speech_timeline(
            graph,
            sound.blocks,
            longest=windows.window,
            source_rate_hz=sound.source_rate_hz,
            file=sound.name,
            speaker_at=speaker_at,
            adapt=adapt,
        )
        yield from _finished(rows, sound, progress=progress)
        return
    start, segment = read_start(sound, windows)
    if segment is not None:
        scores = graph.rows([segment.samples])[0] if segment.has_speech else None
        speaker = speaker_at(0.0, segment.quality.duration_s) if speaker_at is not None else ""
        yield RunningAdaptation(graph, adapt=adapt).prediction(
            scores, speaker=speaker, quality=segment.quality, file=sound.name
        )
        return
    rows = timeline(
        graph,
        chain(start, sound.blocks),
        window=windows.window,
        hop=windows.hop,
        source_rate_hz=sound.source_rate_hz,
        file=sound.name,
        speaker_at=speaker_at,
        adapt=adapt,
    )
    yield from _finished(rows, sound, progress=progress)


def _finished(rows: Iterator[Prediction], sound: Sound, *, progress: Progress | None) -> Iterator[Prediction]:
    """The same rows; the last has the warnings of the recording, and progress is reported."""
    for row, is_last in with_last(rows):
        quality = replace(row.quality, warnings=sound.warnings) if is_last else row.quality
        yield replace(row, quality=quality)
        if progress is not None:
            progress(sound.name or "", row.end)
