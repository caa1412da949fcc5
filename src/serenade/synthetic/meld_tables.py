"""Synthetic tables with the columns and irregularities of MELD's."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from serenade.corpora.readers.meld import COLUMNS
from serenade.files import write_whole

_HEADER = ("Sr No.", *COLUMNS)
_SPEAKERS = ("Ada", "Bruno", "Clara", "Dario", "Emma", "Felix")
# By emotion: sentiment, share of the rows (rare emotions a little more often than in MELD), phrases.
_EMOTIONS = {
    "neutral": ("neutral", 0.40, ("I’ll take the train on Monday.", "The keys are on the table.", "Okay.")),
    "surprise": ("positive", 0.13, ("Oh my God, really?!", "What?! You’re kidding!", "Wow, since when?")),
    "fear": ("negative", 0.06, ("Please don’t go in there…", "I’m scared, what was that noise?")),
    "sadness": ("negative", 0.09, ("I miss her so much.", "I’m sorry, it’s over…")),
    "joy": ("positive", 0.15, ("That’s great, I love it!", "Yay, we won! This is wonderful!")),
    "disgust": ("negative", 0.06, ("Ew, that’s gross.", "Yuck, it smells awful.")),
    "anger": ("negative", 0.11, ("How dare you!", "Get out, I’m sick of your lies!")),
}
_FILLERS = ("So, you know, about the thing with the apartment.", "Listen, {name}.", "And then he left.", "")


def make_tables(folder: Path, rows: Mapping[str, int], *, rng: np.random.Generator) -> None:
    """Write `{train,dev,test}_sent_emo.csv`.

    They have the irregularities of MELD's tables: some dialogues lack an utterance in the middle, so that ids
    and ranks differ; times have three formats; cp1252 punctuation appears as U+0080 to U+009F (in dev only).

    Args:
        folder: output folder.
        rows: number of rows by part.
        rng: random generator.
    """
    for part, count in rows.items():
        lines: list[tuple[object, ...]] = []
        dialogue = -1
        while len(lines) < count:
            dialogue += 1
            length = int(rng.integers(3, 9))
            missing = int(rng.integers(1, length - 1)) if dialogue % 4 == 1 else -1
            ids = [utterance for utterance in range(length) if utterance != missing]
            start_s = float(rng.uniform(10, 1200))
            for utterance in ids[: count - len(lines)]:
                end_s = start_s + float(rng.uniform(0.5, 6))
                text, speaker, emotion = _utterance(rng)
                sentiment = _EMOTIONS[emotion][0]
                times = (_time(start_s, len(lines)), _time(end_s, len(lines)))
                lines.append(
                    (len(lines) + 1, text, speaker, emotion, sentiment, dialogue, utterance, 1, 2, *times)
                )
                start_s = end_s + 0.2
        with write_whole(folder / f"{part}_sent_emo.csv") as out:
            writer = csv.writer(out)
            writer.writerow(_HEADER)
            writer.writerows(
                [_with_cp1252_as_latin1(str(value)) if part == "dev" else value for value in line]
                for line in lines
            )


def _utterance(rng: np.random.Generator) -> tuple[str, str, str]:
    """Draw a text, its speaker and its emotion."""
    shares = np.array([share for _, share, _ in _EMOTIONS.values()])
    emotion = str(rng.choice(list(_EMOTIONS), p=shares / shares.sum()))
    phrases = _EMOTIONS[emotion][2]
    filler = _FILLERS[rng.integers(len(_FILLERS))].format(name=rng.choice(_SPEAKERS))
    text = f"{phrases[rng.integers(len(phrases))]} {filler}".strip()
    return text, str(rng.choice(_SPEAKERS)), emotion


def _time(seconds: float, row: int) -> str:
    """Format as 00:16:16,059; every fourth row as 0:16:16,059; every fiftieth with a two-digit fraction."""
    milliseconds = round(seconds * 1000)
    whole, fraction = divmod(milliseconds, 1000)
    hours, minutes = "0" if row % 4 == 3 else "00", f"{whole // 60:02}:{whole % 60:02}"
    return f"{hours}:{minutes},{fraction // 10:02}" if row % 50 == 6 else f"{hours}:{minutes},{fraction:03}"


def _with_cp1252_as_latin1(text: str) -> str:
    return "".join(
        letter if ord(letter) < 0x100 else letter.encode("cp1252").decode("latin1") for letter in text
    )
