"""The comparison of several runs on the same clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.errors import CorpusError
from serenade.evaluation.compare.evaluated_run import EvaluatedRun, evaluation_of
from serenade.evaluation.compare.paired import PairedDifference, paired_differences
from serenade.evaluation.confusion import confusion_matrix
from serenade.evaluation.fold_runs import FoldRuns, MeanValue
from serenade.evaluation.metric import METRICS
from serenade.evaluation.predictions import labelled, one_per_clip
from serenade.evaluation.report.format import counted, listed
from serenade.text import printable


@dataclass(frozen=True, kw_only=True)
class ComparedRun:
    """The scores of one run in a comparison.

    Attributes:
        name: of the run.
        folds: number of folds.
        seeds: number of seeds.
        over: what standard deviations are over: "fold", "seed" or "".
        split: name of the split; "" if unknown.
        recipe: name of the recipe; "" if unknown.
        network: name of the network; "" if unknown.
        means: every metric by name.
        parameters: of one model, None if unknown; see `EvaluatedRun`.
        minutes: training time of one model, None if unknown.
        left_out: labelled clips of the run that are not in the comparison.
    """

    name: str
    folds: int
    seeds: int
    over: str
    split: str
    recipe: str
    network: str
    means: Mapping[str, MeanValue]
    parameters: int | None
    minutes: float | None
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return vars(self) | {"means": {name: value.to_dict() for name, value in self.means.items()}}


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Several runs on the same clips: scores, paired differences, and where they differ.

    Attributes:
        metric: name of the metric of the differences.
        labels: names of the classes.
        group: what is resampled, "speaker" or "dialogue".
        groups: how many of them there are.
        runs: the runs, as they were given.
        pairs: the difference of every pair of runs.
        classes: recall of each class by run: `emotion`, `clips` and one column per run.
        speakers: UAR of each speaker by run: `speaker`, `clips` and one column per run; empty where unknown.
        clips: one row per clip: `id`, `file`, `speaker`, `emotion`, and of each run `predicted <run>` and
            `confidence <run>`.
    """

    metric: str
    labels: tuple[str, ...]
    group: str
    groups: int
    runs: tuple[ComparedRun, ...]
    pairs: tuple[PairedDifference, ...]
    classes: pd.DataFrame
    speakers: pd.DataFrame
    clips: pd.DataFrame

    @property
    def names(self) -> list[str]:
        """The names of the runs."""
        return [run.name for run in self.runs]

    def only_right(self, first: str, second: str) -> int:
        """Return the number of clips that `first` predicts correctly and `second` does not."""
        right = {name: self.clips[f"predicted {name}"] == self.clips["emotion"] for name in (first, second)}
        return int((right[first] & ~right[second]).sum())

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "metric": self.metric,
            "labels": list(self.labels),
            "group": self.group,
            "groups": self.groups,
            "runs": [run.to_dict() for run in self.runs],
            "pairs": [
                pair.to_dict()
                | {
                    "only_first_right": self.only_right(pair.first, pair.second),
                    "only_second_right": self.only_right(pair.second, pair.first),
                }
                for pair in self.pairs
            ],
            "classes": self.classes.to_dict("records"),
            "speakers": self.speakers.to_dict("records"),
            "clips": self.clips.to_dict("records"),
        }


def compare(
    runs: Sequence[str | Path],
    *,
    metric: str | None = None,
    shared_clips: bool = False,
    rng: np.random.Generator | None = None,
) -> Comparison:
    """Compare evaluated runs on the same clips.

    The scores are means over fold runs. The differences are tested by a paired bootstrap over speakers
    (over dialogues, for a split by dialogue), with Holm's correction for the number of pairs.

    Args:
        runs: two or more run folders with an evaluation, or evaluation folders.
        metric: name of the metric to test; that of the evaluations' headline if None.
        shared_clips: compare on the clips that all runs share, instead of refusing runs of different ones.
        rng: for the bootstrap; a fixed seed if None, so that the result is reproducible.

    Raises:
        CorpusError: no evaluation, or evaluations of different clips, labels or kinds of split.

    >>> from serenade import evaluate
    >>> first, second = (evaluate("run", out=Path(out), audio=False).folder for out in ("first", "second"))
    >>> comparison = compare([first, second])
    >>> comparison.names, comparison.pairs[0].value, comparison.pairs[0].p
    (['first', 'second'], 0.0, 1.0)
    """
    if len(runs) < 2:
        raise CorpusError("a comparison needs two runs or more")
    if metric is not None and metric not in METRICS:
        raise CorpusError(f"there is no metric {metric!r}; choose one of {', '.join(METRICS)}")
    if any(not str(run) for run in runs):
        raise CorpusError("an empty name is no run; name run folders or evaluation folders")
    folders = [evaluation_of(Path(run)).path.resolve() for run in runs]
    if twice := [folder for folder in folders if folders.count(folder) > 1]:
        raise CorpusError("is named twice; name every evaluation once", file=twice[0])
    read = [EvaluatedRun.read(Path(run)) for run in runs]
    names = _names(read)
    first = read[0]
    for run in read[1:]:
        _check_alike(first, run)
    labels, group = tuple(first.metrics["labels"]), str(first.metrics["group"])
    tables = {name: labelled(run.predictions, labels) for name, run in zip(names, read, strict=True)}
    clips = _common_clips(tables, shared_clips=shared_clips)
    about = one_per_clip(tables[names[0]]).set_index("id").loc[clips]
    kept = {name: _kept(table, about, group=group) for name, table in tables.items()}
    counts = {name: FoldRuns.of(table, labels, group=group) for name, table in kept.items()}
    chosen = metric or str(first.metrics["headline"])
    pairs = paired_differences(counts, metric=chosen, rng=rng or np.random.default_rng(0))
    per_clip = {name: one_per_clip(table).set_index("id").loc[clips] for name, table in kept.items()}
    return Comparison(
        metric=chosen,
        labels=labels,
        group=group,
        groups=len(counts[names[0]].groups),
        runs=tuple(
            _compared(name, run, counts[name], left_out=tables[name]["id"].nunique() - len(clips))
            for name, run in zip(names, read, strict=True)
        ),
        pairs=tuple(pairs),
        classes=_by_class(per_clip, labels),
        speakers=_by_speaker(per_clip, labels),
        clips=_by_clip(per_clip, about),
    )


def _names(runs: Sequence[EvaluatedRun]) -> list[str]:
    """The names of the runs, with as many of their parent folders as are needed to distinguish them."""
    paths = [run.path for run in runs]
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(paths):
        depth += 1
    return [printable("/".join(path.parts[-depth:])) for path in paths]


def _check_alike(first: EvaluatedRun, other: EvaluatedRun) -> None:
    """Refuse evaluations of different labels or kinds of split."""
    ours, theirs = set(first.metrics["labels"]), set(other.metrics["labels"])
    if ours != theirs:
        only = [
            f"{listed(sorted(names))} only in {run.path}"
            for names, run in ((ours - theirs, first), (theirs - ours, other))
            if names
        ]
        raise CorpusError(f"has other labels than {first.path}: {'; '.join(only)}", file=other.path)
    if first.metrics["group"] != other.metrics["group"]:
        raise CorpusError(
            f"was evaluated on a split by {other.metrics['group']}, {first.path} on one by "
            f"{first.metrics['group']}",
            file=other.path,
        )


def _common_clips(tables: Mapping[str, pd.DataFrame], *, shared_clips: bool) -> list[str]:
    """The ids of the clips that every run has, in the order of the first run."""
    (name, first), *others = tables.items()
    ids = dict.fromkeys(first["id"])
    emotions = dict(zip(first["id"], first["emotion"], strict=True))
    common = set(ids)
    for other, table in others:
        theirs = set(table["id"])
        if theirs != set(ids) and not shared_clips:
            raise CorpusError(
                f"{name} and {other} were evaluated on different clips: "
                f"{counted(len(theirs & set(ids)), 'clip')} of both, "
                f"{len(set(ids) - theirs):,} only of {name}, {len(theirs - set(ids)):,} only of {other}; "
                "evaluate them on the same store and part, or compare the clips of both with --shared-clips"
            )
        pairs = zip(table["id"], table["emotion"], strict=True)
        differ = sorted({clip for clip, emotion in pairs if emotions.get(clip, emotion) != emotion})
        if differ:
            raise CorpusError(
                f"{name} and {other} have different labels for {counted(len(differ), 'clip')}, such as "
                f"{differ[0]}; "
                "evaluate them on the same store"
            )
        common &= theirs
    if not common:
        raise CorpusError(f"{listed(list(tables))} have no clip in common")
    return [clip for clip in ids if clip in common]


def _kept(table: pd.DataFrame, about: pd.DataFrame, *, group: str) -> pd.DataFrame:
    """The predictions for the common clips, with the speakers and dialogues of the first run."""
    kept = table[table["id"].isin(about.index)].reset_index(drop=True)
    same = {name: about[name].reindex(kept["id"]).to_numpy() for name in ("speaker", group)}
    return kept.assign(**same)


def _compared(name: str, run: EvaluatedRun, counts: FoldRuns, *, left_out: int) -> ComparedRun:
    return ComparedRun(
        name=name,
        folds=len(set(counts.folds)),
        seeds=len(set(counts.seeds)),
        over=counts.over,
        split=run.split,
        recipe=str(run.recipe.get("name", "")),
        network=str(run.recipe.get("network", {}).get("name", "")),
        # The seed of `serenade evaluate`, so that the report of a run has the same interval.
        means=counts.means(rng=np.random.default_rng(0)),
        parameters=run.parameters,
        minutes=run.minutes,
        left_out=left_out,
    )


def _by_class(per_clip: Mapping[str, pd.DataFrame], labels: Sequence[str]) -> pd.DataFrame:
    """Recall of each class that has clips, by run."""
    emotions = next(iter(per_clip.values()))["emotion"]
    used = [label for label in labels if (emotions == label).any()]
    columns: dict[str, Any] = {"emotion": used, "clips": [int((emotions == label).sum()) for label in used]}
    for name, table in per_clip.items():
        right = (table["predicted"] == table["emotion"]).groupby(table["emotion"]).mean()
        columns[name] = right.reindex(used).to_numpy()
    return pd.DataFrame(columns)


def _by_speaker(per_clip: Mapping[str, pd.DataFrame], labels: Sequence[str]) -> pd.DataFrame:
    """UAR of each speaker, by run; empty where speakers are not known."""
    speakers = next(iter(per_clip.values()))["speaker"]
    known = [str(name) for name in sorted(set(speakers) - {""})]
    columns: dict[str, Any] = {"speaker": known, "clips": [int((speakers == name).sum()) for name in known]}
    for name, table in per_clip.items():
        by_speaker = dict(list(table.groupby("speaker")))
        columns[name] = [
            float(METRICS["uar"](confusion_matrix(rows["emotion"], rows["predicted"], labels)))
            for rows in (by_speaker[speaker] for speaker in known)
        ]
    return pd.DataFrame(columns)


def _by_clip(per_clip: Mapping[str, pd.DataFrame], about: pd.DataFrame) -> pd.DataFrame:
    """The prediction of each run for each clip."""
    columns = [about[["file", "speaker", "emotion"]]]
    columns += [table[["predicted", "confidence"]].add_suffix(f" {name}") for name, table in per_clip.items()]
    return pd.concat(columns, axis=1).rename_axis("id").reset_index()
