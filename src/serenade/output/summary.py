"""A timeline in total: for each speaker the shares of the emotions, and the changes between them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from serenade.inference.prediction import Prediction
from serenade.text import counted, half_up, printable

SHOWN_SHARES = 3
"""Emotions that are named in the summary of a speaker in one line."""


@dataclass(frozen=True, kw_only=True)
class SpeakerSummary:
    """A speaker in one recording.

    Attributes:
        speaker: name; None if no speakers are known.
        segments: segments with speech.
        speech_s: seconds of speech.
        shares: fraction of the speech of each emotion, highest first, whatever the confidence.
        unsure: fraction of the speech whose state is "unsure".
        transitions: number of changes from one emotion to another, in order of frequency.
    """

    speaker: str | None
    segments: int
    speech_s: float
    shares: Mapping[str, float]
    unsure: float
    transitions: Mapping[tuple[str, str], int]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "speaker": self.speaker,
            "segments": self.segments,
            "speech_s": half_up(self.speech_s, 3),
            "shares": {label: round(share, 4) for label, share in self.shares.items()},
            "unsure": round(self.unsure, 4),
            "transitions": [
                {"from": first, "to": second, "count": count}
                for (first, second), count in self.transitions.items()
            ],
        }

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.speech_s), 60)
        first_shares = list(self.shares.items())[:SHOWN_SHARES]
        shares = ", ".join(f"{printable(label)} {share:.0%}" for label, share in first_shares)
        changes = counted(sum(self.transitions.values()), "change")
        text = f"{minutes}:{seconds:02} of speech, {shares}; {changes}"
        if self.transitions:
            (first, second), count = next(iter(self.transitions.items()))
            text += f", most often {printable(first)} to {printable(second)} ({count:,})"
        return f"{printable(self.speaker)}: {text}" if self.speaker else text


@dataclass
class _Totals:
    segments: int = 0
    unsure_s: float = 0.0
    speech_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    transitions: Counter[tuple[str, str]] = field(default_factory=Counter)
    last: str | None = None


def summaries_of(rows: Iterable[Prediction]) -> list[SpeakerSummary]:
    """Summarise the timeline of one recording, speakers in the order of their first segment.

    Args:
        rows: a timeline in order.

    >>> from serenade import load_model
    >>> (summary,) = summaries_of(load_model("model.onnx").timeline("long.wav"))
    >>> summary.speaker, summary.segments, list(summary.shares)
    (None, 5, ['sadness'])
    """
    totals: dict[str | None, _Totals] = defaultdict(_Totals)
    for row in rows:
        emotion = row.emotion
        if emotion is None:
            continue
        of_speaker = totals[row.speaker]
        speech_s = row.quality.speech_ratio * row.quality.duration_s
        of_speaker.segments += 1
        of_speaker.speech_s[emotion] += speech_s
        of_speaker.unsure_s += speech_s * (row.state == "unsure")
        if of_speaker.last is not None and of_speaker.last != emotion:
            of_speaker.transitions[of_speaker.last, emotion] += 1
        of_speaker.last = emotion
    return [_summary(speaker, of_speaker) for speaker, of_speaker in totals.items()]


def _summary(speaker: str | None, totals: _Totals) -> SpeakerSummary:
    speech_s = sum(totals.speech_s.values())
    whole = speech_s or 1.0
    by_share = sorted(totals.speech_s.items(), key=lambda pair: -pair[1])
    return SpeakerSummary(
        speaker=speaker,
        segments=totals.segments,
        speech_s=speech_s,
        shares={label: seconds / whole for label, seconds in by_share},
        unsure=totals.unsure_s / whole,
        transitions=dict(totals.transitions.most_common()),
    )
