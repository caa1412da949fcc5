"""`serenade inspect`: what a folder of recordings holds, and what is wrong with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from serenade.corpora import Findings

_NAMED = 3
"""Files named for each finding; the JSON form names all."""


class Format(StrEnum):
    """How the findings are printed."""

    table = "table"
    json = "json"


def inspect(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of recordings, or a manifest (CSV, TSV).")
    ],
    corpus: Annotated[
        str | None,
        typer.Option(help="Name of the corpus (see `serenade list corpora`); guessed when left out."),
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option("--metadata", metavar="DIR", help="Folder of CREMA-D's tables.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.table,
    jobs: Annotated[int | None, typer.Option(min=1, help="Threads; one a core when left out.")] = None,
) -> None:
    """Say what is there: clips, emotions, speakers, lengths, and everything that would spoil a training."""
    from rich.console import Console

    from serenade.cli.progress import progress_bar
    from serenade.corpora import check_table, read_corpus
    from serenade.errors import CorpusError

    options = {} if metadata is None else {"metadata": metadata}
    table = read_corpus(folder, corpus, **options)
    with progress_bar("inspect", unit="files") as bar:
        findings = check_table(
            table, jobs=jobs, progress=lambda done, total: bar.update(done=done, total=total)
        )
    notes: list[str] = table.attrs.get("notes", [])
    name = str(table["corpus"].iloc[0])
    if format is Format.json:
        content = {"path": str(folder), "corpus": name, "notes": notes, **findings.to_dict()}
        sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    else:
        _show(Console(highlight=False), folder, name, notes, findings)
    if not findings.usable:
        raise CorpusError(f"not one of its {findings.files} files can be used; see above why", file=folder)


def _show(console: Console, folder: Path, name: str, notes: Sequence[str], findings: Findings) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    from serenade.corpora import licence_of

    def indented(content: RenderableType) -> None:
        console.print(Padding(content, (0, 0, 0, 2), expand=False))

    licence = f", licence {licence_of(name)}" if licence_of(name) else ""
    console.print(f"[bold]{escape(str(folder))}[/]: [bold]{escape(name)}[/]{licence}", soft_wrap=True)
    for line in _overview(findings):
        indented(line)
    console.print()
    indented(_by_emotion(findings.emotions))
    console.print()
    wrong = list(_wrong(findings, folder))
    for what, names, advice in wrong:
        indented(f"[yellow]![/] [bold]{what} ({len(names):,})[/]: {advice}")
        for file in names[:_NAMED]:
            console.print(f"      {file}", soft_wrap=True, markup=False)
        if len(names) > _NAMED:
            console.print(f"      … and {len(names) - _NAMED:,} more (all of them: --format json)")
    if not wrong:
        indented("[green]✓[/] every file is there, readable, labelled, not silent, and only once")
    for note in notes:
        indented(f"[dim]· {escape(note)}[/]")


def _by_emotion(emotions: dict[str, dict[str, int]]) -> Table:
    """Clips by emotion and sex, with a bar for each."""
    from rich.table import Table

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
        table.add_row(
            emotion, f"{clips[emotion]:,}", *(f"{counts.get(sex, 0):,}" for sex in sexes), f"[cyan]{bar}[/]"
        )
    return table


def _overview(findings: Findings) -> Iterator[str]:
    """Sizes in two or three lines."""
    people = f"{len(findings.speakers)} speakers" if findings.speakers else "speakers unknown"
    if findings.speakers:
        fewest, most = min(findings.speakers.values()), max(findings.speakers.values())
        people += f" ({fewest} clips each)" if fewest == most else f" ({fewest} to {most} clips each)"
    in_files = f" in {findings.files} files" if findings.files != findings.clips else ""
    languages = ", ".join(findings.languages)
    yield f"{findings.clips:,} clips{in_files}, {people}" + (f", language {languages}" if languages else "")
    lengths = findings.durations_s.values()
    if lengths:
        names = {1: "mono", 2: "stereo"}
        total, mean = sum(lengths), sum(lengths) / len(lengths)
        yield f"{_span(total)} in all; {min(lengths):.2f} to {max(lengths):.2f} s a file, mean {mean:.2f} s"
        rates = _mix({f"{rate / 1000:g} kHz": count for rate, count in findings.rates_hz.items()})
        channels = _mix({names.get(n, f"{n} channels"): count for n, count in findings.channels.items()})
        yield f"{rates}; {channels}"
    if findings.spectrograms:
        yield f"{findings.spectrograms:,} ready-made spectrograms (.npy)"


def _wrong(findings: Findings, folder: Path) -> Iterator[tuple[str, list[str], str]]:
    """What was found, in which files, what to do; nothing for what was not found."""

    def short(file: str) -> str:
        return str(Path(file).relative_to(folder)) if Path(file).is_relative_to(folder) else file

    def together(groups: Sequence[Sequence[str]]) -> list[str]:
        return [" = ".join(map(short, group)) for group in groups]

    same_label = [group for group in findings.identical if group not in findings.two_labels]
    reasons = [f"{short(file)}: {why}" for file, why in findings.unreadable.items()]
    files = [
        (
            "Git-LFS pointers instead of sound",
            findings.lfs_pointers,
            "run `git lfs pull` in their repository",
        ),
        ("files that are not there", findings.missing, "correct the paths, or remove the rows"),
        ("silent files", findings.silent, "no store takes them up; nothing to do"),
        ("files without a label", findings.unlabelled, "they can be predicted, not trained on"),
        ("files that do not say who speaks", findings.speakerless, "a fair split needs a column `speaker`"),
    ]
    lists = [(what, [short(file) for file in names], advice) for what, names, advice in files]
    lists += [
        ("unreadable files", reasons, "record, copy or convert them anew, or remove them"),
        ("sounds under two labels", together(findings.two_labels), "one label is wrong; train on neither"),
        ("sounds that are there more than once", together(same_label), "a split must keep them together"),
    ]
    yield from (entry for entry in lists if entry[1])


def _mix(counts: dict[str, int]) -> str:
    """One value alone, several with how often.

    >>> _mix({"16 kHz": 9}), _mix({"16 kHz": 9, "48 kHz": 1})
    ('16 kHz', '16 kHz (9), 48 kHz (1)')
    """
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{name} ({count:,})" for name, count in counts.items())


def _span(seconds: float) -> str:
    """A length that people can read.

    >>> _span(42.0), _span(4000)
    ('42 s', '1 h 07 min')
    """
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
