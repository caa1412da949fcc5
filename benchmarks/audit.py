"""Public splits audited by `serenade audit`, and how well it finds copies of a sound: docs/audit.md.

    python benchmarks/audit.py LISTS --data DIR [--write]

LISTS is a folder with the lists of splits, such as the folder `data` of https://github.com/emo-box/EmoBox
(`CORPUS/fold_N/CORPUS_train_fold_N.jsonl`): pairs of files whose names differ in `train` and `test` only. DIR
has a folder for each corpus whose recordings are available; the other splits are audited by names only.
Recall and false positives are measured on the corpora in DIR.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from accuracy import replace_block
from numpy.typing import NDArray

from serenade.audio import effects
from serenade.audio.decode import decode
from serenade.audio.discovery import find_audio
from serenade.errors import SerenadeError
from serenade.evaluation.report.tables import markdown_table
from serenade.split_audit import Audit, audit
from serenade.split_audit.fingerprint import HOP, MIN_SHARED, RATE_HZ, LandmarkIndex, Landmarks
from serenade.split_audit.similarity import MIN_CORRELATION, correlation

PAGE = Path(__file__).resolve().parent.parent / "docs" / "audit.md"
SPLITS = "<!-- splits: written by benchmarks/audit.py -->", "<!-- end of splits -->"
COPIES = "<!-- copies: written by benchmarks/audit.py -->", "<!-- end of copies -->"
MEASURED = ("ravdess", "emodb", "nemo")
"""Corpora in which copies are searched: same sentences by the same speakers, several times."""
CLIPS, COPIED = 400, 60
Samples = NDArray[np.float32]


def split_pairs(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """Yield the name, the train list and the test list of each split in a folder, the first fold of each."""
    for train in sorted(folder.rglob("*train*")):
        test = train.with_name(train.name.replace("train", "test"))
        fold = re.search(r"fold_?(\d+)", str(train.relative_to(folder)))
        if (
            test.is_file()
            and (fold is None or fold[1] == "1")
            and train.suffix in (".jsonl", ".json", ".csv")
        ):
            yield str(train.parent.relative_to(folder)), train, test


def split_row(name: str, result: Audit) -> list[str]:
    """Return a row of the table of splits."""
    overlaps = {overlap.check: overlap for overlap in result.overlaps()}
    test = result.count("test")
    cells = [name, f"{result.count('train')['clips']:,}", f"{test['clips']:,}"]
    for check in ("speaker", "source", "bytes", "sound", "similar"):
        overlap = overlaps[check]
        total = test["sounds"] if check in ("bytes", "sound", "similar") else test["clips"]
        cells.append(f"{overlap.other_clips:,} of {total:,}" if overlap.is_checked else "not checked")
    return [*cells, "clean" if result.is_clean else "**leaks**"]


def copies(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """Yield copies of a clip that an audit should recognise, and some that it does not."""
    given: dict[str, Any] = {"rate_hz": rate_hz, "rng": rng}
    noise = rng.normal(size=len(samples))
    middle = slice(len(samples) // 4 + 37, 3 * len(samples) // 4)
    yield "20 dB lower", samples * np.float32(0.1)
    yield "0.3 s of silence added", np.concatenate([np.zeros(rate_hz * 3 // 10 + 5, np.float32), samples])
    yield "first and last quarter removed", samples[middle]
    yield "MP3", effects.mp3(samples, **given)
    yield "Opus", effects.opus(samples, **given)
    yield "Opus, 20 dB lower, quarters removed", effects.opus(samples, **given)[middle] * np.float32(0.1)
    yield "telephone band", effects.band_limit(samples, **given)
    yield "mu-law", effects.mu_law(samples, **given)
    yield "clipped", effects.clip(samples, **given)
    yield "white noise, 20 dB", effects.add_noise(samples, noise, snr_db=20, rng=rng)
    yield "white noise, 10 dB", effects.add_noise(samples, noise, snr_db=10, rng=rng)
    yield "reverberation", effects.reverberation(samples, **given)
    yield "1 % slower", soxr.resample(samples, 100, 101)


def copy_rows(folders: dict[str, Path]) -> list[list[str]]:
    """Measure recall by kind of copy, and what is found among pairs of different clips."""
    found: dict[str, dict[str, list[bool]]] = {}
    wrong: dict[str, str] = {}
    for name, folder in folders.items():
        rng = np.random.default_rng(0)
        files = find_audio(folder)[:CLIPS]
        sounds = [decode(file, rate_hz=RATE_HZ).samples for file in files]
        index = LandmarkIndex([Landmarks.of(sound) for sound in sounds])
        false = sum(
            other < number for number, sound in enumerate(sounds) for other in matches(sound, sounds, index)
        )
        pairs = len(files) * (len(files) - 1) // 2
        wrong[name] = f"{false} of {pairs:,} pairs"
        for number in range(0, len(files), max(1, len(files) // COPIED)):
            whole = decode(files[number])
            for kind, copy in copies(whole.samples, whole.rate_hz, rng):
                low = soxr.resample(np.asarray(copy, np.float32), whole.rate_hz, RATE_HZ)
                is_found = number in matches(low, sounds, index)
                found.setdefault(kind, {}).setdefault(name, []).append(is_found)
    rows = [
        [kind, *(f"{100 * np.mean(by_corpus[name]):.0f} %" for name in folders)]
        for kind, by_corpus in found.items()
    ]
    return [*rows, ["found among other clips", *(wrong[name] for name in folders)]]


def matches(query: Samples, sounds: list[Samples], index: LandmarkIndex) -> set[int]:
    """The sounds that a query is a near-duplicate of, as `serenade audit` decides it."""
    result = set()
    for start in (0, HOP // 2):
        for candidate in index.query(Landmarks.of(query[start:])):
            value, _ = correlation(query, sounds[candidate.sound], offset=candidate.offset)
            if value >= MIN_CORRELATION:
                result.add(candidate.sound)
    return result


def main() -> None:
    """Print both tables, or write them into docs/audit.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lists", type=Path, metavar="LISTS")
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--write", action="store_true", help="write docs/audit.md")
    options = parser.parse_args()
    rows = []
    for name, train, test in split_pairs(options.lists):
        data = options.data / Path(name).parts[0]
        has_sound = data.is_dir() and bool(find_audio(data))
        try:
            result = audit(train, test, data=data if has_sound else None, sound=has_sound, jobs=2)
        except SerenadeError as error:
            print(error)
            continue
        rows.append(split_row(name, result))
        print(*rows[-1], sep=" | ", flush=True)
    head = ["split", "train clips", "test clips", "speaker in train", "source clip in train", "same bytes"]
    splits = markdown_table([*head, "same samples", "near-duplicate", ""], rows)
    folders = {name: options.data / name for name in MEASURED if (options.data / name).is_dir()}
    found = markdown_table(["copy", *folders], copy_rows(folders))
    print(splits, found, sep="\n")
    if options.write:
        replace_block(PAGE, *SPLITS, splits)
        replace_block(
            PAGE,
            *COPIES,
            f"Landmarks: at least {MIN_SHARED}; correlation: at least {MIN_CORRELATION}.\n\n{found}",
        )


if __name__ == "__main__":
    main()
