"""`serenade audit`: whether the parts of a split share speakers or sounds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from serenade.cli.options import SpeakersFromOption


def audit(
    lists: Annotated[
        list[Path],
        typer.Argument(
            metavar="TRAIN TEST [DEV]",
            help="The parts: folders of recordings, or lists of them (CSV, TSV, JSON, JSON lines, or a text "
            "file with a path per line). Or one list with a column `split`.",
            show_default=False,
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Folder of the recordings; they are found by the names in the lists.",
        ),
    ] = None,
    speakers_from: SpeakersFromOption = None,
    names_only: Annotated[
        bool, typer.Option("--names-only", help="Compare names only, not the sound of the recordings.")
    ] = False,
    text: Annotated[bool, typer.Option("--text", help="Count the same text in two parts as a leak.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the audit to a file: .html (a page with players), .csv (every leak), .json or .md.",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of threads (default: one per core).")
    ] = None,
) -> None:
    """Check whether the parts of a split share speakers, source clips or sounds.

    Sounds are compared byte for byte, sample by sample, and as near-duplicates: copies with another level,
    codec or band, or cut shorter. The exit code is 1 if the split leaks, 0 if not.
    """
    from serenade.cli.progress import progress_bar
    from serenade.cli.text_tables import show_tables
    from serenade.errors import CorpusError
    from serenade.files import protect_inputs, require_writable
    from serenade.split_audit import audit as audit_split
    from serenade.split_audit.write import WRITERS, overlap_table, summary, write_audit
    from serenade.text import printable

    if len(lists) > 3:
        raise typer.BadParameter("name train, test and at most dev", param_hint="TRAIN TEST [DEV]")
    if out is not None and out.suffix.lower() not in WRITERS:
        raise typer.BadParameter(f"must end in one of {', '.join(WRITERS)}", param_hint="--out")
    require_writable(out)
    protect_inputs([out], [*lists, data])
    with progress_bar("audit", unit="clips") as bar:
        result = audit_split(
            *lists,
            data=data,
            speakers_from=speakers_from,
            sound=not names_only,
            text=text,
            jobs=jobs or os.cpu_count() or 1,
            progress=lambda what, done, total: bar.update(done=done, total=total, note=what),
        )
    if not names_only and not result.table["has_sound"].any():
        raise CorpusError(
            f"none of the {len(result.table)} recordings was found, so no sound was compared; name their "
            "folder with --data, or compare names only with --names-only"
        )
    for note in result.notes:
        typer.echo(printable(f"Note: {note}"), err=True)
    show_tables([overlap_table(result)], text=summary(result))
    if out is not None:
        write_audit(result, out)
        print(out)
    if not result.is_clean:
        raise typer.Exit(1)
