"""`serenade predict --cluster`: prediction on many machines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from serenade.cli.progress import progress_bar
from serenade.text import counted, printable

if TYPE_CHECKING:
    from serenade.cluster.predict import ClusterProgress, ClusterResult

_LINE_EVERY_S = 30.0
"""How often a line is printed where stderr is no terminal, such as in the log of a batch job."""


def predict_on_cluster(
    recordings: Sequence[str] | None,
    out: str | None,
    *,
    cluster: str,
    model: str | None,
    settings: Mapping[str, Any],
    others: Mapping[str, object],
    per_chunk: int | None,
    overwrite: bool,
    strict: bool,
) -> None:
    """Predict on a cluster, with progress and a final table.

    Args:
        recordings: the arguments of the command.
        out: the value of `--out`.
        cluster: the value of `--cluster`.
        model: the value of `--model`.
        settings: the fields of `PredictSettings`.
        others: the values of options that do not go together with `--cluster`, None if they are not used.
        per_chunk: the value of `--chunk`.
        overwrite: the value of `--overwrite`.
        strict: the value of `--strict`.
    """
    for name, value in others.items():
        if value is not None:
            raise typer.BadParameter("does not go together with --cluster", param_hint=name)
    if not recordings or "-" in recordings:
        raise typer.BadParameter(
            "name manifests, recordings or folders", param_hint="FILE|FOLDER|GLOB|MANIFEST"
        )
    if not out or out == "-":
        raise typer.BadParameter("--cluster needs a folder for the results: --out FOLDER", param_hint="--out")
    for name, option in (("window_s", "--window"), ("hop_s", "--hop"), ("smooth", "--smooth")):
        if settings[name] and not settings["timeline"]:
            raise typer.BadParameter("needs --timeline; add it", param_hint=option)

    from serenade.cluster.connection import require_ray

    require_ray()  # the other modules need the libraries of the extra
    from serenade.cluster.predict import PER_CHUNK
    from serenade.cluster.predict import predict_on_cluster as predict
    from serenade.cluster.recordings import recordings_of
    from serenade.cluster.worker import PredictSettings

    files, skipped = recordings_of(recordings)
    if skipped:
        print(printable(skipped), file=sys.stderr)
    with _shown() as show:
        result = predict(
            files,
            out,
            cluster=cluster,
            model=model,
            settings=PredictSettings(model_sha256="", **settings),
            per_chunk=per_chunk or PER_CHUNK,
            overwrite=overwrite,
            progress=show,
        )
    for row in result.failed:
        print(printable(f"{row['file']}: {row['error']}"), file=sys.stderr)
    if result.counts.failed > len(result.failed):
        print(
            printable(f"all that could not be predicted: rows with the state error in {out}"), file=sys.stderr
        )
    print(printable_table(result))
    if result.counts.failed == result.counts.recordings or (strict and result.counts.failed):
        raise typer.Exit(1)


def printable_table(result: ClusterResult) -> str:
    """The final table: a line per count."""
    counts, earlier = result.counts, result.earlier
    new_s = counts.sound_s - earlier.sound_s
    this_run = f"{result.seconds:,.0f} s, {new_s / result.seconds:,.0f} × real time"
    if earlier.recordings == counts.recordings:
        this_run = "nothing was left to do; --overwrite predicts all again"
    lines = {
        "recordings": f"{counts.recordings:,}",
        "  not predicted": f"{counts.failed:,}",
        "  by an earlier run": f"{earlier.recordings:,}",
        "predictions": f"{counts.rows - counts.failed:,}",
        "  unsure": f"{counts.unsure:,}",
        "  no speech": f"{counts.no_speech:,}",
        "  with a warning": f"{counts.warned:,}",
        "sound": f"{counts.sound_s / 3600:,.2f} h",
        "this run": this_run,
        "results": f"{printable(result.out)} ({counted(result.chunks, 'chunk')})",
    }
    width = max(map(len, lines))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())


@contextmanager
def _shown() -> Iterator[Callable[[ClusterProgress], None]]:
    """A bar if stderr is a terminal, else a line from time to time."""
    printed_at: float | None = None
    with progress_bar("predict", unit="recordings") as bar:

        def show(progress: ClusterProgress) -> None:
            nonlocal printed_at
            text = (
                f"{progress.done:,} of {progress.total:,} recordings, {progress.chunks:,} of "
                f"{progress.all_chunks:,} chunks, {progress.failed:,} not predicted"
            )
            if printed_at is None and progress.done:
                what = "done by" if progress.done == progress.total else "continuing"
                print(f"{what} an earlier run: {text}", file=sys.stderr)
            bar.update(done=progress.done, total=progress.total, note=f"{progress.failed:,} not predicted")
            now = time.monotonic()
            if printed_at is None or (not bar.is_shown and now - printed_at >= _LINE_EVERY_S):
                if printed_at is not None:
                    print(f"predict: {text}", file=sys.stderr, flush=True)
                printed_at = now

        yield show
