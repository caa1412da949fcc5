"""`serenade prepare`: compute the features of a corpus."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serenade.cli.options import MetadataOption, SpeakersFromOption
from serenade.cli.progress import progress_bar
from serenade.text import printable

if TYPE_CHECKING:
    from serenade.features.prepare import Progress

_NAMED = 10
"""How many unusable clips, and how many with a warning, are named on stderr; the index has all of them."""


def prepare(
    places: Annotated[
        list[str],  # a Path would take one slash of s3://
        typer.Argument(metavar="PATH…", help="Folders of recordings, or manifests, for one store."),
    ],
    out: Annotated[str, typer.Option("--out", metavar="STORE", help="Folder of the store.")],
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus",
            metavar="NAME",
            help="Name of the corpus, see serenade list corpora (default: recognised by its file names).",
        ),
    ] = None,
    augment: Annotated[
        int, typer.Option("--augment", min=0, max=8, metavar="N", help="Augmented variants per clip, 0 to 8.")
    ] = 0,
    noisy: Annotated[
        int,
        typer.Option(
            "--noisy",
            min=0,
            max=8,
            metavar="N",
            help="Copies per clip with noise, reverberation or telephone band, 0 to 8.",
        ),
    ] = 0,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, metavar="N", help="Worker processes (default: one per core)."),
    ] = None,
    front_end: Annotated[
        Path | None,
        typer.Option(
            "--front-end", metavar="FILE", help="JSON or TOML file with settings of the log-mel front end."
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe", metavar="RECIPE", help="Use the settings in section [store] of this recipe."
        ),
    ] = None,
    metadata: MetadataOption = None,
    speakers_from: SpeakersFromOption = None,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, metavar="N", help="Seed of variants and noisy copies."),
    ] = 0,
    trim: Annotated[bool, typer.Option("--trim", help="Remove silence at both ends of each clip.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if a clip cannot be used.")] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="ADDRESS",
            help="Compute on the nodes of a Ray cluster: ray://HOST, HOST:PORT or auto; local for all cores "
            "of this machine. Manifests and their recordings can be URLs such as s3://bucket/x.csv.",
        ),
    ] = None,
) -> None:
    """Compute the features of a corpus and write a store.

    A store is a folder that `serenade train` and `serenade evaluate` read.
    """
    from serenade.features.mel_folder import read_front_end
    from serenade.features.prepare import prepare as prepare_store
    from serenade.features.store_summary import summarise

    options: dict[str, Any] = {} if metadata is None else {"metadata": metadata}
    end = None if front_end is None else read_front_end(front_end)
    if recipe is not None:
        from serenade.training.recipe import load_recipe

        needed = load_recipe(recipe).store
        if len(places) == 1 and Path(places[0]).is_dir():
            corpus = corpus or needed.corpus or None
        end, augment, trim = end or needed.front_end, augment or needed.variants, trim or needed.trim
        noisy = noisy or needed.noisy_copies
    settings: dict[str, Any] = {
        "corpus": corpus,
        "speakers_from": speakers_from,
        "front_end": end,
        "augment": augment,
        "noisy": noisy,
        "seed": seed,
        "trim": trim,
    }
    if cluster is not None:
        from serenade.cluster.connection import require_ray

        if jobs is not None:
            raise typer.BadParameter("does not go together with --cluster", param_hint="--jobs")
        require_ray()
        from serenade.cluster.prepare import prepare_on_cluster

        with show_progress() as progress:
            store = prepare_on_cluster(
                places, out, cluster=cluster, progress=progress, reader_options=options, **settings
            )
    else:
        corpus_at = [Path(place) for place in places]
        with show_progress() as progress:
            store = prepare_store(
                corpus_at if len(corpus_at) > 1 else corpus_at[0],
                Path(out),
                jobs=jobs,
                progress=progress,
                **settings,
                **options,
            )
    summary = summarise(store)
    for lines in (summary.trouble, summary.warned):
        print_clips(lines, f"column note of {store.path / 'index.csv'}")
    print(summary)
    if strict and summary.trouble:
        raise typer.Exit(1)


def print_clips(trouble: Sequence[str], rest_in: str) -> None:
    """Print the first lines about clips on stderr, and where the others are."""
    for line in trouble[:_NAMED]:
        print(printable(line), file=sys.stderr)
    if len(trouble) > _NAMED:
        print(f"… and {len(trouble) - _NAMED} more: {rest_in}", file=sys.stderr)


@contextmanager
def show_progress() -> Iterator[Callable[[Progress], None]]:
    """Show a progress bar if stderr is a terminal; print what an earlier run had done in any case."""
    is_first = True
    with progress_bar("prepare", unit="clips") as bar:

        def show(progress: Progress) -> None:
            nonlocal is_first
            if is_first and progress.found:
                print(_found(progress), file=sys.stderr)
            is_first = False
            bar.update(done=progress.done, total=progress.total)

        yield show


def _found(progress: Progress) -> str:
    if progress.already_prepared:
        return f"already prepared: all {progress.total:,} clips are done"
    return (
        f"continuing an earlier run: {progress.found_chunks} of {progress.chunks} chunks "
        f"({progress.found:,} of {progress.total:,} clips) are done"
    )
