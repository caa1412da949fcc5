"""Aligned columns for people to read, in a terminal or a text file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from serenade.inference.prediction import Failure, Prediction
from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.text import half_up, is_unicode, printable

TOP_SCORES = 3
"""Scores shown where the terminal is too narrow for a column per label."""

_MAX_FILE_WIDTH = 40


def write_text_table(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the header, then one line per prediction; names never hold what a terminal acts on."""
    labels = [_shown(label, layout) for label in layout.labels]
    widest = max((cell_len(_shown(name, layout)) for name in layout.files), default=0)
    file_width = min(_MAX_FILE_WIDTH, max(widest, len("file")))
    emotion_width = max(cell_len(f"unsure ({label})") for label in labels)

    def line(file: str, start: str, end: str, emotion: str, scores: str) -> str:
        times = f"{start:>9}  {end:>9}  " if layout.is_timeline else ""
        return (
            f"{_fitted(file, file_width)}  {times}{_fitted(emotion, emotion_width)}  {scores}".rstrip() + "\n"
        )

    head = line("file", "start", "end", "emotion", "  ".join(labels))
    is_wide = layout.width is None or cell_len(head) <= layout.width + 1
    note = f"the {TOP_SCORES} highest of {len(labels)} scores (--format csv has all)"
    yield head if is_wide else line("file", "start", "end", "emotion", note)
    for recording in recordings:
        for result in recording:
            name = _end_of(_shown(result.file or "array", layout), file_width, layout)
            if isinstance(result, Failure):
                message = _shown(result.error.message, layout)
                yield f"{_fitted(name, file_width)}  error: {message}\n"
                continue
            scores = _columns(result, layout.labels, labels) if is_wide else _top(result, layout)
            yield line(name, _clock(result.start), _clock(result.end), _emotion(result, layout), scores)


def _emotion(result: Prediction, layout: Layout) -> str:
    emotion = _shown(result.emotion or "", layout)
    return {"ok": emotion, "unsure": f"unsure ({emotion})", "no_speech": "no speech"}[result.state]


def _columns(result: Prediction, labels: Sequence[str], titles: Sequence[str]) -> str:
    if not result.scores:
        return ""
    scores = (f"{result.scores[label]:.2f}" for label in labels)
    return "  ".join(f"{score:>{cell_len(title)}}" for score, title in zip(scores, titles, strict=True))


def _top(result: Prediction, layout: Layout) -> str:
    top = list(result.scores.items())[:TOP_SCORES]
    return "  ".join(f"{_shown(label, layout)} {score:.2f}" for label, score in top)


def _shown(text: str, layout: Layout) -> str:
    """The text as the terminal can show it; what its encoding lacks stands as an escape."""
    return printable(text).encode(layout.encoding, "backslashreplace").decode(layout.encoding)


def _fitted(text: str, width: int) -> str:
    """The text filled with blanks; a wide character takes two columns."""
    return text + " " * (width - cell_len(text))


def _end_of(name: str, width: int, layout: Layout) -> str:
    """The end of a path, which says more than its beginning."""
    if cell_len(name) <= width:
        return name
    mark = "…" if is_unicode(layout.encoding) else "..."
    reversed_end = set_cell_size(name[::-1], width - len(mark)).rstrip()
    return mark + reversed_end[::-1]


def _clock(seconds: float) -> str:
    tenths = round(half_up(seconds, 1) * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"


FORMATS.add(
    "table",
    OutputFormat(
        name="table",
        about="aligned columns for a terminal",
        suffixes=(".txt",),
        write=write_text_table,
    ),
)
