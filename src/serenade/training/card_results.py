"""The results on a model card, from the files of the run's own evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from serenade.errors import CorpusError
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.report.format import counted, thousands
from serenade.schema import read_json
from serenade.text import printable

NATURAL_SPEECH = "natural_speech.json"
"""Written into the folder of an evaluation by `benchmarks/domain.py`."""

BEFORE_RESULTS = "## Limits\n"
"""The line that results are written before; a card has it once."""
_SIZE = "`model.onnx` has "

_CONDITIONS = {
    "commercial": "The licence of at least one corpus forbids commercial use, so it holds for the model."
}


def with_results(card: str, evaluation: str | Path, *, size_bytes: int) -> str:
    """A model card with the results of its evaluation, before the section on limits.

    Args:
        card: of `serenade.training.model_card.model_card`, or one that has results, which are replaced.
        evaluation: folder of the evaluation of the same run on its own test part.
        size_bytes: of the ONNX file.

    Raises:
        CorpusError: the evaluation is damaged, or has no labelled clip.
    """
    folder = EvaluationFolder(Path(evaluation))
    metrics, _ = folder.read()
    if metrics["mean"] is None:
        raise CorpusError("has no labelled clip, so there is nothing for a card", file=folder.path)
    sections = [_size(metrics, size_bytes), _scores(metrics), _classes(metrics), _groups(metrics)]
    sections += [_calibration(metrics), _robustness(folder.read_robustness())]
    natural = folder.path / NATURAL_SPEECH
    sections.append(_natural(read_json(natural)) if natural.is_file() else "")
    start, limits = card.split(BEFORE_RESULTS)
    start = start.partition(_SIZE)[0]
    return start + "".join(section for section in sections if section) + BEFORE_RESULTS + limits


def _size(metrics: Mapping[str, Any], size_bytes: int) -> str:
    """Size of the file, and the conditions of its licence."""
    license = str(metrics["model"].get("license", ""))
    condition = f" {_CONDITIONS['commercial']}" if "-NC" in license.upper() else ""
    return f"{_SIZE}{size_bytes / 1e6:.1f} MB.{condition}\n\n"


def _scores(metrics: Mapping[str, Any]) -> str:
    mean, counts = metrics["mean"], metrics["counts"]
    rows = [
        (name.replace("uar", "UAR").replace("_f1", " F1"), _percent(mean[name]["value"]), _range(mean[name]))
        for name in ("uar", "accuracy", "macro_f1", "weighted_f1")
    ]
    rows.append(("UAR of one emotion for all clips", _percent(metrics["baseline"]["uar"]), ""))
    value = "mean over folds, %" if mean["folds"] > 1 else "%"
    head = ("metric", value, f"95 % interval over {metrics['group']}s")
    return (
        f"## Results\n\n{_protocol(metrics)}: {counted(counts['scored'], 'clip')} of "
        f"{counted(counts['speakers'], 'speaker')}."
        f"{_DISJOINT.get(metrics['model']['split'].get('grouped_by', ''), _LEAKY)}\n\n" + _table(head, rows)
    )


def _protocol(metrics: Mapping[str, Any]) -> str:
    """Which clips were evaluated by which models."""
    split = f"split `{printable(metrics['model']['split']['name'])}`"
    folds = metrics["mean"]["folds"]
    if folds > 1:
        return f"Cross-validation of the recipe, {split}, {folds} folds"
    return f"The {printable(metrics['part'])} part of {split}"


_DISJOINT = {
    "speaker": " Each clip was predicted by a model that was not trained on its speaker.",
    "dialogue": " Each clip was predicted by a model that was not trained on its dialogue; speakers can be "
    "the same as in training.",
}
_LEAKY = " **Speakers and clips are shared between training and test, so these figures are too high.**"


def _classes(metrics: Mapping[str, Any]) -> str:
    rows = [
        (
            printable(label),
            f"{entry['support']:,}",
            *(_percent(entry[n]) for n in ("recall", "precision", "f1")),
        )
        for label, entry in metrics["pooled"]["per_class"].items()
    ]
    return "### By emotion\n\n" + _table(("emotion", "clips", "recall, %", "precision, %", "F1, %"), rows)


def _groups(metrics: Mapping[str, Any]) -> str:
    text = ""
    for attribute, groups in metrics.get("groups", {}).items():
        rows = [
            (
                printable(row["name"]),
                f"{row['clips']:,}",
                thousands(row["speakers"]),
                _percent(row["uar"]["value"]),
                _range(row["uar"]),
                f"{100 * row['ece']:.1f}",
            )
            for row in groups
        ]
        head = (attribute, "clips", "speakers", "UAR, %", "95 % interval", "ECE, points")
        text += f"### By {attribute}\n\n" + _table(head, rows)
    return text


def _calibration(metrics: Mapping[str, Any]) -> str:
    found = metrics["calibration"]
    if found is None:
        return ""
    return (
        f"### Calibration\n\nThe expected calibration error (ECE) is {100 * found['ece']:.1f} points: mean "
        f"confidence {_percent(found['mean_confidence'])} %, accuracy {_percent(found['accuracy'])} %. "
        f"{_percent(found['unsure_share'])} % of the clips are `unsure`; of the others "
        f"{_percent(found['accuracy_when_sure'])} % are correct.\n\n"
    )


def _robustness(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    rows = [
        (
            printable(row["title"]),
            "" if row["snr_db"] is None else f"{row['snr_db']:g}",
            _percent(row["uar"]["value"]),
            f"{100 * row['ece']:.1f}",
            _percent(row["unsure_share"]),
        )
        for row in found["conditions"]
    ]
    head = ("condition", "SNR, dB", "UAR, %", "ECE, points", "`unsure`, %")
    return f"### Recording conditions\n\n{found['clips']:,} clips.\n\n" + _table(head, rows)


def _natural(found: Mapping[str, Any]) -> str:
    """What `benchmarks/domain.py` measured: natural speech, and corpora that were not trained on."""
    meetings = found["meetings"]
    labels = sorted({*meetings["before"], *meetings["after"]}, key=lambda name: (name == "unsure", name))
    rows = [
        (printable(label), *(thousands(meetings[when].get(label, 0)) for when in ("before", "after")))
        for label in labels
    ]
    text = (
        f"## Natural speech and other corpora\n\n{thousands(meetings['stretches'])} stretches of "
        f"{thousands(meetings['files'])} recordings of calm meetings (AMI), predicted without and "
        "with the domain check (`unsure` where the sound is unlike the training data):\n\n"
        + _table(("prediction", "without", "with the check"), rows)
    )
    corpora = [
        (
            printable(row["corpus"]),
            f"{row['clips']:,}",
            _percent(row["accuracy"]),
            *(
                _percent(row[f"{name}_{when}"])
                for name in ("confidence", "ece")
                for when in ("before", "after")
            ),
            *(_percent(row[f"unsure_{when}"]) for when in ("before", "after")),
        )
        for row in found["corpora"]
    ]
    if corpora:
        head = ["corpus", "clips", "accuracy, %"]
        head += [
            f"{name}, {when}" for name in ("confidence", "ECE", "`unsure`") for when in ("without", "with")
        ]
        text += "Recordings of speakers that the model was not trained on, in %:\n\n" + _table(head, corpora)
    return text


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _range(value: Mapping[str, Any]) -> str:
    low, high = value.get("low"), value.get("high")
    return "" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table and an empty line."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines) + "\n"
