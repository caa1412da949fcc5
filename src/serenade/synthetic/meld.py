"""Made trees of `MELD.Raw`: real or made tables, clips spoken by made voices, and MELD's own traps.

For tests and benchmarks: the clips of MELD cannot be given away. Emotions are heard in the voices, and read
in the made texts and vectors, so that a network has something to learn from each.
"""

from __future__ import annotations

import csv
import os
import pickle
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.corpora.readers.meld import FOLDERS, read_meld
from serenade.errors import CorpusError
from serenade.files import make_folder, write_whole
from serenade.synthetic.meld_clips import KINDS, encode, speak
from serenade.synthetic.meld_tables import make_tables
from serenade.synthetic.speakers import Speaker, make_speaker
from serenade.synthetic.voice import RATE_HZ

WIDTH = 600
"""Of a vector of `text_emotion.pkl`."""

_RANKS = 33
_LEAST = 8
_LONG_S = 300.0
_TINY_S = 0.06


@dataclass(frozen=True, kw_only=True)
class MadeMeld:
    """What was made.

    Attributes:
        path: the folder, as `MELD.Raw`.
        rows: by part.
        traps: by kind ("missing", "corrupt", "silent", "tiny", "long", "both", "rowless"), where they are:
            `train/dia0_utt1`.
    """

    path: Path
    rows: dict[str, int]
    traps: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return dict(vars(self)) | {"path": str(self.path)}


def make_meld(
    folder: str | Path,
    *,
    tables: str | Path | None = None,
    rows: Mapping[str, int] | None = None,
    distinct: int = 240,
    rng: np.random.Generator,
    traps: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> MadeMeld:
    """Write a tree as `MELD.Raw`: tables, folders of clips, `text_emotion.pkl`.

    Args:
        folder: where to; made if need be.
        tables: a folder with `{train,dev,test}_sent_emo.csv` to go by, or None to make some up.
        rows: how many of each part ("train", "dev", "test"); all of `tables`, or 60, 20 and 20, when None.
        distinct: sounds to make; with more rows than that, rows of one emotion share them (hard links).
        rng: decides everything.
        traps: clips that are missing, cut off, silent, 0.06 s or five minutes long, there as mp4 and as
            wav, without a row, and AppleDouble twins.
        progress: called with the number of sounds made, and of all.

    Raises:
        CorpusError: `tables` holds none, or there are too few rows for the traps.
        OutputError: no place to write.
    """
    folder = make_folder(folder)
    if tables is None:
        make_tables(folder, rows or {"train": 60, "dev": 20, "test": 20}, rng=rng)
    else:
        _copy_tables(Path(tables), folder, rows)
    table = read_meld(folder)
    if traps and (table.groupby("split").size() < _LEAST).any():
        raise CorpusError(f"traps need at least {_LEAST} rows in every part; make more", file=folder)
    cast = {name: make_speaker(number, rng) for number, name in enumerate(sorted(set(table["speaker"])))}
    _write_clips(folder, table, cast, min(distinct, len(table)), rng, progress)
    set_ones = _set_traps(folder, table, rng) if traps else {}
    write_vectors(folder / "text_emotion.pkl", table, rng=rng)
    counts = table.groupby("split", sort=False).size()
    return MadeMeld(
        path=folder, rows={str(part): int(count) for part, count in counts.items()}, traps=set_ones
    )


def write_vectors(file: Path, table: pd.DataFrame, *, rng: np.random.Generator) -> None:
    """Write a pickle in the layout of `text_emotion.pkl`.

    A list of three dicts, train, dev and test: Dialogue_ID as text → float32 [shape=(33, 600)]. Rows are
    packed by rank; those behind the last utterance are padding and not zero; dialogues are in no order.
    """
    centre = {name: rng.standard_normal(WIDTH, dtype=np.float32) for name in sorted(set(table["emotion"]))}
    parts = []
    for part in FOLDERS:
        dialogues = list(table[table["split"] == part].groupby("dialogue", sort=False))
        content = {}
        for number in rng.permutation(len(dialogues)):
            name, utterances = dialogues[number]
            vectors = rng.standard_normal((max(_RANKS, len(utterances)), WIDTH), dtype=np.float32)
            vectors[: len(utterances)] += 0.5 * np.stack(
                [centre[emotion] for emotion in utterances["emotion"]]
            )
            content[str(name).partition("/")[2]] = vectors
        parts.append(content)
    with write_whole(file, "wb") as out:
        pickle.dump(parts, out, protocol=4)


def _copy_tables(tables: Path, folder: Path, rows: Mapping[str, int] | None) -> None:
    for part in FOLDERS:
        file = tables / f"{part}_sent_emo.csv"
        if not file.is_file():
            raise CorpusError("is not there; give a folder with MELD's three tables", file=file)
        with file.open(encoding="utf-8-sig", newline="") as source:
            header, *content = csv.reader(source)
        with write_whole(folder / file.name) as out:
            writer = csv.writer(out)
            writer.writerow(header)
            writer.writerows(content if rows is None else content[: rows[part]])


def _write_clips(
    folder: Path,
    table: pd.DataFrame,
    cast: Mapping[str, Speaker],
    distinct: int,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None,
) -> None:
    """The first `distinct` rows in a random order are spoken; every other borrows one of its emotion."""
    spoken: dict[str, list[Path]] = {}
    for done, number in enumerate(rng.permutation(len(table)), 1):
        row = table.iloc[number]
        there = spoken.setdefault(row["emotion"], [])
        target = Path(row["file"])
        if done <= distinct or not there:
            kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
            sound = speak(row["text"], cast[row["speaker"]], row["emotion"], rng=rng)
            there.append(target.with_suffix(".wav" if kind == "wav" else ".mp4"))
            _write(there[-1], encode(sound, kind, rng=rng))
        else:
            borrowed = there[int(rng.integers(len(there)))]
            _link(borrowed, target.with_suffix(borrowed.suffix))
        if progress is not None:
            progress(min(done, distinct), distinct)


def _write(file: Path, content: bytes) -> None:
    with write_whole(file, "wb") as out:
        out.write(content)


def _link(there: Path, file: Path) -> None:
    make_folder(file.parent)
    file.unlink(missing_ok=True)
    try:
        os.link(there, file)
    except OSError:
        shutil.copyfile(there, file)


def _set_traps(folder: Path, table: pd.DataFrame, rng: np.random.Generator) -> dict[str, tuple[str, ...]]:
    """Replace clips by what MELD's tree really holds; every trap is a row of its own."""
    hum = speak("hmm", make_speaker(0, rng), "neutral", rng=rng)
    silence = np.zeros(RATE_HZ, np.float32)
    long = np.resize(hum, int(_LONG_S * RATE_HZ))
    whole = encode(hum, "stereo", rng=rng)
    contents = {
        "corrupt": whole[: len(whole) // 3],
        "silent": encode(silence, "mono", rng=rng),
        "tiny": encode(hum[: int(_TINY_S * RATE_HZ)], "mono", rng=rng),
        "long": encode(long, "mono", rng=rng),
        "both": whole,
    }
    traps: dict[str, list[str]] = {kind: [] for kind in ("missing", *contents, "rowless")}
    for part in FOLDERS:
        rows = table[table["split"] == part]
        chosen = rng.choice(len(rows), 1 + len(contents), replace=False)
        for kind, number in zip(("missing", *contents), chosen, strict=True):
            if kind == "long" and part != "test":
                continue
            clip = Path(rows["file"].iloc[number])
            for suffix in (".mp4", ".wav"):
                clip.with_suffix(suffix).unlink(missing_ok=True)
            if kind != "missing":
                _write(clip, contents[kind])
            if kind == "both":
                _write(clip.with_suffix(".wav"), encode(silence, "wav", rng=rng))
            traps[kind].append(rows["source"].iloc[number])
        clips = folder / FOLDERS[part]
        for clip in sorted(clips.iterdir())[:2]:
            _write(clip.with_name(f"._{clip.name}"), b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
        spare = f"dia{int(rows['dialogue'].iloc[-1].partition('/')[2])}_utt{rows['utterance'].iloc[-1] + 1}"
        _write(clips / f"{spare}.mp4", whole)
        traps["rowless"].append(f"{part}/{spare}")
    _write(folder / FOLDERS["test"] / "final_videos_testdia93_utt5.mp4", whole)
    return {kind: tuple(names) for kind, names in traps.items()}
