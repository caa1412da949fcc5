"""A synthetic `MELD.Raw`: real or synthetic tables, synthetic clips, and the defects of the real corpus.

For tests and benchmarks: the clips of MELD may not be redistributed. Voices, texts and text vectors depend on
the emotion, so that a network can be trained on each of them.
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
from serenade.synthetic.synthesizer import RATE_HZ

VECTOR_SIZES = {"text_emotion.pkl": 600, "audio_emotion.pkl": 300}
"""Length of a vector by file."""

_RANKS = 33
_MIN_ROWS = 8
_LONG_S = 300.0
_SHORT_S = 0.06


@dataclass(frozen=True, kw_only=True)
class SyntheticMeld:
    """A synthetic `MELD.Raw`.

    Attributes:
        path: the folder.
        rows: number of rows by part.
        defects: defective clips, such as `train/dia0_utt1`, by kind: "missing", "corrupt", "silent", "tiny"
            (0.06 s), "long" (five minutes), "both" (as MP4 and as WAV), "unlisted" (a clip without a row).
    """

    path: Path
    rows: dict[str, int]
    defects: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-serializable values."""
        return dict(vars(self)) | {"path": str(self.path)}


def make_meld(
    folder: str | Path,
    *,
    tables: str | Path | None = None,
    rows: Mapping[str, int] | None = None,
    distinct: int = 240,
    rng: np.random.Generator,
    defects: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> SyntheticMeld:
    """Write a folder with the layout of `MELD.Raw`: tables, folders of clips, the files of `VECTOR_SIZES`.

    Args:
        folder: output folder; created if missing.
        tables: a folder with `{train,dev,test}_sent_emo.csv` to copy, or None for synthetic tables.
        rows: number of rows by part ("train", "dev", "test"); when None, all rows of `tables`, or 60, 20 and
            20.
        distinct: number of clips to synthesize; further rows share the clip of a row of the same emotion
            (hard links).
        rng: random generator.
        defects: include defective clips (see `SyntheticMeld.defects`) and AppleDouble files (`._*`).
        progress: called with the number of synthesized clips and the total.

    Raises:
        CorpusError: `tables` has no such tables, or there are too few rows for the defects.
        OutputError: the files cannot be written.
    """
    folder = make_folder(folder)
    if tables is None:
        make_tables(folder, rows or {"train": 60, "dev": 20, "test": 20}, rng=rng)
    else:
        _copy_tables(Path(tables), folder, rows)
    table = read_meld(folder)
    if defects and (table.groupby("split").size() < _MIN_ROWS).any():
        raise CorpusError(
            f"defects=True needs at least {_MIN_ROWS} rows in every part; use more rows", file=folder
        )
    speakers = {name: make_speaker(i, rng) for i, name in enumerate(sorted(set(table["speaker"])))}
    _write_clips(table, speakers, min(distinct, len(table)), rng, progress)
    added = _add_defects(folder, table, rng) if defects else {}
    for name in VECTOR_SIZES:
        write_vectors(folder / name, table, rng=rng)
    counts = table.groupby("split", sort=False).size()
    return SyntheticMeld(
        path=folder, rows={str(part): int(count) for part, count in counts.items()}, defects=added
    )


def write_vectors(file: Path, table: pd.DataFrame, *, rng: np.random.Generator) -> None:
    """Write a pickle in the layout of `text_emotion.pkl` or `audio_emotion.pkl`, by its name.

    It is a list of three dicts (train, dev, test) from Dialogue_ID as a string to float32 vectors
    [shape=(33, size)]. Rows are in order of rank; padding rows are not zero; dialogues are in random order.
    """
    size = VECTOR_SIZES[file.name]
    centre = {name: rng.standard_normal(size, dtype=np.float32) for name in sorted(set(table["emotion"]))}
    parts = []
    for part in FOLDERS:
        dialogues = list(table[table["split"] == part].groupby("dialogue", sort=False))
        content = {}
        for number in rng.permutation(len(dialogues)):
            name, utterances = dialogues[number]
            vectors = rng.standard_normal((max(_RANKS, len(utterances)), size), dtype=np.float32)
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
            raise CorpusError("does not exist; give a folder with the three tables of MELD", file=file)
        with file.open(encoding="utf-8-sig", newline="") as source:
            header, *content = csv.reader(source)
        with write_whole(folder / file.name) as out:
            writer = csv.writer(out)
            writer.writerow(header)
            writer.writerows(content if rows is None else content[: rows[part]])


def _write_clips(
    table: pd.DataFrame,
    speakers: Mapping[str, Speaker],
    distinct: int,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Synthesize `distinct` rows in random order; each further row reuses a clip of its emotion."""
    written: dict[str, list[Path]] = {}
    for done, number in enumerate(rng.permutation(len(table)), 1):
        row = table.iloc[number]
        clips = written.setdefault(row["emotion"], [])
        target = Path(row["file"])
        if done <= distinct or not clips:
            kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
            sound = speak(row["text"], speakers[row["speaker"]], row["emotion"], rng=rng)
            clips.append(target.with_suffix(".wav" if kind == "wav" else ".mp4"))
            _write(clips[-1], encode(sound, kind, rng=rng))
        else:
            clip = clips[int(rng.integers(len(clips)))]
            _link(clip, target.with_suffix(clip.suffix))
        if progress is not None:
            progress(min(done, distinct), distinct)


def _write(file: Path, content: bytes) -> None:
    with write_whole(file, "wb") as out:
        out.write(content)


def _link(source: Path, file: Path) -> None:
    make_folder(file.parent)
    file.unlink(missing_ok=True)
    try:
        os.link(source, file)
    except OSError:
        shutil.copyfile(source, file)


def _add_defects(folder: Path, table: pd.DataFrame, rng: np.random.Generator) -> dict[str, tuple[str, ...]]:
    """Replace clips by the kinds of defects that MELD has, each in a row of its own."""
    hum = speak("hmm", make_speaker(0, rng), "neutral", rng=rng)
    silence = np.zeros(RATE_HZ, np.float32)
    long = np.resize(hum, int(_LONG_S * RATE_HZ))
    intact = encode(hum, "stereo", rng=rng)
    contents = {
        "corrupt": intact[: len(intact) // 3],
        "silent": encode(silence, "mono", rng=rng),
        "tiny": encode(hum[: int(_SHORT_S * RATE_HZ)], "mono", rng=rng),
        "long": encode(long, "mono", rng=rng),
        "both": intact,
    }
    added: dict[str, list[str]] = {kind: [] for kind in ("missing", *contents, "unlisted")}
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
            added[kind].append(rows["source"].iloc[number])
        clips = folder / FOLDERS[part]
        for clip in sorted(clips.iterdir())[:2]:
            _write(clip.with_name(f"._{clip.name}"), b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
        unlisted = (
            f"dia{int(rows['dialogue'].iloc[-1].partition('/')[2])}_utt{rows['utterance'].iloc[-1] + 1}"
        )
        _write(clips / f"{unlisted}.mp4", intact)
        added["unlisted"].append(f"{part}/{unlisted}")
    _write(folder / FOLDERS["test"] / "final_videos_testdia93_utt5.mp4", intact)
    return {kind: tuple(names) for kind, names in added.items()}
