"""Predictions for many recordings, in their order; a recording that cannot be decoded is a Failure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from serenade.errors import UnsupportedMedia
from serenade.inference.parallel import Progress, map_in_order
from serenade.inference.prediction import Failure, Prediction
from serenade.inference.sound import Recording, name_of

R = TypeVar("R")


def predict_each(
    function: Callable[[Recording, Progress], R],
    files: Iterable[Recording],
    *,
    jobs: int,
    progress: Progress | None,
) -> Iterator[R | Failure]:
    """Yield `function(file, progress)` for each recording, or the Failure of one that cannot be decoded."""
    require_several(files)

    def predict(file: Recording, progress: Progress) -> R | Failure:
        try:
            return function(file, progress)
        except UnsupportedMedia as error:
            return Failure(file=name_of(file) or "", error=error)

    return map_in_order(predict, files, jobs=jobs, progress=progress)


def rows_of_each(
    function: Callable[[Recording, Progress], Iterator[Prediction]],
    files: Iterable[Recording],
    *,
    jobs: int,
    progress: Progress | None,
) -> Iterator[list[Prediction | Failure]]:
    """Yield the list of predictions of each recording, or its Failure alone."""
    results = predict_each(
        lambda file, progress: list(function(file, progress)), files, jobs=jobs, progress=progress
    )
    return ([result] if isinstance(result, Failure) else [*result] for result in results)


def require_several(files: object) -> None:
    """Refuse one path, whose letters would be taken for files."""
    if isinstance(files, str | bytes | os.PathLike):
        raise UnsupportedMedia(f"pass a list of files, or one file to predict(), not {files!r:.80}")
