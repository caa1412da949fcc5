"""`serenade prepare`: a corpus of recordings becomes a feature store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from serenade.features.prepare import Progress

_NAMED = 10
"""How many clips in trouble are named on stderr; the index has them all."""


def prepare(
    corpus_at: Annotated[
        list[Path], typer.Argument(metavar="DIR…", help="Folders of recordings, or manifests, of one store.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="STORE", help="Folder of the store.")],
    corpus: Annotated[
        str | None, typer.Option("--corpus", help="Name of the corpus; guessed when left away.")
    ] = None,
    augment: Annotated[
        int, typer.Option("--augment", min=0, max=8, help="Waveform variants to draw for each clip.")
    ] = 0,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Worker processes; one a core when left away.")
    ] = None,
    front_end: Annotated[
        Path | None,
        typer.Option("--front-end", metavar="FILE", help="JSON or TOML with the front end, e.g. a recipe."),
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option("--metadata", metavar="DIR", help="Folder of CREMA-D's tables.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the variants drawn.")] = 0,
    trim: Annotated[
        bool, typer.Option("--trim", help="Leave the silence at both ends of each clip away.")
    ] = False,
    spectrograms: Annotated[
        bool, typer.Option("--spectrograms", help="MELD: the original's X_audio_*.npy instead of a store.")
    ] = False,
    compress: Annotated[
        bool, typer.Option("--compress", help="With --spectrograms: .npz, array X_audio, instead of .npy.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a clip cannot be used.")] = False,
) -> None:
    """Compute the log-mels of a corpus once, into a folder that training and evaluation read."""
    from serenade.features.mel_folder import read_front_end
    from serenade.features.prepare import prepare as prepare_store
    from serenade.features.store_summary import summarise

    if metadata is not None and corpus not in (None, "cremad"):
        raise typer.BadParameter("only --corpus cremad has tables apart", param_hint="--metadata")
    if compress and not spectrograms:
        raise typer.BadParameter("goes with --spectrograms", param_hint="--compress")
    if spectrograms:
        others = corpus not in (None, "meld") or front_end is not None or metadata is not None
        if others or augment or seed or trim or len(corpus_at) > 1:
            raise typer.BadParameter(
                "are MELD's, and fixed; only --compress, --jobs and --strict go with them",
                param_hint="--spectrograms",
            )
        _prepare_spectrograms(corpus_at[0], out, compress=compress, jobs=jobs, strict=strict)
        return
    with _progress_on_stderr() as progress:
        store = prepare_store(
            corpus_at if len(corpus_at) > 1 else corpus_at[0],
            out,
            corpus=corpus if metadata is None or len(corpus_at) > 1 else "cremad",
            front_end=None if front_end is None else read_front_end(front_end),
            augment=augment,
            seed=seed,
            trim=trim,
            jobs=jobs,
            progress=progress,
            **_tables(metadata, several=len(corpus_at) > 1),
        )
    summary = summarise(store)
    _name(summary.trouble, f"column note of {store.path / 'index.csv'}")
    print(summary)
    if strict and summary.trouble:
        raise typer.Exit(1)


def _tables(metadata: Path | None, *, several: bool) -> dict[str, Any]:
    """CREMA-D's tables as its reader takes them, alone or among others."""
    if metadata is None:
        return {}
    return {"cremad": {"metadata": metadata}} if several else {"metadata": metadata}


def _prepare_spectrograms(meld: Path, out: Path, *, compress: bool, jobs: int | None, strict: bool) -> None:
    from serenade.originals.meld.spectrogram_writer import write_spectrograms

    with _progress_on_stderr() as progress:
        made = write_spectrograms(meld, out, compress=compress, jobs=jobs, progress=progress)
    _name(made.trouble, f"column status of the ids_*.csv in {out}")
    print(made)
    if strict and made.trouble:
        raise typer.Exit(1)


def _name(trouble: Sequence[str], rest_in: str) -> None:
    """The first clips that cannot be used, on stderr, and where the others stand."""
    for line in trouble[:_NAMED]:
        print(line, file=sys.stderr)
    if len(trouble) > _NAMED:
        print(f"… and {len(trouble) - _NAMED} more: {rest_in}", file=sys.stderr)


@contextmanager
def _progress_on_stderr() -> Iterator[Callable[[Progress], None]]:
    """A bar where stderr is a terminal; what was found of an earlier run is told in any case."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("prepare"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    told = False
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("prepare", total=None)

        def show(progress: Progress) -> None:
            nonlocal told
            if not told and progress.found:
                told = True
                print(_found(progress), file=sys.stderr)
            bar.update(task, total=progress.total, completed=progress.done)

        yield show


def _found(progress: Progress) -> str:
    if progress.already_prepared:
        return f"already prepared: all {progress.total:,} clips are done"
    return (
        f"goes on where an earlier run ended: {progress.found_chunks} of {progress.chunks} chunks "
        f"({progress.found:,} of {progress.total:,} clips) are done"
    )
