"""The folder of a prediction on a cluster: a Parquet file per chunk, and what they were made of.

Readers of Parquet folders (pandas, pyarrow, DuckDB, Spark) skip `_run.json`.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from serenade.cluster.files import is_remote, join, names_in, read_bytes, remove, write_bytes
from serenade.cluster.rows import Counts, read_counts, to_parquet
from serenade.errors import ClusterError, OutputError
from serenade.files import LOCK, lock
from serenade.output.records import setting_changes

ABOUT, SUFFIX = "_run.json", ".parquet"
_FORMAT = "serenade-predictions"
_THREADS = 16
_KEY = re.compile(r"[0-9a-f]{32}")


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
        """Keys of the chunks that are there; other Parquet files in the folder are of the user."""
        keys = {name.removesuffix(SUFFIX) for name in self._names if name.endswith(SUFFIX)}
        return {key for key in keys if _KEY.fullmatch(key)}

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes from writing to the folder; an object store has no locks.

        Raises:
            OutputError: another process writes to it, or it cannot be written to.
        """
        if is_remote(self.path):
            return nullcontext()
        busy = OutputError(
            "another process writes predictions here; wait for it, or choose another folder", file=self.path
        )
        return lock(Path(self.path) / LOCK, busy=busy)

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
        self._names = names_in(self.path)  # another process may have finished meanwhile
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
        if not is_remote(self.path):
            for part in Path(self.path).glob(".*.part"):  # of a killed process
                remove(str(part))
        self._describe(chunks, settings, is_finished=False)
        return {key: counts for key, counts in done.items() if counts is not None}

    def write(self, key: str, table: pa.Table) -> None:
        """Write a chunk, which appears whole or not at all."""
        write_bytes(self.file_of(key), to_parquet(table))

    def finish(
        self, chunks: Mapping[str, Sequence[str]], settings: Mapping[str, Any], counts: Counts
    ) -> None:
        """Record that all chunks are there.

        Raises:
            ClusterError: another process has removed some; there are no locks in an object store.
        """
        if lost := {key + SUFFIX for key in chunks} - names_in(self.path):
            raise ClusterError(
                f"another process has removed {min(lost)} meanwhile; use a folder for each run, and run the "
                "same command again to continue",
                file=self.path,
            )
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
        return read_counts(io.BytesIO(read_bytes(self.file_of(key))))

    def _table_of(self, key: str) -> pa.Table | None:
        """The column `file` of a chunk; None if it is damaged."""
        content = read_bytes(self.file_of(key))
        try:
            return pq.read_table(io.BytesIO(content), columns=["file"])
        except (pa.ArrowException, OSError, KeyError):
            return None


def read_results(path: str) -> pa.Table:
    """Read all predictions of a folder, in the order of the manifest.

    Raises:
        ClusterError: it is not a folder of results, its run is not finished, or a chunk is damaged.
    """
    folder = ResultFolder(path)
    about = folder.about()
    if not about.get("is_finished"):
        raise ClusterError("is not a finished folder of results; run `serenade predict` again", file=path)
    tables = []
    for key in about["chunks"]:
        file = folder.file_of(key)
        content = io.BytesIO(read_bytes(file))
        try:
            tables.append(pq.read_table(content))
        except (pa.ArrowException, OSError) as cause:
            raise ClusterError("is damaged; run `serenade predict` again", file=file) from cause
    return pa.concat_tables(tables)
