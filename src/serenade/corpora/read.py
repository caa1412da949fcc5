"""Folders and manifests → one corpus table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import common_folder
from serenade.corpora.manifest_rows import header_of, tables_in
from serenade.corpora.recordings import discover_clips, some
from serenade.corpora.registry import CORPORA, SYNTHETIC, SYNTHETIC_FILE, Corpus
from serenade.corpora.shared_root import join_shared_roots
from serenade.corpora.speaker_names import with_merged_speakers
from serenade.corpora.speakers import assign_speakers, column_in, unknown_speakers
from serenade.errors import CorpusError

_MIN_SHARE = 0.5
"""Share of a folder's recordings that must fit a corpus for the folder to be read as that corpus."""


def read_corpus(
    path: str | Path, corpus: str | None = None, *, speakers_from: str | None = None, **options: Any
) -> pd.DataFrame:
    """Read a folder of recordings, or a manifest, as a corpus table.

    Args:
        path: the folder, or a CSV or TSV manifest.
        corpus: a name of `list_corpora()`; recognised by file names if None.
        speakers_from: where the speakers are taken from: "folder", "name:REGEX" or "column:NAME" (see
            `serenade.corpora.speakers.assign_speakers`); as the corpus names them if None.
        options: of the reader, e.g. `targets="sound"` for CREMA-D.

    Returns:
        One row a clip, sorted by file (MELD: in the order of its tables); see
        `serenade.corpora.corpus_table.COLUMNS`. `attrs["notes"]` has remarks on what was read and skipped,
        `attrs["merged_speakers"]` the speakers whose names had several spellings.

    Raises:
        CorpusError: the path does not exist, no corpus of this name exists or fits the files, or an option is
            unknown.

    >>> table = read_corpus("corpus")
    >>> len(table), table["speaker"].nunique(), sorted(table["emotion"].unique())
    (36, 6, ['anger', 'neutral', 'sadness'])
    """
    path = Path(path)
    table = _read(_corpus_of(path, corpus), path, options)
    if speakers_from is not None:
        table = assign_speakers(table, speakers_from)
    table = with_merged_speakers(table)
    if note := unknown_speakers(table):
        table.attrs["notes"].append(note)
    return table


def read_corpora(
    paths: Sequence[str | Path],
    corpus: str | None = None,
    *,
    speakers_from: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Read several folders or manifests, each as `read_corpus` does, into one table.

    Speakers are unique within a corpus (column `corpus`). Manifests with a common root folder are one corpus:
    speakers of the same name in `train.csv` and `test.csv` are the same people.

    Args:
        paths: folders and manifests.
        corpus: the corpus of all of them; recognised one by one if None.
        speakers_from: as for `read_corpus`, for each path whose speakers are unknown or that has the column.
        options: of the readers. A mapping is for the reader of that name, e.g. `cremad={"targets": "face"}`;
            any other value is for every reader that has the option.

    Raises:
        CorpusError: as `read_corpus`, or an option that no reader has.
    """
    folders = [Path(path) for path in paths]
    corpora = [_corpus_of(folder, corpus) for folder in folders]
    own = {name: value for name, value in options.items() if isinstance(value, Mapping)}
    common = {name: value for name, value in options.items() if name not in own}
    names = ", ".join(sorted({one.name for one in corpora}))
    if unused := sorted(set(own) - {one.name for one in corpora}):
        raise CorpusError(f"there are options for {unused[0]}, and the corpora are {names}")
    if unused := sorted(set(common) - {option for one in corpora for option in _options_of(one)}):
        raise CorpusError(f"none of the readers of {names} has an option {unused[0]!r}")
    tables = []
    for folder, one in zip(folders, corpora, strict=True):
        taken = {name: value for name, value in common.items() if name in _options_of(one)}
        tables.append(_read(one, folder, taken | dict(own.get(one.name, {}))))
    notes = join_shared_roots(tables)
    if speakers_from is not None:
        tables = _with_speakers(tables, speakers_from)
    together = pd.concat(tables, ignore_index=True)
    notes = [note for table in tables for note in table.attrs["notes"]] + notes
    if note := unknown_speakers(together):
        notes.append(note)
    together.attrs = {"notes": list(dict.fromkeys(notes))}
    return with_merged_speakers(together)


def recognise_corpus(path: str | Path) -> Corpus:
    """Return the corpus whose file names most of the recordings have.

    Raises:
        CorpusError: the folder is empty or fits no corpus; the message says how to write a manifest.
    """
    path = Path(path)
    found = discover_clips(path) if path.is_dir() else None
    files = found.files if found else ()
    shares = [(corpus.recognise(path, files), corpus) for corpus in CORPORA.entries()]
    share, best = max(shares, key=lambda pair: pair[0])
    if share >= _MIN_SHARE:
        return best
    if found is None:
        raise CorpusError(
            "is neither a folder nor a manifest; give the folder of the recordings, or a CSV or TSV file "
            "that lists them",
            file=path,
        )
    if not files:
        raise CorpusError(
            "contains no recordings, no spectrograms and no manifest; give the folder of the recordings",
            file=path,
        )
    raise CorpusError(
        f"its file names (such as {some(files)}) are those of no known corpus{_unusable_tables(path)}; name "
        "the corpus with --corpus, sort the recordings into a folder per emotion, or write a manifest: a CSV "
        "file in this folder with the line `file,emotion,speaker` and a line such as "
        f"`{files[0].relative_to(path).as_posix()},anger,anna` per recording",
        file=path,
    )


def _corpus_of(path: Path, corpus: str | None) -> Corpus:
    if not path.exists():
        raise CorpusError("there is no such file or folder; check the path", file=path)
    return recognise_corpus(path) if corpus is None else CORPORA[corpus]


def _read(corpus: Corpus, path: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    known = _options_of(corpus)
    if unknown := sorted(set(options) - set(known)):
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise CorpusError(f"the reader of {corpus.name} has no option {unknown[0]!r}; {has}", file=path)
    table = corpus.read(path, **options)
    if any((folder / SYNTHETIC_FILE).is_file() for folder in (path, path.parent)):
        table["corpus"] = SYNTHETIC
        table.attrs = {"notes": table.attrs["notes"]}
    return table


def _options_of(corpus: Corpus) -> list[str]:
    parameters = signature(corpus.read).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind == parameter.KEYWORD_ONLY]


def _with_speakers(tables: Sequence[pd.DataFrame], speakers_from: str) -> list[pd.DataFrame]:
    """Assign speakers to the tables without speakers, and to those that have the named column."""
    root = common_folder(file for table in tables for file in table["file"])
    kind, _, name = speakers_from.partition(":")
    chosen = [
        not (table["speaker"] != "").any() or (kind == "column" and column_in(table, name) is not None)
        for table in tables
    ]
    if not any(chosen):
        raise CorpusError(f"all of these corpora name their speakers; {speakers_from!r} is not needed")
    return [
        assign_speakers(table, speakers_from, root=root) if is_chosen else table
        for table, is_chosen in zip(tables, chosen, strict=True)
    ]


def _unusable_tables(folder: Path) -> str:
    """Name the tables in a folder whose columns are not those of a manifest, with their columns."""
    tables = tables_in(folder)
    return "".join(
        f", and {file.name} has no columns for the recordings and their labels (its columns are "
        f"{', '.join(header_of(file))})"
        for file in tables[:1]
    )
