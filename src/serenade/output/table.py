"""Answers as an aligned table for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from serenade.inference.prediction import Failure, Prediction

BEST = 3
"""Scores shown where the terminal is too narrow for a column a label."""

_FILE_WIDTH = 40


def table(
    recordings: Iterable[Sequence[Prediction | Failure]],
    *,
    labels: Sequence[str],
    files: Sequence[str],
    times: bool = False,
    width: int | None = None,
) -> Iterator[str]:
    """Lines of a table, row by row as the answers come.

    Args:
        recordings: the answers, recording by recording.
        labels: emotions that the model knows, one column each if they fit.
        files: names of all recordings to come, to know how wide they are.
        times: show start and end.
        width: columns of the terminal; None for no limit.

    Yields:
        Lines, the head first.
    """
    file_width = min(_FILE_WIDTH, max(len(name) for name in [*files, "file"]))
    emotion_width = max(len(f"unsure ({label})") for label in labels)

    def line(file: str, start: str, end: str, emotion: str, scores: str) -> str:
        time = f"{start:>9}  {end:>9}  " if times else ""
        return f"{file:<{file_width}}  {time}{emotion:<{emotion_width}}  {scores}".rstrip() + "\n"

    head = line("file", "start", "end", "emotion", "  ".join(labels))
    wide = width is None or len(head) <= width + 1
    note = f"the {BEST} likeliest of {len(labels)} (--format csv has all)"
    yield head if wide else line("file", "start", "end", "emotion", note)
    for recording in recordings:
        for result in recording:
            name = _shortened(result.file or "array", file_width)
            if isinstance(result, Failure):
                yield f"{name:<{file_width}}  cannot be read: {result.error.message}\n"
                continue
            scores = _columns(result, labels) if wide else _best(result)
            yield line(name, _clock(result.start), _clock(result.end), _emotion(result), scores)


def _emotion(result: Prediction) -> str:
    names = {"ok": result.emotion or "", "unsure": f"unsure ({result.emotion})", "no_speech": "no speech"}
    return names[result.state]


def _columns(result: Prediction, labels: Sequence[str]) -> str:
    if not result.scores:
        return ""
    return "  ".join(f"{result.scores[label]:>{len(label)}.2f}" for label in labels)


def _best(result: Prediction) -> str:
    return "  ".join(f"{label} {score:.2f}" for label, score in list(result.scores.items())[:BEST])


def _shortened(name: str, width: int) -> str:
    """The end of a path says more than its beginning."""
    return name if len(name) <= width else "…" + name[-(width - 1) :]


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"
