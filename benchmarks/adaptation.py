"""Speaker adaptation: UAR by the number and mix of the clips of a speaker that are known without labels.

    python benchmarks/adaptation.py emodb.npz emovo.npz [--draws 20] [--write docs/adaptation.md]
    python benchmarks/adaptation.py runs/RUN/evaluation/predictions.csv

Each file has the predictions of a cross-validation over speakers: a `predictions.csv` of `serenade evaluate`,
or an .npz with `logits` (clips, classes), `labels` (index of the class), `speakers` and `folds`. The
adaptation for a fold is fitted on the clips of the other folds. The models that predicted these clips were
trained on speakers of the fold; an .npz can avoid this with `inner` (folds, clips, classes): logits of models
that were trained without the fold and without the clip's own, NaN where there are none. The score is the mean
over folds, or pooled over all clips if the .npz has a true `pooled`. Its `about` says what predicted.

For each speaker of the fold, clips are drawn at random: of all emotions equally often, of two, of one, or
four in five of one emotion and the rest of the others. The speaker is enrolled by these clips without their
labels, and all clips of the speaker are predicted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serenade.adaptation import Adaptation, softmax
from serenade.evaluation.calibration import fit_temperature, reliability
from serenade.files import make_folder, write_whole
from serenade.inference.adaptation import fit_adaptation, logits_of

NUMBERS = (0, 1, 2, 4, 8, 16, 32, 1_000_000)
MIXES = {
    "balanced": "all emotions equally often",
    "two": "two emotions equally often",
    "one": "one emotion",
    "mostly one": "four in five of one emotion",
}

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The predictions of a cross-validation; see the module."""

    name: str
    logits: NDArray[np.float64]
    labels: Indices
    speakers: NDArray[np.str_]
    folds: Indices
    inner: NDArray[np.float64] | None = None
    pooled: bool = False
    about: str = ""

    @classmethod
    def read(cls, file: Path) -> Predictions:
        """Read an .npz or a predictions.csv."""
        if file.suffix == ".npz":
            content = np.load(file, allow_pickle=False)
            inner = content["inner"].astype(np.float64) if "inner" in content else None
            return cls(
                name=file.stem,
                logits=content["logits"].astype(np.float64),
                labels=content["labels"].astype(np.int64),
                speakers=content["speakers"].astype(str),
                folds=content["folds"].astype(np.int64),
                inner=inner,
                pooled=bool(content["pooled"]) if "pooled" in content else False,
                about=str(content["about"]) if "about" in content else "",
            )
        import pandas as pd

        table = pd.read_csv(file, dtype={"speaker": str})
        table = table[table["seed"] == table["seed"].min()] if "seed" in table else table
        columns = [name for name in map(str, table.columns) if name.startswith("score_")]
        labels = [name.removeprefix("score_") for name in columns]
        table = table[table["emotion"].isin(labels)]
        several = "fold" in table and table["fold"].nunique() > 1
        groups = table["fold" if several else "speaker"]
        return cls(
            name=_name(file),
            logits=logits_of(table[columns].to_numpy(np.float64)),
            labels=np.array([labels.index(emotion) for emotion in table["emotion"]]),
            speakers=table["speaker"].to_numpy(str),
            folds=np.unique(groups, return_inverse=True)[1],
            about=f"the models of the run {_name(file)}",
        )

    def fitted(self) -> Iterator[tuple[Indices, Adaptation]]:
        """Yield the clips of each fold, and the adaptation that is fitted without it."""
        for fold in np.unique(self.folds):
            logits = self.logits if self.inner is None else self.inner[fold]
            rows = np.flatnonzero((self.folds != fold) & np.isfinite(logits).all(1))
            temperature = fit_temperature(logits[rows], self.labels[rows])
            # As a saved model does: on calibrated probabilities.
            calibrated = logits_of(softmax(logits[rows] / temperature))
            adaptation = fit_adaptation(calibrated, self.labels[rows], self.speakers[rows], temperature=1.0)
            test = np.flatnonzero(self.folds == fold)
            self.logits[test] = logits_of(softmax(self.logits[test] / temperature))
            yield test, adaptation


def drawn(labels: Indices, mix: str, number: int, rng: np.random.Generator) -> Indices:
    """Places of `number` clips of a speaker, fewer if there are not so many."""
    classes = rng.permutation(np.unique(labels))
    of_class = [rng.permutation(np.flatnonzero(labels == c)) for c in classes]
    if mix == "mostly one":
        own, others = of_class[0], rng.permutation(np.concatenate(of_class[1:]))
        total = min(number, int(len(own) / 0.8))
        return np.concatenate([own[: round(0.8 * total)], others[: total - round(0.8 * total)]])
    of_class = of_class[: {"balanced": len(classes), "two": 2, "one": 1}[mix]]
    turns = np.concatenate([np.arange(len(places)) for places in of_class])
    return np.concatenate(of_class)[np.argsort(turns, kind="stable")][:number]


def uar(predictions: Predictions, predicted: Indices) -> float:
    """Unweighted average recall in percent."""

    def of(rows: NDArray[np.bool_]) -> float:
        true = predictions.labels[rows]
        return 100 * float(np.mean([(predicted[rows][true == c] == c).mean() for c in np.unique(true)]))

    if predictions.pooled:
        return of(np.ones(len(predicted), bool))
    return float(np.mean([of(predictions.folds == fold) for fold in np.unique(predictions.folds)]))


@dataclass(frozen=True, kw_only=True)
class Curves:
    """UAR in percent of one file.

    Attributes:
        name: of the file.
        about: what predicted.
        unadapted: without adaptation.
        each: with one clip of each class.
        scores: mean over draws by mix, for each of `NUMBERS`.
        ece: calibration error in percent, without adaptation and with all clips.
    """

    name: str
    about: str
    unadapted: float
    each: float
    scores: dict[str, list[float]]
    ece: tuple[float, float]


def measure(file: Path, *, draws: int, pooled: bool = False) -> Curves:
    """Enrol every speaker of a file by many sets of clips; `pooled` scores all clips together."""
    predictions = Predictions.read(file)
    predictions = replace(predictions, pooled=predictions.pooled or pooled)
    speakers = [
        (rows[predictions.speakers[rows] == name], adaptation)
        for rows, adaptation in predictions.fitted()
        for name in np.unique(predictions.speakers[rows])
    ]
    logits, labels = predictions.logits, predictions.labels

    def probabilities(mix: str, number: int, rng: np.random.Generator) -> NDArray[np.float64]:
        found = np.zeros_like(logits)
        for rows, adaptation in speakers:
            chosen = rows[drawn(labels[rows], mix, number, rng)]
            found[rows] = adaptation.enrol(logits[chosen]).probabilities(logits[rows])
        return found

    def mean(mix: str, number: int) -> float:
        rng = np.random.default_rng(0)
        times = 1 if number == 0 or (mix == "balanced" and number >= len(labels)) else draws
        values = [uar(predictions, probabilities(mix, number, rng).argmax(1)) for _ in range(times)]
        return float(np.mean(values))

    def ece(number: int) -> float:
        found = probabilities("balanced", number, np.random.default_rng(0))
        return 100 * reliability(found.max(1), found.argmax(1) == labels).ece

    return Curves(
        name=predictions.name,
        about=predictions.about,
        unadapted=mean("balanced", 0),
        each=mean("balanced", logits.shape[1]),
        scores={mix: [mean(mix, number) for number in NUMBERS] for mix in MIXES},
        ece=(ece(0), ece(NUMBERS[-1])),
    )


def _name(file: Path) -> str:
    """Of a file with predictions: that of its run, if it is of a run."""
    return file.stem if file.suffix == ".npz" else file.resolve().parent.parent.name


def page(results: Sequence[Curves], command: str, figure: str) -> str:
    """Return the results as Markdown."""
    numbers = [*map(str, NUMBERS[:-1]), "all"]
    by_number = [
        [result.name, MIXES[mix], *(f"{score:.1f}" for score in scores)]
        for result in results
        for mix, scores in result.scores.items()
    ]
    in_short = []
    for result in results:
        full = result.scores["balanced"][-1]
        gain = (
            (result.each - result.unadapted) / (full - result.unadapted) if full > result.unadapted else 0.0
        )
        worst = min(map(min, result.scores.values())) - result.unadapted
        cells = (
            f"{result.unadapted:.1f}",
            f"{result.each:.1f}",
            f"{full:.1f}",
            f"{gain:.0%}",
            f"{worst:+.1f}",
        )
        in_short.append([result.name, *cells, *(f"{ece:.1f}" for ece in result.ece)])
    *_, data, drawing = (__doc__ or "").strip().split("\n\n")
    return "\n\n".join(
        [
            "# Speaker adaptation",
            f"Written by `{command}`; do not edit.",
            "UAR in percent, without adaptation and with clips of the speaker that are known without labels. "
            "*Worst change*: the lowest of all figures in the second table, less the unadapted one. "
            "ECE: calibration error in percent.",
            _table(
                "corpus|unadapted|one clip of each class|all clips|share of the gain with one of each|"
                "worst change|ECE unadapted|ECE all clips",
                in_short,
            ),
            "\n".join(f"- {result.name}: {result.about}" for result in results),
            f"![UAR by the number of clips]({figure})",
            _table("|".join(["corpus", "emotions of the clips", *numbers]), by_number),
            data,
            drawing,
            "The bounds of the trust (`serenade.adaptation.trust`) are the same for all corpora, and were "
            "chosen on the curves of EmoDB, EMOVO, nEMO and RAVDESS, whose adapted figures are optimistic. "
            "How to use it: "
            "[Adapt to a speaker](how-to/adapt-to-a-speaker.md).\n",
        ]
    )


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    titles = head.split("|")
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw(results: Sequence[Curves], file: Path) -> None:
    """Draw a panel for each file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(results), figsize=(3.2 * len(results), 3.2), squeeze=False)
    for axis, result in zip(axes[0], results, strict=True):
        for mix, scores in result.scores.items():
            axis.plot(range(len(NUMBERS)), scores, marker=".", label=mix)
        axis.axhline(result.unadapted, color="0.5", linewidth=0.8)
        axis.set_xticks(range(len(NUMBERS)), [*map(str, NUMBERS[:-1]), "all"])
        axis.set(title=result.name, xlabel="clips of the speaker")
    axes[0][0].set_ylabel("UAR (%)")
    axes[0][0].legend(fontsize="small")
    figure.tight_layout()
    make_folder(file.parent)
    figure.savefig(file, dpi=90)


def main() -> None:
    """Print the page, or write it with its figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--draws", type=int, default=20, help="random sets of clips for each number and mix")
    parser.add_argument(
        "--pooled", nargs="*", default=[], metavar="NAME", help="runs that are scored over all clips together"
    )
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    results = [
        measure(file, draws=options.draws, pooled=_name(file) in options.pooled) for file in options.files
    ]
    names = " ".join(_name(file) for file in options.files)
    names += " --pooled " + " ".join(options.pooled) if options.pooled else ""
    command = f"python benchmarks/adaptation.py {names} --draws {options.draws} --write"
    figure = "adaptation.png"
    text = page(results, command, figure)
    if options.write is None:
        print(text)
        return
    draw(results, options.write.parent / figure)
    with write_whole(options.write) as out:
        out.write(text)


if __name__ == "__main__":
    main()
