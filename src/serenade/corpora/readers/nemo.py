"""nEMO: 4,481 clips in Polish, nine actors, six emotions, the same 90 sentences by all.

Christop, "nEMO: Dataset of Emotional Speech in Polish", LREC-COLING 2024.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import new_table
from serenade.corpora.metadata import read_metadata
from serenade.corpora.recordings import named_recordings
from serenade.corpora.registry import Corpus, register_corpus, share_named
from serenade.errors import CorpusError
from serenade.text import counted

_NAME = re.compile(
    r"(?P<speaker>[A-Z]{2}\d)_(?P<emotion>anger|fear|happiness|neutral|sadness|surprised)_(?P<sentence>\d+)"
)
_LOOKS_LIKE = "WR0_surprised_64.wav, with data.tsv"
_COLUMNS = ("file_id", "emotion", "raw_text", "speaker_id", "gender", "age")


def read_nemo(path: str | Path, *, metadata: str | Path | None = None) -> pd.DataFrame:
    """Read nEMO, with further columns sentence (its number), text and age (in years).

    `data.tsv` names `.wav` files, whatever the format of the recordings, so clips are found by their stem.
    Rows without a file and files without a row are counted in `attrs["notes"]`; the latter are read by their
    names.

    Args:
        path: folder of the clips, or the folder above.
        metadata: `data.tsv` or its folder; searched in `path` and its parent if None.

    Raises:
        CorpusError: there is no clip of nEMO, or `data.tsv` lacks a column.
    """
    path = Path(path)
    clips, notes = named_recordings(
        path,
        lambda file: _NAME.fullmatch(file.stem),
        title="nEMO",
        looks_like=_LOOKS_LIKE,
        clip=lambda file, match: match[0],
    )
    file = _find_metadata(path, metadata)
    metadata_rows = _rows_by_stem(file) if file else {}
    rows = []
    for clip, match in clips:
        known = metadata_rows.get(clip.stem, {})
        rows.append(
            {
                "file": clip,
                "emotion": known.get("emotion") or match["emotion"],
                "speaker": known.get("speaker_id") or match["speaker"],
                "sex": known.get("gender", ""),
                "language": "pl",
                "corpus": "nemo",
                "source": clip.stem,
                "sentence": match["sentence"],
                "text": known.get("raw_text", ""),
                "age": int(known["age"]) if known.get("age", "").isdigit() else None,
            }
        )
    stems = {clip.stem for clip, _ in clips}
    if file is None:
        notes.append(
            "data.tsv was not found: sex, age and texts are unknown (give its folder with --metadata)"
        )
    else:
        if absent := len(metadata_rows.keys() - stems):
            notes.append(f"{absent} of {len(metadata_rows)} rows of {file.name} without a file: skipped")
        if unlisted := len(stems - metadata_rows.keys()):
            notes.append(f"{counted(unlisted, 'clip')} without a row in {file.name}: read by file name")
    return new_table(rows, notes=notes)


def _find_metadata(path: Path, metadata: str | Path | None) -> Path | None:
    if metadata is None:
        places = [path / "data.tsv", path.resolve().parent / "data.tsv"]
        return next((place for place in places if place.is_file()), None)
    file = Path(metadata)
    file = file / "data.tsv" if file.is_dir() else file
    if not file.is_file():
        raise CorpusError("contains no data.tsv; give the folder of nEMO's data.tsv", file=metadata)
    return file


def _rows_by_stem(file: Path) -> dict[str, dict[str, str]]:
    rows = read_metadata(file, _COLUMNS, separator="\t").to_dict("records")
    return {Path(row["file_id"]).stem: {str(key): value for key, value in row.items()} for row in rows}


def _describe_file(file: Path) -> dict[str, Any] | None:
    match = _NAME.fullmatch(file.stem)
    if match is None:
        return None
    return {"corpus": "nemo", "source": match[0], "speaker": match["speaker"], "emotion": match["emotion"]}


register_corpus(
    Corpus(
        name="nemo",
        title="nEMO",
        read=read_nemo,
        licence="CC-BY-NC-SA-4.0",
        url="https://huggingface.co/datasets/amu-cai/nEMO",
        languages=("pl",),
        acted=True,
        looks_like=_LOOKS_LIKE,
        describe_file=_describe_file,
        recognise=share_named(_NAME),
        example={"samples/WR0_surprised_64.wav": "", "samples/EB0_anger_1.wav": ""},
    )
)
