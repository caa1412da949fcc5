"""nEMO: 4,481 clips in Polish, nine actors, six emotions, the same 90 sentences by everyone.

Christop, "nEMO: Dataset of Emotional Speech in Polish", LREC-COLING 2024.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from serenade.corpora.registry import named_clips, register_corpus
from serenade.corpora.table import new_table
from serenade.errors import CorpusError

_NAME = (
    r"(?P<speaker>[A-Z]{2}\d)_(?P<emotion>anger|fear|happiness|neutral|sadness|surprised)_(?P<sentence>\d+)"
)
_LOOKS_LIKE = "WR0_surprised_64.wav, with data.tsv"
_COLUMNS = {"file_id", "emotion", "raw_text", "speaker_id", "gender", "age"}


@register_corpus(
    "nemo",
    licence="CC-BY-NC-SA-4.0",
    url="https://huggingface.co/datasets/amu-cai/nEMO",
    languages=("pl",),
    looks_like=_LOOKS_LIKE,
    recognise=_NAME,
)
def read_nemo(path: str | Path, *, metadata: str | Path | None = None) -> pd.DataFrame:
    """Read nEMO. Extras: sentence (its number), text, age.

    The table names `.wav` files whatever form they lie in, so clips are found by their stem. Rows without a
    file, and files without a row, are counted in `attrs["notes"]`; the latter keep what their name says.

    Args:
        path: folder of the clips, or the one above.
        metadata: `data.tsv` or its folder; looked for in `path` and its parent when None.

    Raises:
        CorpusError: no clip of nEMO there, or a `data.tsv` without its columns.
    """
    path = Path(path)
    clips, notes = named_clips(path, _NAME, corpus="nemo", looks_like=_LOOKS_LIKE)
    file = _find_table(path, metadata)
    people = _read_table(file) if file else {}
    rows = []
    for clip, match in clips:
        known = people.get(clip.stem, {})
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
            "data.tsv was not found: sex, age and texts are unknown (say where with the option metadata)"
        )
    else:
        if absent := len(people.keys() - stems):
            notes.append(f"{absent} of {len(people)} rows of {file.name} have no file here: left out")
        if unlisted := len(stems - people.keys()):
            notes.append(f"{unlisted} clips have no row in {file.name}: read by their names")
    table = new_table(rows)
    table.attrs["notes"] = notes
    return table


def _find_table(path: Path, metadata: str | Path | None) -> Path | None:
    if metadata is None:
        places = [path / "data.tsv", path.resolve().parent / "data.tsv"]
        return next((place for place in places if place.is_file()), None)
    file = Path(metadata)
    file = file / "data.tsv" if file.is_dir() else file
    if not file.is_file():
        raise CorpusError("there is no data.tsv here; give the folder of nEMO's table", file=metadata)
    return file


def _read_table(file: Path) -> dict[str, dict[str, str]]:
    """Rows by stem. Speakers are padded with spaces, and quotes in the texts are not paired."""
    raw = pd.read_csv(file, sep="\t", dtype=str, quoting=csv.QUOTE_NONE, keep_default_na=False)
    raw.columns = [str(column).strip() for column in raw.columns]
    if missing := sorted(_COLUMNS - set(raw.columns)):
        raise CorpusError(f"has no column {', '.join(missing)}; this is not nEMO's data.tsv", file=file)
    rows = [{str(key): str(value).strip() for key, value in row.items()} for row in raw.to_dict("records")]
    return {Path(row["file_id"]).stem: row for row in rows}
