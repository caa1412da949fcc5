"""Which options of `serenade predict` go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

STDIN = "-"
"""The argument that means standard input."""


def check_options(
    recordings: Sequence[str] | None,
    text: str | None,
    *,
    is_timeline: bool,
    of_timeline: Mapping[str, object],
    folders: Mapping[str, Path | None],
    speakers: str | None,
) -> None:
    """Refuse options that do not go together.

    Args:
        recordings: the arguments.
        text: the value of `--text`.
        is_timeline: whether there is one prediction per window.
        of_timeline: the values of options of timelines, None if they are not used.
        folders: the values of options that write files for each recording.
        speakers: the value of `--speakers`.

    Raises:
        BadParameter: two options exclude each other, or one needs another.
    """
    per_recording = [name for name, folder in folders.items() if folder is not None]
    if not recordings and text is None:
        raise typer.BadParameter(
            "name a recording, or pass a text with --text", param_hint="FILE|FOLDER|GLOB|-"
        )
    if text is not None and (is_timeline or per_recording):
        raise typer.BadParameter(
            "has one prediction for each utterance: no timeline, captions or figures", param_hint="--text"
        )
    for name, value in of_timeline.items():
        if value is not None and not is_timeline:
            raise typer.BadParameter("needs --timeline; add it", param_hint=name)
    for name in per_recording:
        if speakers is not None and (name == "--explain" or not is_timeline):
            how = "does not go together with --speakers" if name == "--explain" else "needs --timeline, too"
            raise typer.BadParameter(how, param_hint=name)
        if STDIN in (recordings or ()):
            raise typer.BadParameter("needs files, not standard input", param_hint=name)
    if speakers is not None and speakers.startswith("column:") and text is None:
        raise typer.BadParameter(
            "column:NAME is a column of the CSV file of --text; for recordings pass a CSV file with the "
            "columns file and speaker",
            param_hint="--speakers",
        )
