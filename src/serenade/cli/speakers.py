"""The option `--speakers` of `serenade predict`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from serenade.inference.model import Model
from serenade.inference.speakers import COLUMN, read_speaker_column, read_speakers
from serenade.output.adapted import AdaptedPredictions
from serenade.text import printable


def adapted_predictions(
    model: Model,
    spec: str,
    files: Sequence[Path],
    *,
    folders: Sequence[str],
    table: str | None = None,
    is_timeline: bool = False,
    settings: Mapping[str, Any] | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> AdaptedPredictions:
    """Read the speakers and prepare the two passes.

    Args:
        model: with a speaker adaptation.
        spec: the value of `--speakers`.
        files: recordings, or the names of utterances.
        folders: the recordings as they were passed.
        table: the value of `--text`.
        is_timeline: see `AdaptedPredictions`, as the following.
        settings: of the first pass; None if it is not to be continued.
        out: the output file.
        overwrite: predict all again.

    Raises:
        ModelError: the model has no speaker adaptation.
        UnsupportedMedia: the speakers cannot be read.
    """
    is_column = spec.startswith(COLUMN) and table is not None
    return AdaptedPredictions(
        files=files,
        adaptation=model.adaptation,
        speakers=read_speaker_column(spec, str(table), list(map(str, files)))
        if is_column
        else read_speakers(spec, files, folders=folders),
        labels=model.spec.labels,
        chosen=None if model.labels == model.spec.labels else model.labels,
        unsure_below=model.spec.unsure_below,
        is_timeline=is_timeline,
        settings=settings,
        out=None if out is None else Path(os.path.realpath(out)),
        overwrite=overwrite,
    )


def report_speakers(adapted: AdaptedPredictions, spec: str | None) -> None:
    """Print on stderr how many speakers were found, and which recordings were not."""
    if unknown := adapted.speakers.unknown:
        others = f"{unknown[0]!r:.80}" + (f" and {len(unknown) - 1:,} more" if unknown[1:] else "")
        print(printable(f"{spec}: {others} not among the recordings"), file=sys.stderr)
    if speakers := adapted.enrolled:
        trusted = sum(speaker.trust > 0 for speaker in speakers.values())
        print(f"adapted to {trusted:,} of {len(speakers):,} speakers", file=sys.stderr)
