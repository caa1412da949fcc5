"""Features of a corpus, computed on the workers of a cluster and written as a store of this machine."""

from __future__ import annotations

import os
import posixpath
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from serenade.cluster.connection import connected, require_reachable
from serenade.cluster.fetching import CRASHED, Fetched, Item, require_same_version
from serenade.cluster.files import SCHEME_END, Stamp, is_remote, read_bytes, stamps_of
from serenade.cluster.tasks import map_chunks
from serenade.corpora import read_corpora, read_corpus
from serenade.corpora.manifest_rows import MANIFEST_SUFFIXES
from serenade.errors import ClusterError, CorpusError, UnsupportedMedia
from serenade.features.chunks import Chunk
from serenade.features.clips import Clip, Rendered, Row
from serenade.features.prepare import Progress, Workers, prepare
from serenade.features.store import Store
from serenade.version import __version__

_MISSING: Stamp = (-1, -1)
"""Version of a file that does not exist, as in one process."""


def prepare_on_cluster(
    corpus_at: Sequence[str],
    out: str,
    *,
    cluster: str,
    corpus: str | None = None,
    speakers_from: str | None = None,
    progress: Callable[[Progress], None] | None = None,
    reader_options: dict[str, Any] | None = None,
    **options: Any,
) -> Store:
    """Compute the features of a corpus on a cluster and write them as a store.

    The store is the one that `serenade.features.prepare.prepare` writes in one process, byte for byte. The
    workers decode and compute; this machine writes.

    Args:
        corpus_at: folders of recordings that all nodes can read, and manifests, also as URLs.
        out: folder of the store, on this machine.
        cluster: address of the cluster, see `serenade.cluster.connection.connected`.
        corpus: as for `prepare`.
        speakers_from: as for `prepare`.
        progress: as for `prepare`.
        reader_options: options of the corpus's reader, as for `prepare`.
        options: other options of `prepare`.

    Raises:
        ClusterError: no cluster, a place that cannot be read, or `out` is a URL.
        CorpusError, StoreError, OutputError: as `prepare`.
    """
    if is_remote(out):
        raise ClusterError(
            "is a URL, and a store is a folder of this machine, since training reads it at random; name a "
            "folder",
            file=out,
        )
    require_reachable(cluster)  # before a folder is made
    settings = {"corpus": corpus, "speakers_from": speakers_from, **(reader_options or {})}
    table: str | pd.DataFrame | Sequence[str]
    if any(is_remote(path) or _lists_urls(path) for path in corpus_at):
        table, settings = read_table(corpus_at, **settings), {}
    else:
        table = corpus_at if len(corpus_at) > 1 else corpus_at[0]
    workers = Workers(versions=_versions, make=partial(_make, cluster=cluster))
    return prepare(table, out, workers=workers, progress=progress, **settings, **options)


def read_table(corpus_at: Sequence[str], **settings: Any) -> pd.DataFrame:
    """Read manifests that are in an object store, or list URLs, as a corpus table.

    A remote manifest is copied into a local folder of the same structure, so that it is read as any other.

    Raises:
        ClusterError: a manifest cannot be fetched.
        CorpusError: as `read_corpus`.
    """
    with tempfile.TemporaryDirectory(prefix="serenade-") as folder:
        root = Path(folder).resolve()
        places = [_copied(path, root) if is_remote(path) else Path(path) for path in corpus_at]
        try:
            table = (
                read_corpora(places, **settings) if len(places) > 1 else read_corpus(places[0], **settings)
            )
        except CorpusError as error:
            for place, path in zip(places, corpus_at, strict=True):
                if error.file == str(place):
                    raise CorpusError(error.message, file=path) from None
            raise
        attributes = table.attrs
        scheme = next((path.partition(SCHEME_END)[0] for path in corpus_at if is_remote(path)), "")
        table = table.assign(file=[_url_of(file, root, scheme) for file in table["file"]])
        table.attrs = attributes
        return table


def _lists_urls(path: str) -> bool:
    """Whether a manifest of this machine has URLs."""
    if not _is_manifest(path):
        return False
    try:
        return SCHEME_END.encode() in Path(path).read_bytes()
    except OSError:
        return False  # its reader says what is wrong


def _is_manifest(path: str) -> bool:
    return path.lower().endswith(tuple(MANIFEST_SUFFIXES))


def _copied(path: str, root: Path) -> Path:
    """A local copy of a remote manifest; the folders above it are those of its URL."""
    if not _is_manifest(path):
        raise ClusterError(
            "is no manifest; in an object store, list the recordings in a CSV file with the columns file, "
            "emotion and speaker",
            file=path,
        )
    place = root / path.partition(SCHEME_END)[2]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(read_bytes(path))
    return place


def _url_of(file: str, root: Path, scheme: str) -> str:
    """The URL that a path of a table was; a path of this machine as it is."""
    absolute = os.path.abspath(file)
    if match := re.search(r"/([a-z][a-z0-9+.-]+):/(.+)$", absolute):
        return f"{match[1]}{SCHEME_END}{match[2]}"
    if Path(absolute).is_relative_to(root):
        return f"{scheme}{SCHEME_END}{posixpath.join(*Path(absolute).relative_to(root).parts)}"
    return file


def _versions(files: Sequence[str]) -> list[Stamp]:
    return [stamp or _MISSING for stamp in stamps_of(files)]


def _make(chunks: Sequence[Chunk], *, cluster: str) -> Iterator[int]:
    """Compute chunks on the workers, write each as it arrives, and yield the number of its clips."""
    if not chunks:
        return
    by_key = {chunk.key: chunk for chunk in chunks}
    files = list(dict.fromkeys(clip.file for chunk in chunks for clip in chunk.clips))
    exists = dict(zip(files, map(bool, stamps_of(files)), strict=True))
    items = {chunk.key: [(clip, exists[clip.file]) for clip in chunk.clips] for chunk in chunks}
    how = replace(chunks[0], key="", clips=())
    gave_up = partial(_gave_up, n_mels=how.front_end.n_mels)
    results = map_chunks(render_chunk, items, how, __version__, gave_up=gave_up)
    # Closed before the connection: tasks that run are cancelled.
    with connected(cluster), closing(results):
        for key, rendered in results:
            yield by_key[key].write(rendered)


def render_chunk(items: Sequence[tuple[Clip, bool]], how: Chunk, version: str) -> list[list[Rendered]]:
    """Compute the features of clips on a worker, on one thread.

    Args:
        items: each clip, and whether the machine that started the run found its recording.
        how: front end, variants and seed.
        version: version of serenade on that machine.

    Returns:
        For each clip the rows and frames of `serenade.features.clips.render`.

    Raises:
        ClusterError: as `serenade.cluster.worker.predict_chunk`.
    """
    require_same_version(version)
    recordings = [Item(clip.file, exists) for clip, exists in items]
    # Sums in another order would give other bytes.
    with threadpool_limits(1), Fetched(recordings) as fetched:
        return [_rendered(clip, how, fetched) for clip, _ in items]


def _rendered(clip: Clip, how: Chunk, fetched: Fetched) -> list[Rendered]:
    try:
        return how.render(_localised(clip, fetched))
    except UnsupportedMedia as error:
        return _nothing(clip, error.message, n_mels=how.front_end.n_mels)


def _localised(clip: Clip, fetched: Fetched) -> Clip:
    """The clip, and the voices of its noisy copies, with paths of this machine."""
    voices = tuple(_localised(voice, fetched) for voice in clip.voices)
    return replace(clip, file=str(fetched.path_of(clip.file)), voices=voices)


def _gave_up(item: tuple[Clip, bool], *, n_mels: int) -> list[Rendered]:
    return _nothing(item[0], CRASHED, n_mels=n_mels)


def _nothing(clip: Clip, note: str, *, n_mels: int) -> list[Rendered]:
    return [(Row(id=clip.id, state="unreadable", note=note), np.empty((0, n_mels), np.float32))]
