"""Predictions while sound arrives, from a microphone or over a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from serenade.audio.vad import FRAME_S
from serenade.errors import ModelError
from serenade.inference.arrays import Waveform, waveform_of, whole_rate
from serenade.inference.events import Event, Result, UtteranceEnd, UtteranceStart
from serenade.inference.graph import Graph
from serenade.inference.prediction import Prediction
from serenade.inference.running import RunningAdaptation
from serenade.inference.segment import MIN_SPEECH_S, quality_of
from serenade.inference.speech_segments import (
    MAX_SEGMENT_S,
    STEP_S,
    SpeechSegment,
    SpeechSegmenter,
)

INTERVAL_S = 1.5
"""Default time between two provisional results."""

WINDOW_S = 2.0
"""Default length of the sound of a provisional result."""

_THE_SPEAKER = "the speaker"
_MIN_S = 0.25
_MAX_RESULT_S = 60.0


class Stream:
    """Takes sound block by block and returns events; see `serenade.inference.model.Model.stream`.

    Events depend on the sound alone, not on how it is cut into blocks. The scores of each prediction are
    those of `Model.predict` for the same samples, from `start` to `end`. Memory does not grow with time.

    Latency, besides the time that the computation takes: the end of an utterance is reported at most
    `latency_s` after the last frame in which speech is detected. Its start and provisional results are
    reported in the step of speech detection (0.512 s) in which they are due.

    Attributes:
        latency_s: seconds from the end of speech to the final result, at most.

    >>> from serenade import load_model
    >>> stream = load_model("model.onnx").stream()
    >>> stream.push(np.zeros(1600, dtype=np.float32))
    []
    >>> stream.finish()
    []
    """

    def __init__(
        self, graph: Graph, *, rate: int, interval_s: float, window_s: float, silence_s: float, adapt: bool
    ) -> None:
        _require("interval_s", interval_s, low=_MIN_S)
        longest_s = graph.spec.front_end.max_duration_s or MAX_SEGMENT_S
        _require("window_s", window_s, low=_MIN_S, high=longest_s)
        _require("silence_s", silence_s, low=2 * FRAME_S)
        rate_hz = graph.spec.front_end.rate_hz
        self._graph = graph
        self._rate, self._rate_hz = whole_rate(rate), rate_hz
        self._interval, self._window = round(interval_s * rate_hz), round(window_s * rate_hz)
        self._resampler: Any = None
        if self._rate != rate_hz:
            self._resampler = soxr.ResampleStream(self._rate, rate_hz, 1, dtype="float32", quality="HQ")
        self._segmenter = SpeechSegmenter(
            rate_hz=rate_hz, silence_s=silence_s, max_s=min(longest_s, MAX_SEGMENT_S)
        )
        if adapt and graph.spec.adaptation is None:
            raise ModelError("has no speaker adaptation; leave adapt= out", file=graph.file)
        self._speaker, self._running = _THE_SPEAKER if adapt else "", RunningAdaptation(graph)
        self._utterance = 0
        self._reported: int | None = None  # start of the utterance that goes on
        self._due = 0
        self._is_finished = False
        self.latency_s = silence_s + STEP_S

    def push(self, block: npt.ArrayLike) -> list[Event]:
        """Take the next sound, and return what happened in it.

        Args:
            block: as for `serenade.inference.arrays.waveform_of`, of any length; it may be empty.

        Raises:
            UnsupportedMedia: samples that are not finite, or of another shape or type.
            ModelError: the stream is finished.
        """
        if self._is_finished:
            raise ModelError("the stream is finished; begin another one with Model.stream()")
        if not np.size(np.asarray(block)):
            return []
        samples = waveform_of(block, rate=self._rate, rate_hz=self._rate)
        return self._events(samples)

    def finish(self) -> list[Event]:
        """End the stream: return the events of the sound that is left, with the end of the utterance."""
        if self._is_finished:
            return []
        self._is_finished = True
        return self._events(np.zeros(0, dtype=np.float32), last=True)

    def _events(self, samples: Waveform, *, last: bool = False) -> list[Event]:
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        events: list[Event] = []
        for segments in self._segmenter.steps(samples, last=last):
            for segment in segments:
                if segment.speech_s:
                    events.extend(self._end(segment))
            events.extend(self._goes_on())
        return events

    def _end(self, segment: SpeechSegment) -> Iterator[Event]:
        """The end of an utterance, and its start if it is as short as a step."""
        yield from self._start(segment.start)
        prediction = self._predict(segment.start, segment.samples, speech_s=segment.speech_s, is_final=True)
        self._reported = None
        yield UtteranceEnd(utterance=self._utterance, prediction=prediction, time=self._time)

    def _goes_on(self) -> Iterator[Event]:
        """The start of an utterance that goes on, and its provisional result if one is due."""
        start = self._segmenter.start
        if start is None:
            return
        yield from self._start(start)
        if self._segmenter.end >= self._due:
            self._due = self._segmenter.end + self._interval
            begin, samples = self._segmenter.recent(self._window)
            prediction = self._predict(begin, samples, speech_s=len(samples) / self._rate_hz)
            yield Result(utterance=self._utterance, prediction=prediction, time=self._time)

    def _start(self, start: int) -> Iterator[Event]:
        if self._reported != start:
            self._reported, self._due = start, start + self._interval
            self._utterance += 1
            yield UtteranceStart(utterance=self._utterance, start=start / self._rate_hz, time=self._time)

    def _predict(
        self, start: int, samples: Waveform, *, speech_s: float, is_final: bool = False
    ) -> Prediction:
        quality = quality_of(samples, rate_hz=self._rate_hz, source_rate_hz=self._rate, speech_s=speech_s)
        scores = None if speech_s < MIN_SPEECH_S else self._graph.rows([samples])[0]
        prediction = self._running.prediction(
            scores, speaker=self._speaker, quality=quality, start=start / self._rate_hz, is_clip=is_final
        )
        return replace(prediction, speaker=None)

    @property
    def _time(self) -> float:
        return self._segmenter.end / self._rate_hz


def _require(name: str, value: float, *, low: float, high: float = _MAX_RESULT_S) -> None:
    if not low <= value <= high:
        raise ModelError(f"{name}= takes {low:g} to {high:g} s, not {value:g}")
