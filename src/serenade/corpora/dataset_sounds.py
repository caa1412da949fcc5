"""The sounds of a dataset of Parquet files: in the rows, or files beside them."""

from __future__ import annotations

import os
from pathlib import Path

from serenade.audio.discovery import SUFFIXES
from serenade.corpora.datasets import outside_dataset, path_in_dataset
from serenade.errors import OutputError
from serenade.files import make_folder, write_whole

EXTRACTED = "serenade-audio"
"""Folder in the dataset that the sounds in the Parquet files are written to, once."""


def write_sound(content: bytes, name: str, file: Path, folder: Path, number: int) -> tuple[Path, bool]:
    """Write the sound of a row into the folder `EXTRACTED` of the dataset, if it is not there.

    Args:
        content: the bytes of a sound file.
        name: its name, whose suffix is kept.
        file: the Parquet file.
        folder: the folder of the dataset.
        number: of the row, from 0.

    Returns:
        The file, and whether it was written now.

    Raises:
        OutputError: it cannot be written, or is behind a link.
    """
    # Files of the same name in two folders are two configurations of the dataset.
    inside = Path(EXTRACTED, file.relative_to(folder).with_suffix(""))
    suffix = Path(name).suffix.lower()
    target = folder / inside / f"{number:06}{suffix if suffix in SUFFIXES else '.wav'}"
    if os.path.realpath(target) != os.path.join(os.path.realpath(folder), target.relative_to(folder)):
        raise OutputError("is behind a link, and is not written to; remove the link", file=target)
    if target.is_file() and target.stat().st_size == len(content) and target.read_bytes() == content:
        return target, False
    make_folder(target.parent)
    with write_whole(target, "wb", durable=False) as out:
        out.write(content)
    return target, True


def listed_sound(name: str, file: Path, folder: Path, *, row: int) -> Path:
    """Return the file of a sound that is not in its row: relative to the Parquet file, or to the dataset.

    Args:
        name: the path.
        file: the Parquet file.
        folder: the folder of the dataset.
        row: the row that has it, from 1.

    Raises:
        CorpusError: it leads out of the dataset.
    """
    places = [path_in_dataset(name, place, within=folder) for place in (file.parent, folder)]
    inside = [path for path in places if path is not None]
    if not inside:
        raise outside_dataset(name, row=row, file=file)
    return next((path for path in inside if path.is_file()), inside[0])
