"""A comparison as tables of texts, and as a sentence."""

from __future__ import annotations

from serenade.evaluation.compare.comparison import ComparedRun, Comparison
from serenade.evaluation.compare.paired import PairedDifference
from serenade.evaluation.fold_runs import LEVEL, MeanValue
from serenade.evaluation.metric import METRICS, headline_first
from serenade.evaluation.report.format import counted, listed, percent, with_deviation
from serenade.evaluation.report.tables import TextTable
from serenade.text import printable

ALPHA = 1 - LEVEL
"""Differences with a smaller p-value are called significant."""

MAX_CLIPS = 200
"""Most clips of the table of clips."""


_ONLY_FIRST = "clips correct only by the first"
_ONLY_SECOND = "clips correct only by the second"


def run_table(comparison: Comparison) -> TextTable:
    """Return one row per run: its scores, parameters and training time."""
    metrics = headline_first(comparison.metric)
    first, *others = (f"{metric.title} %" for metric in metrics)
    head = ["run", first, "95 % interval", *others, "models", "split", "parameters", "minutes per model"]
    rows = [
        (
            run.name,
            _mean(run.means[comparison.metric]),
            _bounds(run.means[comparison.metric]),
            *(_mean(run.means[metric.name]) for metric in metrics[1:]),
            f"{counted(run.folds, 'fold')}, {counted(run.seeds, 'seed')}",
            run.split or "–",
            "–" if run.parameters is None else f"{run.parameters:,}",
            "–" if run.minutes is None else f"{run.minutes:.1f}",
        )
        for run in comparison.runs
    ]
    clips, groups = counted(len(comparison.clips), "clip"), counted(comparison.groups, comparison.group)
    note = (
        f"Means over fold runs ± standard deviation, on the same {clips} of {groups}. The interval is that "
    )
    note += f"of {METRICS[comparison.metric].title}, by a bootstrap over {comparison.group}s. "
    note += "Parameters: without a frozen pretrained encoder."
    if left_out := [f"{run.left_out:,} of {run.name}" for run in comparison.runs if run.left_out]:
        note += f" Only the clips that all runs share are compared; left out: {listed(left_out)}."
    return TextTable(title="Scores", head=tuple(head), rows=tuple(rows), note=note)


def pair_table(comparison: Comparison) -> TextTable:
    """Return one row per pair of runs: difference, interval, p-values, clips that one alone gets right."""
    metric = METRICS[comparison.metric]
    columns = (f"difference of {metric.title}", "95 % interval", "p", "p (Holm)", _ONLY_FIRST)
    rows = tuple(
        (
            f"{pair.first} − {pair.second}",
            _points(pair.value),
            "–" if pair.low is None or pair.high is None else f"{_points(pair.low)} to {_points(pair.high)}",
            p_text(pair.p),
            p_text(pair.p_holm),
            f"{comparison.only_right(pair.first, pair.second):,}",
            f"{comparison.only_right(pair.second, pair.first):,}",
        )
        for pair in comparison.pairs
    )
    groups = counted(comparison.groups, comparison.group)
    note = f"Difference in points, by a paired bootstrap over {groups}: two-sided "
    note += "p-value of no difference, and the same with Holm's correction for the number of pairs."
    head = ("runs", *columns, _ONLY_SECOND)
    return TextTable(title="Paired differences", head=head, rows=rows, note=note)


def class_table(comparison: Comparison) -> TextTable:
    """Return the recall of each emotion, one column per run."""
    rows = tuple(
        (printable(row["emotion"]), f"{row['clips']:,}", *(percent(row[name]) for name in comparison.names))
        for row in comparison.classes.to_dict("records")
    )
    head = ("emotion", "clips", *comparison.names)
    return TextTable(title="Recall of each emotion", head=head, rows=rows, note=_POOLED)


def speaker_table(comparison: Comparison) -> TextTable | None:
    """Return the UAR of each speaker, the largest differences first; None where speakers are unknown."""
    if comparison.speakers.empty:
        return None
    values = comparison.speakers[comparison.names]
    order = (values.max(axis=1) - values.min(axis=1)).sort_values(ascending=False, kind="stable").index
    rows = tuple(
        (printable(row["speaker"]), f"{row['clips']:,}", *(percent(row[name]) for name in comparison.names))
        for row in comparison.speakers.loc[order].to_dict("records")
    )
    head = ("speaker", "clips", *comparison.names)
    note = f"Speakers with the largest differences first. {_POOLED}"
    return TextTable(title="UAR of each speaker", head=head, rows=rows, note=note)


def clip_table(comparison: Comparison) -> TextTable:
    """Return the clips that some runs predict correctly and others do not, the most confident ones first."""
    clips, names = comparison.clips, comparison.names
    right = clips[[f"predicted {name}" for name in names]].eq(clips["emotion"], axis=0)
    differ = clips[right.any(axis=1) & ~right.all(axis=1)]
    confidence = differ[[f"confidence {name}" for name in names]].sum(axis=1)
    shown = differ.loc[confidence.sort_values(ascending=False, kind="stable").index].head(MAX_CLIPS)
    rows = tuple(
        (
            printable(row["id"]),
            printable(row["speaker"]),
            printable(row["emotion"]),
            *(
                f"{printable(row[f'predicted {name}'])} {percent(row[f'confidence {name}'], 0)}"
                for name in names
            ),
        )
        for row in shown.to_dict("records")
    )
    note = (
        f"{counted(len(differ), 'clip')} of {len(clips):,} are predicted correctly by some of the runs only"
    )
    note += (
        f"; the {len(rows)} with the highest confidences are listed. " if len(rows) < len(differ) else ". "
    )
    head = ("clip", "speaker", "emotion", *names)
    return TextTable(title="Clips on which the runs differ", head=head, rows=rows, note=note + _POOLED)


def summary(comparison: Comparison) -> str:
    """Return the result in one or two sentences."""
    title = METRICS[comparison.metric].title
    if len(comparison.pairs) == 1:
        return _pair_text(comparison.pairs[0], title)
    best = max(comparison.runs, key=lambda run: run.means[comparison.metric].value)
    text = f"{best.name} has the highest {title}, {_score(best, comparison.metric)}."
    if comparison.groups < 2:
        return text
    against = {
        pair.second if pair.first == best.name else pair.first: pair.p_holm or 0.0
        for pair in comparison.pairs
        if best.name in (pair.first, pair.second)
    }
    worse = [name for name, p in against.items() if p < ALPHA]
    unclear = [name for name, p in against.items() if p >= ALPHA]
    if worse:
        text += (
            f" The difference to {listed(worse)} is significant after Holm's correction (p < {ALPHA:.2f})."
        )
    if unclear:
        text += f" The difference to {listed(unclear)} is not."
    return text


def p_text(p: float | None) -> str:
    """Format a p-value.

    >>> p_text(0.0312), p_text(0.0002), p_text(1.0), p_text(None)
    ('0.031', '< 0.001', '1.000', '–')
    """
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _pair_text(pair: PairedDifference, title: str) -> str:
    if pair.value == 0:
        return f"{pair.first} and {pair.second} have the same {title}."
    better, worse = (pair.first, pair.second) if pair.value > 0 else (pair.second, pair.first)
    text = f"The {title} of {better} is {100 * abs(pair.value):.1f} points higher than that of {worse}"
    if pair.p is None or pair.low is None or pair.high is None:
        return f"{text}. There is no test, because the clips are of a single speaker."
    low, high = sorted((abs(pair.low), abs(pair.high))) if pair.low * pair.high > 0 else (pair.low, pair.high)
    if pair.low * pair.high <= 0 and pair.value < 0:
        low, high = -pair.high, -pair.low
    p = p_text(pair.p)
    text += (
        f" (95 % interval {100 * low:.1f} to {100 * high:.1f}, p {p if p.startswith('<') else f'= {p}'}). "
    )
    return text + (
        "The difference is significant." if pair.p < ALPHA else "The difference may be due to chance."
    )


def _score(run: ComparedRun, metric: str) -> str:
    return with_deviation(run.means[metric].to_dict())


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _mean(value: MeanValue) -> str:
    spread = "" if value.std is None else f" ± {100 * value.std:.1f}"
    return f"{100 * value.value:.1f}{spread}"


def _bounds(value: MeanValue) -> str:
    if value.low is None or value.high is None:
        return "–"
    return f"{100 * value.low:.1f} to {100 * value.high:.1f}"


_POOLED = "One prediction per clip: that of its own fold and the first seed."
