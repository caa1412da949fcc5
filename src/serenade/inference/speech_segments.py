"""Sound that arrives in blocks, cut into segments with speech and segments without.

Speech detection runs on steps of fixed length, so that the segments do not depend on the size of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from serenade.audio.vad import FRAME_S, SpeechDetector
from serenade.inference.arrays import Waveform

STEP_S = 16 * FRAME_S
"""Sound is passed to the speech detection in steps of this length. Of the frames that it finds in recordings
of acted speech and meetings when it is passed 10 s at a time, it finds 90 and 96 %; in steps of half this
length 85 and 94 %."""

PAD_S = 0.2
"""Time before the first frame of speech and after the last that belongs to a segment with speech."""

SILENCE_S = 0.6
"""A pause of this length ends a segment with speech."""

MAX_SEGMENT_S = 10.0
"""Longest segment; longer speech, and longer silence, is cut."""

MIN_TURN_S = 0.3
"""Less speech than this before the speaker changes belongs to the next speaker: the detection averages over
0.26 s, so it begins early."""

SpeakerAt = Callable[[float, float], str]
"""The name of who speaks between two times in seconds; "" for nobody."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeechSegment:
    """A part of a recording.

    Attributes:
        start: its first sample.
        samples: mono [shape=(samples,)].
        speech_s: seconds of speech; 0 in a segment without speech.
        speaker: the name of who speaks; "" if it is not known.
    """

    start: int
    samples: Waveform
    speech_s: float
    speaker: str = ""

    @property
    def end(self) -> int:
        """The sample after its last."""
        return self.start + len(self.samples)


class SpeechSegmenter:
    """Cuts a recording into segments with and without speech, which follow each other without gaps.

    Memory does not grow with the recording.

    Args:
        rate_hz: sample rate.
        silence_s: a pause of this length ends a segment with speech.
        max_s: longest segment.
        speaker_at: who speaks when; a segment with speech ends where the speaker changes. None if unknown.

    >>> segmenter = SpeechSegmenter(rate_hz=16_000)
    >>> segments = [*segmenter.push(np.zeros(20_000, dtype=np.float32)), *segmenter.finish()]
    >>> [(segment.start, segment.end, segment.speech_s) for segment in segments]
    [(0, 20000, 0.0)]
    """

    def __init__(
        self,
        *,
        rate_hz: int,
        silence_s: float = SILENCE_S,
        max_s: float = MAX_SEGMENT_S,
        speaker_at: SpeakerAt | None = None,
    ) -> None:
        self.rate_hz = rate_hz
        self._step, self._pad = round(STEP_S * rate_hz), round(PAD_S * rate_hz)
        self._silence, self._longest = round(silence_s * rate_hz), round(max_s * rate_hz)
        self._speaker_at = speaker_at
        self._detector = SpeechDetector(rate_hz=rate_hz)
        self._waiting = np.zeros(0, dtype=np.float32)  # sound that does not fill a step yet
        self._kept = np.zeros(0, dtype=np.float32)  # sound from `_cut` on, all of it with known speech
        self._cut = 0  # first sample that is in no finished segment
        self._frames = 0
        self._speech_frames = 0
        self._speech_end = 0
        self._speaker = ""
        self.start: int | None = None

    @property
    def end(self) -> int:
        """The sample up to which speech has been detected."""
        return self._cut + len(self._kept)

    def recent(self, count: int) -> tuple[int, Waveform]:
        """The last samples of the segment with speech that is not finished, at most `count`.

        Returns:
            The first sample's position, and the samples.
        """
        assert self.start is not None
        start = max(self.start, self.end - count)
        return start, self._kept[start - self._cut :]

    def steps(self, samples: Waveform, *, last: bool = False) -> Iterator[list[SpeechSegment]]:
        """Take sound, and yield the segments that each step finishes.

        Between two steps `start` is the first sample of a segment with speech that is not finished, or None.

        Args:
            samples: mono [shape=(n,)], finite; n may be 0.
            last: whether the recording ends here.
        """
        self._waiting = np.concatenate([self._waiting, samples])
        while len(self._waiting) >= self._step:
            block, self._waiting = self._waiting[: self._step], self._waiting[self._step :]
            yield list(self._advance(block))
        if last:
            block, self._waiting = self._waiting, self._waiting[:0]
            yield [*self._advance(block, last=True), *self._finish()]

    def push(self, samples: Waveform) -> list[SpeechSegment]:
        """Take sound, and return the segments that it finishes; arguments as for `steps`."""
        return [segment for segments in self.steps(samples) for segment in segments]

    def finish(self) -> list[SpeechSegment]:
        """Return the last segments."""
        return [segment for segments in self.steps(self._waiting[:0], last=True) for segment in segments]

    def _advance(self, block: Waveform, *, last: bool = False) -> Iterator[SpeechSegment]:
        self._kept = np.concatenate([self._kept, block])
        total = self.end
        for is_speech in self._detector(block, last=last):
            begin, self._frames = self._sample_of(self._frames), self._frames + 1
            end = min(self._sample_of(self._frames), total)
            if begin >= end:  # the detector has padded its last frame
                return
            yield from self._frame(begin, end, is_speech=bool(is_speech))

    def _frame(self, begin: int, end: int, *, is_speech: bool) -> Iterator[SpeechSegment]:
        if is_speech:
            speaker = self._name_of(begin, end)
            if self.start is not None and speaker and speaker != self._speaker:
                if self._speech_frames * FRAME_S >= MIN_TURN_S:
                    yield from self._close(begin)
                else:
                    self._speaker = speaker
            if self.start is None:
                start = max(self._cut, begin - self._pad)
                yield from self._segment(start)
                self.start, self._speaker = start, speaker
            self._speech_frames += 1
            self._speech_end = end
        elif self.start is not None and end - self._speech_end >= self._silence:
            yield from self._close(min(self._speech_end + self._pad, end))
        if self.start is not None and end - self.start > self._longest - round(FRAME_S * self.rate_hz):
            yield from self._close(end)
        elif self.start is None and end - self._pad - self._cut >= self._longest:
            yield from self._segment(self._cut + self._longest)

    def _finish(self) -> Iterator[SpeechSegment]:
        if self.start is not None:
            yield from self._close(min(self._speech_end + self._pad, self.end))
        yield from self._segment(self.end)

    def _close(self, end: int) -> Iterator[SpeechSegment]:
        """The segment with speech, up to a sample."""
        yield from self._segment(end, speech_s=self._speech_frames * FRAME_S, speaker=self._speaker)
        self.start, self._speech_frames, self._speaker = None, 0, ""

    def _segment(self, end: int, *, speech_s: float = 0.0, speaker: str = "") -> Iterator[SpeechSegment]:
        """The segment from the last cut to a sample; none if that is the same."""
        count = end - self._cut
        if count:
            samples, self._kept = self._kept[:count].copy(), self._kept[count:]
            yield SpeechSegment(start=self._cut, samples=samples, speech_s=speech_s, speaker=speaker)
            self._cut = end

    def _name_of(self, begin: int, end: int) -> str:
        if self._speaker_at is None:
            return ""
        return self._speaker_at(begin / self.rate_hz, end / self.rate_hz)

    def _sample_of(self, frame: int) -> int:
        return round(frame * FRAME_S * self.rate_hz)
