"""The folder of a prediction on a cluster: a Parquet file per chunk, and what they were made of.

Readers of Parquet folders (pandas, pyarrow, DuckDB, Spark) skip `_run.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from serenade.cluster.files import join, names_in, open_file, read_bytes, remove, write_bytes
from serenade.cluster.rows import Counts, read_counts, to_parquet
from serenade.errors import ClusterError, OutputError
from serenade.output.records import setting_changes

ABOUT, SUFFIX = "_run.json", ".parquet"
_FORMAT = "serenade-predictions"
_THREADS = 16


class ResultFolder:
    """A folder of chunks, each written once.

    Args:
        path: a folder, or a URL such as `s3://bucket/results`.

    Raises:
        OutputError, ClusterError: it cannot be made or read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._names = names_in(path)

    @property
    def keys(self) -> set[str]:
        """Keys of the chunks that are there."""
        return {name.removesuffix(SUFFIX) for name in self._names if name.endswith(SUFFIX)}

    def about(self) -> dict[str, Any]:
        """What the chunks were made of; empty for a new folder.

        Raises:
            ClusterError: it has other files, and is no folder of results.
        """
        if ABOUT not in self._names:
            if others := {name for name in self._names if not name.startswith(".")}:
                raise ClusterError(
                    f"has other files ({min(others)}) and is not a folder of results; choose an empty or a "
                    "new folder",
                    file=self.path,
                )
            return {}
        try:
            about = json.loads(read_bytes(join(self.path, ABOUT)))
            is_known = about["format"] == _FORMAT
            if is_known and isinstance(about["settings"], dict) and isinstance(about["chunks"], list):
                return dict(about)
        except (ValueError, KeyError, TypeError):
            pass
        raise ClusterError(
            "is damaged or of another program; remove it with its folder, and predict again",
            file=join(self.path, ABOUT),
        )

    def begin(
        self,
        chunks: Mapping[str, Sequence[str]],
        settings: Mapping[str, Any],
        *,
        overwrite: bool,
    ) -> dict[str, Counts]:
        """Keep the chunks that are part of this run, and remove those that it replaces.

        A manifest may grow: a chunk whose recordings are all in this run is replaced.

        Args:
            chunks: the recordings of each chunk of this run, by key.
            settings: what predictions depend on besides the recordings.
            overwrite: remove all chunks instead.

        Returns:
            The counts of the chunks that are done.

        Raises:
            OutputError: the folder has predictions with other settings, or of other recordings.
        """
        about = self.about()
        changes = setting_changes(about["settings"], settings) if about else ""
        if changes and not overwrite:
            raise OutputError(
                f"has predictions of another run ({changes}); choose another folder, or predict all again "
                "with --overwrite",
                file=self.path,
            )
        others = self.keys if overwrite else self.keys - chunks.keys()
        if not overwrite:
            self._require_replaced(others, {file for files in chunks.values() for file in files})
        done = dict(self._all(self._counts_of, sorted(self.keys - others)))
        damaged = {key for key, counts in done.items() if counts is None}
        for key in others | damaged:
            remove(self.file_of(key))
        self._names -= {key + SUFFIX for key in others | damaged}
        self._describe(chunks, settings, is_finished=False)
        return {key: counts for key, counts in done.items() if counts is not None}

    def write(self, key: str, table: pa.Table) -> None:
        """Write a chunk, which appears whole or not at all."""
        write_bytes(self.file_of(key), to_parquet(table))

    def finish(
        self, chunks: Mapping[str, Sequence[str]], settings: Mapping[str, Any], counts: Counts
    ) -> None:
        """Record that all chunks are there."""
        self._describe(chunks, settings, is_finished=True, counts=counts.to_dict())

    def file_of(self, key: str) -> str:
        """The file of a chunk."""
        return join(self.path, key + SUFFIX)

    def _describe(
        self, chunks: Mapping[str, Sequence[str]], settings: Mapping[str, Any], **others: Any
    ) -> None:
        about = {"format": _FORMAT, "settings": dict(settings), **others, "chunks": list(chunks)}
        write_bytes(join(self.path, ABOUT), json.dumps(about, indent=1).encode())
        self._names.add(ABOUT)

    def _require_replaced(self, keys: set[str], files: set[str]) -> None:
        """Refuse to remove chunks with recordings that are not part of this run."""
        for key, table in self._all(self._table_of, sorted(keys)):
            lost = set() if table is None else set(table.column("file").to_pylist()) - files
            if lost:
                raise OutputError(
                    f"has predictions of other recordings ({key}{SUFFIX}: {min(lost)}); choose another "
                    "folder, or remove them with --overwrite",
                    file=self.path,
                )

    def _all(self, function: Callable[[str], Any], keys: Sequence[str]) -> list[tuple[str, Any]]:
        with ThreadPoolExecutor(_THREADS) as threads:
            return list(zip(keys, threads.map(function, keys), strict=True))

    def _counts_of(self, key: str) -> Counts | None:
        with open_file(self.file_of(key)) as file:
            return read_counts(file)

    def _table_of(self, key: str) -> pa.Table | None:
        """The column `file` of a chunk; None if it is damaged."""
        try:
            with open_file(self.file_of(key)) as file:
                return pq.read_table(file, columns=["file"])
        except (pa.ArrowException, KeyError):
            return None


def read_results(path: str) -> pa.Table:
    """Read all predictions of a folder, in the order of the manifest.

    Raises:
        ClusterError: it is not a folder of results, or its run is not finished.
    """
    folder = ResultFolder(path)
    about = folder.about()
    if not about.get("is_finished"):
        raise ClusterError("is not a finished folder of results; run `serenade predict` again", file=path)
    tables = []
    for key in about["chunks"]:
        with open_file(folder.file_of(key)) as file:
            tables.append(pq.read_table(file))
    return pa.concat_tables(tables)
