"""`serenade inspect`: what a folder of recordings or a manifest contains, and what would harm training."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serenade.cli.options import MetadataOption, SpeakersFromOption

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
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Folders of recordings, or manifests (CSV or TSV).")
    ],
    corpus: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the corpus, see serenade list corpora (default: recognised by its file names).",
        ),
    ] = None,
    metadata: MetadataOption = None,
    speakers_from: SpeakersFromOption = None,
    format: Annotated[Format, typer.Option(help="Output format.")] = Format.table,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of threads (default: one per core).")
    ] = None,
) -> None:
    """Check the recordings of a corpus, or of several together, before training.

    Prints the number of clips, emotions and speakers, the lengths, and every problem that would harm
    training.
    """
    from rich.console import Console

    from serenade.cli.progress import progress_bar
    from serenade.corpora import check_corpus, read_corpora, read_corpus
    from serenade.errors import CorpusError
    from serenade.text import counted, json_text

    options: dict[str, Any] = {} if metadata is None else {"metadata": metadata}
    if len(paths) == 1:
        table = read_corpus(paths[0], corpus, speakers_from=speakers_from, **options)
    else:
        table = read_corpora(paths, corpus, speakers_from=speakers_from, **options)
    with progress_bar("inspect", unit="files") as bar:
        check = check_corpus(
            table, jobs=jobs, progress=lambda done, total: bar.update(done=done, total=total)
        )
    notes: list[str] = table.attrs["notes"]
    names = sorted(set(table["corpus"]) - {""}) or [""]
    if format is Format.json:
        content = {
            "path": ", ".join(map(str, paths)),
            "paths": [str(path) for path in paths],
            "corpus": ", ".join(names),
            "corpora": names,
            "notes": notes,
            **check.to_dict(),
        }
        sys.stdout.write(json_text(content, indent=1, encoding=sys.stdout.encoding) + "\n")
    else:
        _show(Console(highlight=False), paths, names, notes, check)
    if not check.usable:
        checked = counted(check.files, "file")
        raise CorpusError(f"has no usable file ({checked} checked); see the problems above", file=paths[0])


def _show(
    console: Console, paths: Sequence[Path], names: Sequence[str], notes: Sequence[str], check: CorpusCheck
) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    from serenade.corpora import licence_of
    from serenade.text import printable

    def indented(content: RenderableType) -> None:
        console.print(Padding(content, (0, 0, 0, 2), expand=False))

    inputs = ", ".join(f"[bold]{escape(printable(path))}[/]" for path in paths)
    licences = {name: licence for name in names if (licence := licence_of(name))}
    corpora = "; corpus ".join(
        f"[bold]{escape(printable(name))}[/]" + (f", licence {licences[name]}" if name in licences else "")
        for name in names
    )
    console.print(f"{inputs}: corpus {corpora}", soft_wrap=True)
    for line in _overview(check):
        indented(escape(printable(line)))
    console.print()
    indented(_by_emotion(check.emotions))
    console.print()
    problems = list(_problems(check, paths))
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
        yield f"{_span(sum(lengths))} in all; {_lengths([*lengths])}"
        rates = _mix({f"{rate / 1000:g} kHz": count for rate, count in check.rates_hz.items()})
        channels = _mix({names.get(n, f"{n} channels"): count for n, count in check.channels.items()})
        yield f"{rates}; {channels}"
    if check.spectrograms:
        yield f"{counted(check.spectrograms, 'spectrogram')} (.npy)"


def _problems(check: CorpusCheck, paths: Sequence[Path]) -> Iterator[tuple[str, list[str], str]]:
    """Each problem that was found, with its files and what to do."""
    folder = _common_folder(paths)

    def short(file: str) -> str:
        return str(Path(file).relative_to(folder)) if Path(file).is_relative_to(folder) else file

    def missing(file: str) -> str:
        leads_to = f": is a link to {os.readlink(file)}" if os.path.islink(file) else ""
        return short(file) + leads_to

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
        ("missing files", [*map(missing, check.missing)], "correct the paths, or remove the rows"),
        (
            "unreadable files",
            reasons(check.unreadable),
            "correct the paths, convert or copy the files again, or remove them",
        ),
        ("incomplete files", reasons(check.truncated), "copy them again, or remove them"),
        ("files with a warning", reasons(check.warnings), "listen to them"),
        ("silent files", [*map(short, check.silent)], "they are not trained on"),
        ("clips with wrong times", reasons(check.bad_times), "correct the columns start and end"),
        (
            "clips that end after their recording",
            reasons(check.cut_times),
            "they are used up to its end; correct the column end",
        ),
        ("sounds under two labels", labels, "correct or remove them: at least one label is wrong"),
        ("sounds under two speakers", speakers, "correct or remove them: at least one speaker is wrong"),
        ("sounds that occur more than once", duplicates, "a split must keep them in one part"),
        (
            "speakers with several spellings",
            [str(speaker) for speaker in check.merged_speakers],
            "each is counted as one person; write the names of different people differently",
        ),
        ("clips that are listed more than once", [*map(short, check.repeated)], "remove the additional rows"),
        ("files without a label", [*map(short, check.unlabelled)], "they can be predicted, not trained on"),
        (
            "files without a speaker",
            [*map(short, check.without_speaker)],
            "a split by speaker needs speakers: see --speakers-from",
        ),
    ]
    yield from (problem for problem in found if problem[1])


def _common_folder(paths: Sequence[Path]) -> Path:
    """The folder that files are named relative to: as the user wrote it, for a single path."""
    folders = [path if path.is_dir() else path.parent for path in paths]
    if len(folders) == 1:
        return folders[0]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # absolute and relative paths, or several drives of Windows
        return folders[0]


def _mix(counts: dict[str, int]) -> str:
    """A single value, or several values with their counts.

    >>> _mix({"16 kHz": 9}), _mix({"16 kHz": 9, "48 kHz": 1})
    ('16 kHz', '16 kHz (9), 48 kHz (1)')
    """
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{name} ({count:,})" for name, count in counts.items())


def _lengths(lengths: Sequence[float]) -> str:
    """Shortest, longest and mean length of a file.

    >>> _lengths([2.0, 2.125]), _lengths([2.0, 2.0])
    ('2.00 to 2.13 s a file, mean 2.06 s', '2.00 s a file')
    """
    from serenade.text import half_up

    shortest, longest, mean = (
        f"{half_up(length, 2):.2f}" for length in (min(lengths), max(lengths), sum(lengths) / len(lengths))
    )
    return (
        f"{shortest} s a file" if shortest == longest else f"{shortest} to {longest} s a file, mean {mean} s"
    )


def _span(seconds: float) -> str:
    """A length of time for people.

    >>> _span(42.5), _span(4000)
    ('43 s', '1 h 07 min')
    """
    from serenade.text import half_up

    minutes = int(half_up(seconds / 60, 0))
    if minutes < 2:
        return f"{half_up(seconds, 0):.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
