"""The readers by name, and the guess which of them a folder wants."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from serenade.audio.discovery import find_audio
from serenade.errors import CorpusError
from serenade.registry import Registry

Reader = TypeVar("Reader", bound=Callable[..., pd.DataFrame])
Recognise = Callable[[Path, Sequence[Path]], float]

SYNTHETIC = "synthetic"
"""Corpus name of synthetic speech, whichever corpus its file names imitate."""
SYNTHETIC_FILE = "synthetic-corpus.txt"
"""Marker file of a synthetic corpus, in the folder of its recordings or the folder above."""
_SYNTHETIC_LICENCE = "CC0-1.0 (synthetic speech, nobody was recorded)"

_RANK = {".wav": 0, ".flac": 1, ".npy": 3}
_SURE = 0.5
"""Share of a folder's files that must look like a corpus before it is taken for that corpus."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """What is known of a corpus before reading it.

    Attributes:
        name: the name that `read_corpus(..., corpus=name)` takes.
        read: the reader, `(path, **options) -> table`.
        licence: of the recordings; "" where the user's own apply.
        url: where it is described.
        languages: ISO 639-1 codes.
        looks_like: what its files look like, for people.
        recognise: share (0–1) of the files that look so.
    """

    name: str
    read: Callable[..., pd.DataFrame]
    licence: str
    url: str
    languages: tuple[str, ...]
    looks_like: str
    recognise: Recognise

    def to_dict(self) -> dict[str, Any]:
        """Name, licence, address, languages and looks as JSON-able values."""
        return {
            "name": self.name,
            "licence": self.licence,
            "url": self.url,
            "languages": list(self.languages),
            "looks_like": self.looks_like,
        }


CORPORA = Registry[Corpus]("corpus", packages=("serenade.corpora.readers",), error=CorpusError)
"""Corpora by name."""


def register_corpus(
    name: str,
    *,
    licence: str,
    url: str,
    languages: Sequence[str],
    looks_like: str,
    recognise: str | Recognise,
) -> Callable[[Reader], Reader]:
    """Make a reader known under a name.

    Args:
        name: lower case, as on the command line.
        licence: of the recordings.
        url: where the corpus is described.
        languages: ISO 639-1 codes.
        looks_like: how its files are named, for error messages and lists.
        recognise: a regular expression that the stem of its files matches in full, or a function of the
            path and the sound files below it that says which share of them (0–1) belongs to the corpus.
    """
    judge = _by_stem(recognise) if isinstance(recognise, str) else recognise

    def register(reader: Reader) -> Reader:
        CORPORA.add(
            name,
            Corpus(
                name=name,
                read=reader,
                licence=licence,
                url=url,
                languages=tuple(languages),
                looks_like=looks_like,
                recognise=judge,
            ),
        )
        return reader

    return register


def list_corpora() -> tuple[Corpus, ...]:
    """Every registered corpus, by name.

    >>> [corpus.name for corpus in list_corpora()]
    ['cremad', 'emodb', 'emovo', 'manifest', 'meld', 'nemo', 'ravdess']
    """
    return tuple(CORPORA[name] for name in CORPORA)


def licence_of(corpus: str) -> str:
    """The licence of a corpus by the name that its table gives, "" where none is known.

    >>> licence_of("synthetic")
    'CC0-1.0 (synthetic speech, nobody was recorded)'
    """
    if corpus == SYNTHETIC:
        return _SYNTHETIC_LICENCE
    return CORPORA[corpus].licence if corpus in CORPORA else ""


def read_corpus(path: str | Path, corpus: str | None = None, **options: Any) -> pd.DataFrame:
    """Read a folder (or a manifest) as a corpus table.

    Args:
        path: the folder, or a CSV / TSV manifest.
        corpus: a name of `list_corpora()`; guessed from the files' names when None.
        options: passed to the reader, e.g. `targets="sound"` for CREMA-D.

    Returns:
        One row a clip, sorted by file (MELD: as its tables are); see `serenade.corpora.table.COLUMNS`.

    Raises:
        CorpusError: nothing there, no such corpus, none that the files look like, or an unknown option.
    """
    path = Path(path)
    if not path.exists():
        raise CorpusError("there is no such file or folder; check the path", file=path)
    if corpus is None:
        return _read(guess_corpus(path), path, options)
    if corpus not in CORPORA:
        raise CorpusError(f"there is no corpus {corpus!r}; {CORPORA.suggest(corpus)}", file=path)
    return _read(CORPORA[corpus], path, options)


def read_corpora(
    paths: Sequence[str | Path], corpus: str | None = None, **options: Mapping[str, Any]
) -> pd.DataFrame:
    """Read several folders or manifests, each as `read_corpus` does, into one table.

    Args:
        paths: each of its own corpus; a speaker is told from one of the same name by the column `corpus`.
        corpus: of all of them; guessed one by one when None.
        options: of their readers, by corpus, e.g. `cremad={"targets": "sound"}`.

    Raises:
        CorpusError: as `read_corpus`; or options of a corpus that is not among them.
    """
    tables, notes, names = [], [], set()
    for path in paths:
        # A path that is not there is told by `read_corpus`.
        name = corpus or (guess_corpus(path).name if Path(path).exists() else "")
        table = read_corpus(path, name or None, **options.get(name, {}))
        notes += table.attrs.pop("notes", [])
        tables.append(table)
        names.add(name)
    if unused := sorted(set(options) - names):
        raise CorpusError(f"there are options for {unused[0]}, and these are {', '.join(sorted(names))}")
    together = pd.concat(tables, ignore_index=True)
    together.attrs["notes"] = notes
    return together


def _read(corpus: Corpus, path: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    known = [
        name for name, given in signature(corpus.read).parameters.items() if given.kind == given.KEYWORD_ONLY
    ]
    if unknown := sorted(set(options) - set(known)):
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise CorpusError(f"the reader of {corpus.name} has no option {unknown[0]!r}; {takes}", file=path)
    table = corpus.read(path, **options)
    if any((folder / SYNTHETIC_FILE).is_file() for folder in (path, path.parent)):
        table["corpus"] = SYNTHETIC
    return table


def guess_corpus(path: str | Path) -> Corpus:
    """The corpus that most of the files look like.

    Raises:
        CorpusError: the folder is empty, or looks like none; the message says what was looked for.
    """
    path = Path(path)
    files = clips_in(path) if path.is_dir() else []
    shares = [(corpus.recognise(path, files), corpus) for corpus in list_corpora()]
    share, best = max(shares, key=lambda pair: pair[0])
    if share >= _SURE:
        return best
    if path.is_dir() and not files:
        raise CorpusError(
            "holds no sound files, no spectrograms and no manifest; give the folder of the recordings",
            file=path,
        )
    looked_for = "; ".join(f"{corpus.name}: {corpus.looks_like}" for corpus in list_corpora())
    example = f"such as {files[0].name}" if files else "in it"
    raise CorpusError(
        f"the names {example} are those of no corpus known here; name one with --corpus, or write a manifest "
        f"(CSV with the columns file, emotion, speaker). Looked for {looked_for}",
        file=path,
    )


def clips_in(folder: Path) -> list[Path]:
    """The sound files and `.npy` spectrograms below a folder, sorted; `._*` and hidden ones left out."""
    arrays = (file for file in folder.rglob("*.npy") if not file.name.startswith("."))
    return sorted({*find_audio(folder), *arrays})


def named_clips(
    path: Path,
    pattern: str,
    *,
    corpus: str,
    looks_like: str,
    identity: Callable[[re.Match[str]], str] = lambda match: match.group(0),
) -> tuple[list[tuple[Path, re.Match[str]]], list[str]]:
    """Files below `path` whose stem matches `pattern` in full, each clip once, and what was left out.

    Copies of a corpus often hold a clip twice: as wav and mp3, in two folders, or as sound and spectrogram.
    The wav is kept, then flac, then any sound; spectrograms are read only where there is no sound at all.

    Raises:
        CorpusError: not a folder, no sound in it, or no name that fits.
    """
    if not path.is_dir():
        raise CorpusError(f"is not a folder; {corpus} is read from the folder of its recordings", file=path)
    files = clips_in(path)
    if not files:
        raise CorpusError("holds no sound files; give the folder of the recordings", file=path)
    pairs = [(file, match) for file in files if (match := re.fullmatch(pattern, file.stem))]
    if not pairs:
        raise CorpusError(
            f"none of its {len(files)} files (such as {files[0].name}) is named as {corpus} names them, "
            f"{looks_like}; "
            "name the right corpus or write a manifest (CSV with the columns file, emotion, speaker)",
            file=path,
        )
    pairs.sort(key=lambda pair: (_RANK.get(pair[0].suffix.lower(), 2), pair[0]))
    sound = pairs[0][0].suffix.lower() != ".npy"
    kept: dict[str, tuple[Path, re.Match[str]]] = {}
    for file, match in pairs:
        if not (sound and file.suffix.lower() == ".npy"):
            kept.setdefault(identity(match), (file, match))
    notes = []
    if more := len(pairs) - len(kept):
        notes.append(f"{more} files hold a clip once more, in another form or folder: left out")
    if others := len(files) - len(pairs):
        notes.append(f"{others} files are not named as {corpus} names them: left out")
    return sorted(kept.values(), key=lambda pair: pair[0]), notes


def _by_stem(pattern: str) -> Recognise:
    compiled = re.compile(pattern)

    def share(path: Path, files: Sequence[Path]) -> float:
        return sum(bool(compiled.fullmatch(file.stem)) for file in files) / len(files) if files else 0.0

    return share
