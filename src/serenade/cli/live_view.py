"""The live view of `serenade listen`: a bar for each emotion, and the last utterances above them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from serenade.inference.events import Event, Result, UtteranceEnd, UtteranceStart
from serenade.inference.prediction import Prediction
from serenade.output.colors import colors_of
from serenade.text import printable

SHOWN_UTTERANCES = 8
"""Utterances that stay above the bars."""

_BAR = 40


@dataclass(kw_only=True)
class LiveView:
    """What the terminal shows.

    Attributes:
        labels: of the model, from top to bottom.
        device: name of the microphone.
        seconds: of sound so far.
    """

    labels: tuple[str, ...]
    device: str
    seconds: float = 0.0
    _last: Prediction | None = None
    _is_speech: bool = False
    _ended: deque[Prediction] = field(default_factory=lambda: deque(maxlen=SHOWN_UTTERANCES))

    def take(self, event: Event) -> None:
        """Take the next event of the stream."""
        self._is_speech = not isinstance(event, UtteranceEnd)
        if isinstance(event, UtteranceStart):
            return
        self._last = event.prediction
        if not isinstance(event, Result):
            self._ended.append(event.prediction)

    def render(self) -> RenderableType:
        """Return what is to be shown now."""
        colors = colors_of(self.labels)
        table = Table.grid(padding=(0, 1))
        for label in self.labels:
            score = self._last.scores.get(label, 0.0) if self._last else 0.0
            filled = round(score * _BAR)
            bar = Text("█" * filled, style=colors[label]) + Text("·" * (_BAR - filled), style="bright_black")
            table.add_row(Text(printable(label)), bar, Text(f"{score:4.0%}"))
        minutes, seconds = divmod(int(self.seconds), 60)
        state = Text("● speech", style="bold red") if self._is_speech else Text("○ no speech", style="dim")
        head = Text.assemble(state, f"  {minutes}:{seconds:02}  ", (self.device, "dim"), "  Ctrl-C ends")
        return Group(*(_line(prediction) for prediction in self._ended), head, table)


def _line(prediction: Prediction) -> Text:
    times = f"{prediction.start:7.1f} – {prediction.end:7.1f} s  "
    if prediction.emotion is None or prediction.confidence is None:
        return Text(f"{times}no speech", style="dim")
    unsure = "unsure, perhaps " if prediction.state == "unsure" else ""
    return Text(f"{times}{unsure}{printable(prediction.emotion)} {prediction.confidence:.0%}")
