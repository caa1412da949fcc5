"""Compute the features of a corpus and write them as a store, in parallel and resumable."""

from __future__ import annotations

import math
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.audio.logmel import FrontEnd
from serenade.audio.variants import VARIANTS
from serenade.corpora import assign_speakers, licence_of, read_corpora, read_corpus
from serenade.corpora.corpus_table import COLUMNS
from serenade.corpora.speaker_names import describe_merged, with_merged_speakers
from serenade.errors import CorpusError, StoreError
from serenade.features.chunks import Chunk, Version, cut_into_chunks
from serenade.features.clips import Clip
from serenade.features.mel_folder import front_end_of
from serenade.features.store import ABOUT, Store, write_store
from serenade.features.unfinished_store import CHUNKS, claim_folder, locked
from serenade.features.voices import with_voices
from serenade.features.workers import map_unordered
from serenade.files import hash_of, protect_inputs

_OWN_COLUMNS = {"id", "frames", "offset", "duration_s", "sha256", "state", "note", "cut"}
"""Columns of an index that a corpus table does not have."""


@dataclass(frozen=True)
class Workers:
    """Workers of other machines, in place of processes of this one.

    Attributes:
        versions: returns the version of each file, as `serenade.features.chunks.version_of`.
        make: writes chunks, and yields the number of clips of each.
    """

    versions: Callable[[Sequence[str]], Sequence[Version]]
    make: Callable[[Sequence[Chunk]], Iterator[int]]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Progress of `prepare`.

    Attributes:
        done: number of clips with features, including `found`.
        total: number of all clips.
        found: number of clips that an earlier run had done.
        found_chunks: number of chunks that an earlier run had done.
        chunks: number of all chunks.
    """

    done: int
    total: int
    found: int
    found_chunks: int
    chunks: int

    @property
    def already_prepared(self) -> bool:
        """Return whether there was nothing left to do."""
        return self.found == self.total

    def to_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return dict(vars(self))


def prepare(
    corpus_at: str | Path | pd.DataFrame | Sequence[str | Path],
    out: str | Path,
    *,
    corpus: str | None = None,
    speakers_from: str | None = None,
    front_end: FrontEnd | None = None,
    augment: int = 0,
    noisy: int = 0,
    seed: int = 0,
    trim: bool = False,
    jobs: int | None = None,
    workers: Workers | None = None,
    progress: Callable[[Progress], None] | None = None,
    **reader_options: Any,
) -> Store:
    """Compute the features of a corpus once and write them as a store.

    A clip that cannot be used has a row with the reason and no frames (a silent clip keeps its frames). The
    same call continues an interrupted run. A finished store of the same recordings, front end, variants and
    seed is opened and returned.

    Args:
        corpus_at: folder or manifest (see `read_corpus`), several of them for one store of several corpora,
            or a corpus table.
        out: folder of the store.
        corpus: name of the reader; None: recognised by the file names.
        speakers_from: where the speakers are taken from; see `read_corpus`.
        front_end: front end of the features; None: `FrontEnd()`, or the folder's `frontend.json` for
            spectrograms (`.npy`).
        augment: number of distinct waveform variants to draw per clip.
        noisy: number of noisy copies of each clip (`serenade.audio.noisy`).
        seed: seed of the variants and copies.
        trim: remove silence at both ends of each clip (not of spectrograms).
        jobs: number of worker processes; None: one per core.
        workers: workers of other machines instead; see `serenade.cluster.prepare`.
        progress: called at the start and after every chunk.
        reader_options: options of the corpus's reader; for several corpora as in `read_corpora`.

    Raises:
        CorpusError: there is no corpus.
        StoreError: `out` has other content, another process writes to it, the front end of spectrograms is
            unknown, or no clip can be used and there is no text.
        OutputError: `out` cannot be written to.

    >>> import tempfile
    >>> import numpy as np, soundfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> soundfile.write(folder / "a.wav", np.sin(np.arange(16_000) / 5), 16_000)
    >>> from serenade.corpora import new_table
    >>> table = new_table([{"file": folder / "a.wav", "emotion": "anger", "speaker": "1"}])
    >>> prepare(table, folder / "store", jobs=1).features(0).shape
    (63, 128)
    """
    if not isinstance(corpus_at, pd.DataFrame):
        protect_inputs([out], [corpus_at] if isinstance(corpus_at, str | Path) else corpus_at)
    if isinstance(corpus_at, pd.DataFrame):
        table = _checked(corpus_at)
        table, folders = assign_speakers(table, speakers_from) if speakers_from else table, []
        table = with_merged_speakers(table)
    elif isinstance(corpus_at, str | Path):
        table = read_corpus(corpus_at, corpus, speakers_from=speakers_from, **reader_options)
        folders = [Path(corpus_at)]
    else:
        table = read_corpora(corpus_at, corpus, speakers_from=speakers_from, **reader_options)
        folders = [Path(at) for at in corpus_at]
    front_end = _front_end(table, folders, front_end, copies=augment + noisy)
    if not 0 <= augment <= len(VARIANTS):
        raise StoreError(f"augment is {augment}, and a clip has 0 to {len(VARIANTS)} variants", file=out)
    notes = [*table.attrs.get("notes", ()), *describe_merged(table.attrs["merged_speakers"])]
    if replaced := [name for name in table.columns if name in _OWN_COLUMNS]:
        notes.append(f"not kept, since the store has columns of these names: {', '.join(replaced)}")
    table = table.assign(file=[_absolute(file) for file in table["file"]], id=clip_ids(table))
    out = Path(out)
    clips = [_clip(row) for row in table[["id", "file", "start", "end"]].itertuples(index=False)]
    files = list(dict.fromkeys(table["file"]))
    chunks = cut_into_chunks(
        with_voices(clips, table, seed=seed) if noisy else clips,
        folder=out / CHUNKS,
        front_end=front_end,
        augment=augment,
        noisy=noisy,
        seed=seed,
        trim=trim,
        versions=None if workers is None else dict(zip(files, workers.versions(files), strict=True)),
    )
    key = hash_of([[chunk.key for chunk in chunks], table.drop(columns="file").to_csv(index=False)])
    report = progress or (lambda _: None)
    if (out / ABOUT).exists():
        store = _same(Store.open(out), key)
        whole = {"done": len(table), "total": len(table), "found": len(table)}
        report(Progress(**whole, found_chunks=len(chunks), chunks=len(chunks)))
    else:
        claim_folder(out)
        with locked(out):
            _make(
                chunks,
                partial(map_unordered, Chunk.make, jobs=jobs) if workers is None else workers.make,
                report,
            )
            index = _index(table, chunks)
            if not (index["state"] == "ok").any() and not _has_only_texts(index):
                raise StoreError(_none_usable(index), file=folders[0] if folders else out)
            about = {
                "key": key,
                "notes": notes,
                "clips": len(table),
                "corpus": sorted(set(table["corpus"]) - {""}),
                "licence": {name: licence_of(name) for name in sorted(set(table["corpus"]) - {""})},
                "augment": augment,
                "noisy": noisy,
                "seed": seed,
                "trim": trim,
            }
            frames = (chunk.frames() for chunk in chunks)
            store = write_store(out, frames, index, front_end=front_end, about=about)
    shutil.rmtree(out / CHUNKS, ignore_errors=True)
    return store


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    lacking = [name for name in COLUMNS if name not in table]
    if lacking or table.empty:
        what = f"lacks the columns {', '.join(lacking)}" if lacking else "has no rows"
        raise CorpusError(f"the corpus table {what}; make one with read_corpus or new_table")
    return table.reset_index(drop=True)


def _front_end(
    table: pd.DataFrame, folders: Sequence[Path], given: FrontEnd | None, *, copies: int
) -> FrontEnd:
    """Return the front end: that of the spectrograms, if there are any, also for recordings beside them."""
    ready_made = [Path(file).absolute() for file in table["file"] if str(file).endswith(".npy")]
    if not ready_made:
        return given or FrontEnd()
    homes = [folder for folder in folders if any(folder.absolute() in file.parents for file in ready_made)]
    homes = homes or [Path(os.path.commonpath(ready_made))]
    if copies:
        raise StoreError(
            "has spectrograms (.npy), but variants are made from recordings; remove --augment and --noisy",
            file=homes[0],
        )
    front_ends = {front_end_of(home, given) for home in homes}
    if len(front_ends) > 1:
        raise StoreError("has spectrograms of another front end than the folder before it", file=homes[-1])
    return front_ends.pop()


def clip_ids(table: pd.DataFrame) -> list[str]:
    """Return a unique id for each row of a corpus table, from source, variant and start.

    >>> clip_ids(pd.DataFrame({"source": ["a", "a", "b"], "start": [math.nan, 2.5, math.nan]}))
    ['a', 'a@2.5', 'b']
    """
    variants = table["variant"] if "variant" in table else ["original"] * len(table)
    seen: Counter[str] = Counter()
    ids = []
    for source, variant, start in zip(table["source"], variants, table["start"], strict=True):
        name = source if variant in ("", "original") else f"{source}_{variant}"
        name += "" if math.isnan(start) else f"@{start:g}"
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
    return ids


def _clip(row: Any) -> Clip:
    return Clip(
        id=row.id,
        file=row.file,
        start_s=0.0 if math.isnan(row.start) else float(row.start),
        end_s=None if math.isnan(row.end) else float(row.end),
    )


def _same(store: Store, key: str) -> Store:
    if store.about.get("key") != key:
        raise StoreError(
            "has a finished store of other recordings, labels, front end, variants or seed; "
            "choose another --out, or remove it first",
            file=store.path,
        )
    return store


def _absolute(file: str) -> str:
    """The absolute path of a file; a URL as it is."""
    return file if "://" in file else os.path.abspath(file)


def _make(
    chunks: Sequence[Chunk],
    make: Callable[[Sequence[Chunk]], Iterator[int]],
    report: Callable[[Progress], None],
) -> None:
    """Write the missing chunks, and remove the files of other runs."""
    folder = chunks[0].folder
    wanted = {chunk.file for chunk in chunks}
    for file in (*folder.iterdir(), *folder.parent.glob(".*.part")):
        if file not in wanted:
            file.unlink()
    found: list[Chunk] = []
    missing: list[Chunk] = []
    for chunk in chunks:
        (found if chunk.done else missing).append(chunk)
    begun = sum(len(chunk.clips) for chunk in found)
    total = begun + sum(len(chunk.clips) for chunk in missing)
    done = begun
    counts = {"total": total, "found": begun, "found_chunks": len(found), "chunks": len(chunks)}
    report(Progress(done=done, **counts))
    for clips in make(missing):
        done += clips
        report(Progress(done=done, **counts))


def _index(table: pd.DataFrame, chunks: Sequence[Chunk]) -> pd.DataFrame:
    """Return the corpus table with one row per clip and variant, and the results of the chunks."""
    rows = pd.DataFrame.from_records(
        [{"clip": clip, **row.to_dict()} for chunk in chunks for clip, row in chunk.rows()]
    )
    made = set(rows.columns) - {"clip"}
    if "variant" in table:
        # In a table of several corpora, the column is empty for those that do not have it.
        given = rows["clip"].map(dict(zip(table["id"], table["variant"].fillna(""), strict=True)))
        rows["variant"] = given.where(given != "", rows["variant"])
    others = table.set_index("id").drop(columns=[name for name in made if name in table], errors="ignore")
    of_rows = others.loc[rows.pop("clip")].reset_index(drop=True)
    return pd.concat([rows, of_rows], axis=1)


def _has_only_texts(index: pd.DataFrame) -> bool:
    """Return whether the rows have texts and all recordings are missing, as in MELD's tables."""
    has_text = "text" in index and bool((index["text"].fillna("") != "").any())
    return has_text and bool((index["state"] == "missing").all())


def _none_usable(index: pd.DataFrame) -> str:
    states = ", ".join(f"{count} {state}" for state, count in index["state"].value_counts().items())
    first = index.iloc[0]
    return f"none of {len(index)} clips can be used ({states}); {first['file']}: {first['note']}"
