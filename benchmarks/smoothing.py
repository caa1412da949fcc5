"""Flicker and accuracy of timelines: ways to cut, to adapt to the speaker and to smooth.

    python benchmarks/smoothing.py --data DIR [--write docs/timelines.md] [--model M] [--clips N]

Clips of one speaker of EMOVO, on which the bundled models are not trained, follow each other with pauses of
0.3 to 1 s: runs of two to five clips of one emotion, the runs in random order. Choices are made on the dev
speakers (f1, f2, m1); the other speakers are the test.
"""

from __future__ import annotations

import argparse
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade import load_model, read_corpus
from serenade.audio.decode import decode
from serenade.files import write_whole
from serenade.inference.adaptation import SpeakerState, logits_of
from serenade.inference.graph import Graph
from serenade.inference.model import Model
from serenade.inference.prediction import Prediction
from serenade.inference.smoothing import smoothed
from serenade.inference.windows import Segments

HEADER = """# Accuracy of timelines

Written by `python benchmarks/smoothing.py --data DIR --write docs/timelines.md`; do not edit.

Real clips of one speaker in a row: {clips} clips of each of the six speakers of EMOVO (Italian, acted), on
which the bundled model is not trained, in runs of two to five of one emotion, with pauses of 0.3 to 1 s.
Labels: {labels}. UAR: unweighted average recall in percent, of every 0.1 s of the clips. Changes: how often
the emotion changes in a minute, and how often it truly does. Choices are made on the speakers f1, f2 and m1
(dev).

- Predictions that are adapted to the speaker by all of the recording, as `predict --timeline --speakers` does
  it, are better than those that are adapted as the recording goes on (`Model.timeline(speakers=…)`), and both
  are better than those that are not.
- Smoothing is good for adapted predictions only. `--smooth` is the hidden Markov model in which an emotion
  stays with probability 0.5: of what keeps the recall on dev, it has the fewest changes that are not true.

## Each way to cut
"""

RATE_HZ = 16_000
DEV = ("f1", "f2", "m1")
FRAME_S = 0.1
CUTS: dict[str, tuple[Segments, float | None]] = {
    "windows 5 s, hop 2.5 s": ("windows", None),
    "windows 3 s, hop 1.5 s": ("windows", 3.0),
    "speech segments": ("speech", None),
}
STAYS = (0.5, 0.7, 0.8, 0.9, 0.95)

Rows = Sequence[Prediction]
Smooth = Callable[[Rows], Rows]


@dataclass(frozen=True, kw_only=True)
class Talk:
    """Clips of a speaker in a row.

    Attributes:
        speaker: name.
        sound: mono [shape=(samples,)].
        truth: emotion of each frame of 0.1 s; "" in pauses.
    """

    speaker: str
    sound: NDArray[np.float32]
    truth: list[str]


def talk_of(speaker: str, clips: dict[str, list[Path]], count: int, rng: np.random.Generator) -> Talk:
    """Draw clips of a speaker, each at most once, and join them."""
    left = {emotion: list(rng.permutation(np.array(files, dtype=object))) for emotion, files in clips.items()}
    parts: list[NDArray[np.float32]] = []
    truth: list[str] = []
    used, before = 0, ""
    while used < count and (possible := [name for name, files in left.items() if files and name != before]):
        before = str(rng.choice(possible))
        for _ in range(min(int(rng.integers(2, 6)), len(left[before]))):
            samples = decode(left[before].pop(), rate_hz=RATE_HZ).samples
            samples = samples[: len(samples) // 1600 * 1600]
            pause = 1600 * int(rng.integers(3, 11))
            parts += [samples, 1e-4 * rng.standard_normal(pause).astype(np.float32)]
            truth += [before] * (len(samples) // 1600) + [""] * (pause // 1600)
            used += 1
    return Talk(speaker=speaker, sound=np.concatenate(parts), truth=truth)


def frames_of(rows: Rows, count: int) -> list[str]:
    """The predicted emotion of each frame; "" without speech."""
    found = [""] * count
    for row in rows:
        for at in range(round(row.start / FRAME_S), min(count, round(row.end / FRAME_S))):
            found[at] = row.emotion or ""
    return found


def score(talks: Sequence[Talk], rows: Sequence[Rows]) -> tuple[float, float, float, float]:
    """UAR and accuracy over the frames of clips, changes of emotion per minute, and those of the truth."""
    hits: dict[str, list[bool]] = defaultdict(list)
    changes = true_changes = minutes = 0.0
    for talk, its_rows in zip(talks, rows, strict=True):
        found = frames_of(its_rows, len(talk.truth))
        for emotion, label in zip(talk.truth, found, strict=True):
            if emotion:
                hits[emotion].append(emotion == label)
        changes += _changes(found)
        true_changes += _changes(talk.truth)
        minutes += len(talk.truth) * FRAME_S / 60
    uar = float(np.mean([np.mean(values) for values in hits.values()]))
    accuracy = float(np.mean([hit for values in hits.values() for hit in values]))
    return 100 * uar, 100 * accuracy, changes / minutes, true_changes / minutes


def _changes(labels: Sequence[str]) -> int:
    spoken = [label for label in labels if label]
    return sum(first != second for first, second in itertools.pairwise(spoken))


def median(rows: Rows, *, width: int) -> Rows:
    """The median of the scores of each label over so many neighbours with speech."""
    spoken = [row for row in rows if row.scores]
    labels = sorted(spoken[0].scores) if spoken else []
    scores = np.array([[row.scores[label] for label in labels] for row in spoken])
    new = iter(
        np.median(scores[max(0, at - width // 2) : at + width // 2 + 1], axis=0) for at in range(len(spoken))
    )
    return [_with_scores(row, labels, next(new)) if row.scores else row for row in rows]


def _with_scores(row: Prediction, labels: Sequence[str], values: NDArray[np.float64]) -> Prediction:
    ranked = sorted(zip(labels, map(float, values), strict=True), key=lambda pair: -pair[1])
    return replace(row, scores=dict(ranked))


def adapted(rows: Rows, graph: Graph, *, ahead: bool) -> Rows:
    """Rows adapted to their one speaker: by those before each, or by all of them."""
    adaptation = graph.spec.adaptation
    assert adaptation is not None
    state = SpeakerState(adaptation)
    labels = graph.spec.labels
    logits = [logits_of([row.scores[label] for label in labels]) if row.scores else None for row in rows]
    if ahead:
        for values in logits:
            if values is not None:
                state.add(values)
    result = []
    for row, values in zip(rows, logits, strict=True):
        if values is None:
            result.append(row)
            continue
        result.append(
            _with_scores(row, labels, state.probabilities([values])[0]) if state.speaker.trust else row
        )
        if not ahead:
            state.add(values)
    return result


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--model", help="as for `serenade predict` (default: the bundled model)")
    parser.add_argument("--clips", type=int, default=60, help="of each speaker (default: 60)")
    options = parser.parse_args()
    if options.write is None:
        print_page(options)
        return
    with write_whole(options.write) as out, redirect_stdout(out):
        print_page(options)


def print_page(options: argparse.Namespace) -> None:
    """Measure, and print the tables of dev speakers and of the test speakers."""
    table = read_corpus(options.data / "emovo")
    labels = sorted(set(table["emotion"]))
    full = load_model(options.model)
    model = full.restricted_to([label for label in full.spec.labels if label in labels])
    rng = np.random.default_rng(0)
    talks = []
    for speaker, clips in table.groupby("speaker"):
        files = {str(name): [Path(file) for file in part["file"]] for name, part in clips.groupby("emotion")}
        talks.append(talk_of(str(speaker), files, options.clips, rng))
    n = len(model.labels)
    smooths: dict[str, Smooth] = {"none": lambda rows: rows}
    smooths |= {f"median of {width}": partial(median, width=width) for width in (3, 5)}
    smooths |= {
        f"HMM, stay {stay:g}": partial(smoothed, persistence=(stay - 1 / n) / (1 - 1 / n)) for stay in STAYS
    }
    print(HEADER.format(clips=options.clips, labels=", ".join(model.labels)))
    print("| cut | speaker adaptation | smoothing | UAR, dev | changes a minute, dev | UAR, test | changes |")
    print("|---|---|---|---:|---:|---:|---:|")
    means: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    is_dev = [talk.speaker.rsplit("/")[-1] in DEV for talk in talks]
    groups = [[at for at, dev in enumerate(is_dev) if dev is which] for which in (True, False)]
    for cut, (segments, window_s) in CUTS.items():
        raw: list[Rows] = [
            list(full.timeline(talk.sound, rate=RATE_HZ, segments=segments, window_s=window_s))
            for talk in talks
        ]
        for name, ways in {
            "none": raw,
            "as the recording goes on": [adapted(rows, full._graph, ahead=False) for rows in raw],
            "all of the recording": [adapted(rows, full._graph, ahead=True) for rows in raw],
        }.items():
            chosen = [[restricted_row(row, model) for row in rows] for rows in ways]
            for smoothing, smooth in smooths.items():
                rows = [smooth(its_rows) for its_rows in chosen]
                cells = []
                for group in groups:
                    uar, _, changes, truth = score([talks[at] for at in group], [rows[at] for at in group])
                    cells += [f"{uar:.1f}", f"{changes:.1f} ({truth:.1f} true)"]
                    means[name, smoothing].append((uar, changes))
                print(f"| {cut} | {name} | {smoothing} | {' | '.join(cells)} |", flush=True)
    print("\n## Mean over the three ways to cut\n")
    print("| speaker adaptation | smoothing | UAR, dev | changes a minute, dev | UAR, test | changes |")
    print("|---|---|---:|---:|---:|---:|")
    for names, values in means.items():
        table_of = np.reshape(values, (-1, 2, 2)).mean(axis=0)  # dev and test alternate
        print(f"| {' | '.join(names)} | {' | '.join(f'{value:.1f}' for value in table_of.ravel())} |")


def restricted_row(row: Prediction, model: Model) -> Prediction:
    """The same prediction, over the labels of the corpus alone."""
    scores = {label: row.scores[label] for label in model.labels} if row.scores else {}
    total = sum(scores.values()) or 1.0
    values = np.array([value / total for value in scores.values()])
    return _with_scores(row, list(scores), values) if scores else row


if __name__ == "__main__":
    main()
