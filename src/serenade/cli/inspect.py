"""`serenade inspect`: what a folder of recordings or a manifest contains, and what would harm training."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from serenade.corpora import CorpusCheck

_NAMED = 3
"""Files named for each problem; the JSON output names all."""


class Format(StrEnum):
    """The output formats."""

    table = "table"
    json = "json"


def inspect(
    path: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of recordings, or a manifest (CSV or TSV).")
    ],
    corpus: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the corpus, see serenade list corpora (default: recognised by its file names).",
        ),
    ] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(
            "--metadata",
            metavar="FOLDER",
            help="Folder with the tables of the corpus (speakers, votes, texts), if it is elsewhere.",
        ),
    ] = None,
    speakers_from: Annotated[
        str | None,
        typer.Option(
            "--speakers-from",
            metavar="SOURCE",
            help="Take the speakers from the folder names (folder), from the file names (name:REGEX) or from "
            "a column of the manifest (column:NAME).",
        ),
    ] = None,
    format: Annotated[Format, typer.Option(help="Output format.")] = Format.table,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of threads (default: one per core).")
    ] = None,
) -> None:
    """Check the recordings of a corpus before training.

    Prints the number of clips, emotions and speakers, the lengths, and every problem that would harm
    training.
    """
    from rich.console import Console

    from serenade.cli.progress import progress_bar
    from serenade.corpora import check_corpus, read_corpus
    from serenade.errors import CorpusError
    from serenade.text import counted, json_text

    options: dict[str, Any] = {} if metadata is None else {"metadata": metadata}
    table = read_corpus(path, corpus, speakers_from=speakers_from, **options)
    with progress_bar("inspect", unit="files") as bar:
        check = check_corpus(
            table, jobs=jobs, progress=lambda done, total: bar.update(done=done, total=total)
        )
    notes: list[str] = table.attrs["notes"]
    name = str(table["corpus"].iloc[0])
    if format is Format.json:
        content = {"path": str(path), "corpus": name, "notes": notes, **check.to_dict()}
        sys.stdout.write(json_text(content, indent=1, encoding=sys.stdout.encoding) + "\n")
    else:
        _show(Console(highlight=False), path, name, notes, check)
    if not check.usable:
        checked = counted(check.files, "file")
        raise CorpusError(f"has no usable file ({checked} checked); see the problems above", file=path)


def _show(console: Console, path: Path, name: str, notes: Sequence[str], check: CorpusCheck) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    from serenade.corpora import licence_of
    from serenade.text import printable

    def indented(content: RenderableType) -> None:
        console.print(Padding(content, (0, 0, 0, 2), expand=False))

    licence = f", licence {licence_of(name)}" if licence_of(name) else ""
    console.print(
        f"[bold]{escape(printable(str(path)))}[/]: corpus [bold]{escape(printable(name))}[/]{licence}",
        soft_wrap=True,
    )
    for line in _overview(check):
        indented(escape(printable(line)))
    console.print()
    indented(_by_emotion(check.emotions))
    console.print()
    problems = list(_problems(check, path))
    for problem, files, advice in problems:
        indented(f"[yellow]![/] [bold]{problem} ({len(files):,})[/]: {advice}")
        for file in files[:_NAMED]:
            console.print(f"      {printable(file)}", soft_wrap=True, markup=False)
        if len(files) > _NAMED:
            console.print(f"      … and {len(files) - _NAMED:,} more (--format json lists all)")
    if not problems:
        indented(
            "[green]✓[/] every file exists, is readable, complete, labelled, not silent, and listed once"
        )
    for note in notes:
        indented(f"[dim]· {escape(printable(note))}[/]")


def _by_emotion(emotions: dict[str, dict[str, int]]) -> Table:
    """Clips by emotion and sex, with a bar for each emotion."""
    from rich.markup import escape
    from rich.table import Table

    from serenade.text import printable

    known = {sex for counts in emotions.values() for sex in counts}
    sexes = [sex for sex in ("female", "male", "") if sex in known and known != {""}]
    clips = {emotion: sum(counts.values()) for emotion, counts in emotions.items()}
    table = Table(box=None, header_style="bold", pad_edge=False, show_footer=True, footer_style="bold")
    table.add_column("emotion", footer="all")
    table.add_column("clips", justify="right", footer=f"{sum(clips.values()):,}")
    for sex in sexes:
        total = sum(counts.get(sex, 0) for counts in emotions.values())
        table.add_column(sex or "unknown", justify="right", footer=f"{total:,}")
    table.add_column("")
    for emotion, counts in emotions.items():
        bar = "▆" * max(1, round(20 * clips[emotion] / max(clips.values())))
        by_sex = (f"{counts.get(sex, 0):,}" for sex in sexes)
        table.add_row(escape(printable(emotion)), f"{clips[emotion]:,}", *by_sex, f"[cyan]{bar}[/]")
    return table


def _overview(check: CorpusCheck) -> Iterator[str]:
    """Sizes, in two or three lines."""
    from serenade.text import counted

    people = counted(len(check.speakers), "speaker") if check.speakers else "speakers unknown"
    if check.speakers:
        fewest, most = min(check.speakers.values()), max(check.speakers.values())
        clips = counted(most, "clip")
        people += f" ({clips} each)" if fewest == most else f" ({fewest} to {clips} each)"
    in_files = f" in {counted(check.files, 'file')}" if check.files != check.clips else ""
    languages = ", ".join(check.languages)
    yield f"{counted(check.clips, 'clip')}{in_files}, {people}" + (
        f", language {languages}" if languages else ""
    )
    lengths = check.durations_s.values()
    if lengths:
        names = {1: "mono", 2: "stereo"}
        total, mean = sum(lengths), sum(lengths) / len(lengths)
        yield f"{_span(total)} in all; {min(lengths):.2f} to {max(lengths):.2f} s a file, mean {mean:.2f} s"
        rates = _mix({f"{rate / 1000:g} kHz": count for rate, count in check.rates_hz.items()})
        channels = _mix({names.get(n, f"{n} channels"): count for n, count in check.channels.items()})
        yield f"{rates}; {channels}"
    if check.spectrograms:
        yield f"{counted(check.spectrograms, 'spectrogram')} (.npy)"


def _problems(check: CorpusCheck, path: Path) -> Iterator[tuple[str, list[str], str]]:
    """Each problem that was found, with its files and what to do."""
    folder = path if path.is_dir() else path.parent

    def short(file: str) -> str:
        return str(Path(file).relative_to(folder)) if Path(file).is_relative_to(folder) else file

    def same(files: Sequence[str]) -> str:
        return " = ".join(map(short, files))

    def reasons(by_file: dict[str, str]) -> list[str]:
        return [f"{short(file)}: {reason}" for file, reason in by_file.items()]

    conflicting = {conflict.files for conflict in check.two_labels}
    duplicates = [same(group) for group in check.identical if group not in conflicting]
    labels = [f"{same(conflict.files)}: {', '.join(conflict.values)}" for conflict in check.two_labels]
    speakers = [f"{same(conflict.files)}: {', '.join(conflict.values)}" for conflict in check.two_speakers]
    found = [
        (
            "Git LFS pointers instead of recordings",
            [*map(short, check.lfs_pointers)],
            "run `git lfs pull` there",
        ),
        ("missing files", [*map(short, check.missing)], "correct the paths, or remove the rows"),
        ("unreadable files", reasons(check.unreadable), "record, copy or convert them again, or remove them"),
        ("incomplete files", reasons(check.truncated), "copy them again, or remove them"),
        ("silent files", [*map(short, check.silent)], "they are not trained on"),
        ("clips with wrong times", reasons(check.bad_times), "correct the columns start and end"),
        ("sounds under two labels", labels, "correct or remove them: at least one label is wrong"),
        ("sounds under two speakers", speakers, "correct or remove them: at least one speaker is wrong"),
        ("sounds that occur more than once", duplicates, "a split must keep them in one part"),
        ("clips that are listed more than once", [*map(short, check.repeated)], "remove the additional rows"),
        ("files without a label", [*map(short, check.unlabelled)], "they can be predicted, not trained on"),
        (
            "files without a speaker",
            [*map(short, check.without_speaker)],
            "a split by speaker needs speakers: see --speakers-from",
        ),
    ]
    yield from (problem for problem in found if problem[1])


def _mix(counts: dict[str, int]) -> str:
    """A single value, or several values with their counts.

    >>> _mix({"16 kHz": 9}), _mix({"16 kHz": 9, "48 kHz": 1})
    ('16 kHz', '16 kHz (9), 48 kHz (1)')
    """
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{name} ({count:,})" for name, count in counts.items())


def _span(seconds: float) -> str:
    """A length of time for people.

    >>> _span(42.0), _span(4000)
    ('42 s', '1 h 07 min')
    """
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
