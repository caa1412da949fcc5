"""What the numbers mean, in sentences: the words of the page that depend on the evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serenade.evaluation.metrics import NAMES

_ACTED = {
    "cremad": "CREMA-D",
    "ravdess": "RAVDESS",
    "nemo": "nEMO",
    "emodb": "EmoDB",
    "emovo": "EMOVO",
}
_FEW_SPEAKERS = 30
_GOOD_ECE = 0.05

Metrics = Mapping[str, Any]


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage.

    >>> percent(0.5812).split(), percent(0.5, 0).split(), percent(None)
    (['58.1', '%'], ['50', '%'], '–')
    """
    return "–" if value is None else f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def thousands(value: float) -> str:
    """A count with separators.

    >>> thousands(7442)
    '7,442'
    """
    return f"{value:,.0f}"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names in a row, cut when there are many.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], 2)
    ('a, b and c', 'a, b and 1 more')
    """
    shown = [str(name) for name in names]
    if len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "clip"), counted(1200, "speaker")
    ('1 clip', '1,200 speakers')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def title(metrics: Metrics) -> str:
    """Name of the page: the model's, else the run's."""
    model = metrics["model"] or {}
    return str(model.get("name") or metrics["run"] or "Evaluation")


def by_dialogue(metrics: Metrics) -> bool:
    """Whether the split keeps dialogues apart, and lets speakers be in every part."""
    return bool(metrics.get("apart") == "dialogue")


def ranked(metrics: Metrics) -> list[tuple[str, str]]:
    """Keys and names of the four figures, the one to judge by first."""
    order = ("weighted_f1", "macro_f1", "uar", "accuracy") if by_dialogue(metrics) else tuple(NAMES)
    return [(key, NAMES[key]) for key in order]


def standing(metrics: Metrics) -> str:
    """Whether it was heard in training: "leaky", "unseen", "dialogues", "elsewhere" or "unknown"."""
    splits = metrics["splits"]
    name = str((metrics["model"] or {}).get("split", {}).get("name", ""))
    shared = "shared_dialogues" if by_dialogue(metrics) else "shared_speakers"
    if "leaky" in name or any(split.get(shared) or split["shared_sources"] for split in splits):
        return "leaky"
    if not splits:
        return "unknown"
    if by_dialogue(metrics):
        return "dialogues"
    return "elsewhere" if all(split["evaluated"] == "another store" for split in splits) else "unseen"


def lede(metrics: Metrics) -> str:
    """The sentence at the top of the page."""
    counts = metrics["counts"]
    if not metrics["pooled"]:
        return (
            f"The model has answered for {counted(counts['clips'], 'clip')}, but not one of them carries a "
            "label that the model knows. How often it was right can therefore not be said; below is what it "
            "answered."
        )
    pooled = metrics["pooled"]
    who = {
        "dialogues": " in dialogues that were no part of its training (the speakers were)",
        "unseen": " whom it never heard in training",
        "leaky": ", some of whom it heard in training",
        "elsewhere": " in recordings that were no part of its training",
        "unknown": "",
    }[standing(metrics)]
    voices = counted(counts["speakers"], "speaker") if counts["speakers"] else "unnamed speakers"
    where = f"On {counted(counts['scored_clips'], 'clip')} from {voices}{who}"
    (key, name), *_ = ranked(metrics)
    if key == "uar":
        text = f"{where}, the model recognises {percent(pooled['uar'])} of the clips of an emotion, "
        text += "averaged over the emotions"
    else:
        text = f"{where}, the model reaches a {name} of {percent(pooled[key])}"
    if bounds := pooled["intervals"].get(key):
        text += f" (95 % interval: {percent(bounds['low'])} to {percent(bounds['high'])})"
    floor = pooled["floor"]
    text += f". Always answering “{floor['label']}” would give {percent(floor[key])}"
    for modality, scores in metrics.get("without", {}).items():
        text += f"; without the {modality} it reaches {percent(scores[key])}"
    if heard := metrics["listeners"]:
        text += f"; going by what most listeners of the sound alone heard gives {percent(heard['uar'])}"
        if heard["clips"] != counts["scored_clips"]:
            text += f" on the {heard['clips']:,} clips for which that is known (the model there: "
            text += f"{percent(heard['model_uar'])})"
    return text + "."


def marks(metrics: Metrics) -> list[dict[str, Any]]:
    """Rows of the figure at the top: floor, listeners, the model without its sound or text, the model."""
    pooled, heard = metrics["pooled"], metrics["listeners"]
    key = ranked(metrics)[0][0]
    rows = [{"name": f"always “{pooled['floor']['label']}”", "value": pooled["floor"][key]}]
    if heard and key == "uar":
        rows.append({"name": "listeners", "value": heard["uar"]})
    bounds = pooled["intervals"].get(key, {})
    for modality, scores in metrics.get("without", {}).items():
        rows.append({"name": f"without the {modality}", "value": scores[key]})
    return [*rows, {"name": "this model", "value": pooled[key], "model": True, **bounds}]


def limits(metrics: Metrics) -> list[tuple[str, str]]:
    """What these numbers do not say: pairs of a short claim and why it matters here."""
    model = metrics["model"] or {}
    trained_on = [str(corpus.get("name", "")) for corpus in model.get("corpora", ())]
    acted = sorted({_ACTED[name] for name in (*trained_on, *metrics["corpora"]) if name in _ACTED})
    found = []
    if standing(metrics) == "leaky":
        found.append(
            (
                "They do not tell how it does on a new voice.",
                "Training and test share speakers or recordings, so the model could recognise voices instead "
                "of emotions. Such scores are too high; by how much, only a split by speaker tells.",
            )
        )
    if standing(metrics) == "unknown":
        found.append(
            (
                "They do not tell whether the voices were new.",
                "No split was found beside this evaluation, so it cannot be checked that the model never "
                "heard these speakers in training.",
            )
        )
    if standing(metrics) == "dialogues":
        found.append(
            (
                "They do not tell how it does on other people.",
                "The split keeps dialogues apart, and the same speakers are in all of its parts, as the "
                "corpus was published. Other people, another series or a telephone line are another test.",
            )
        )
    if model.get("context") == "all":
        found.append(
            (
                "They are not those of a live conversation.",
                "The model is told the whole dialogue, also what is said after the utterance that it judges. "
                "Where that is not known yet, take a model of the past alone, and its figures.",
            )
        )
    if any(split["evaluated"] == "dev" for split in metrics["splits"]):
        found.append(
            (
                "They are from the dev part.",
                "The epoch and the calibration were chosen on these very clips, so the numbers flatter the "
                "model a little; the test part tells more.",
            )
        )
    if acted:
        found.append(
            (
                "They are about acted emotion.",
                f"{listed(acted)} {'was' if len(acted) == 1 else 'were'} spoken by actors who were told what "
                "to express, in a few fixed sentences. Emotion in everyday talk is weaker, mixed and rarer; "
                "expect lower scores there.",
            )
        )
    speakers = metrics["counts"]["speakers"]
    if metrics["pooled"] and not by_dialogue(metrics) and 0 < speakers < _FEW_SPEAKERS:
        found.append(
            (
                f"They come from {counted(speakers, 'speaker')}.",
                "With so few voices a single one moves the result. The interval above, drawn from them, is "
                "rather too narrow, and covers no accents, ages or languages that are not among them.",
            )
        )
    found += [
        (
            "The label is an opinion.",
            "What counts as right is what the actor meant or what annotators agreed on, not what a person "
            "felt. People disagree with it too, and a wrong answer here may be what most listeners hear.",
        ),
        (
            "Other microphones, rooms and languages are other tests.",
            "Noise, telephone bands, reverberation and loudness change the sound more than emotion does. A "
            "model that is not tested on recordings like yours is not tested for you.",
        ),
        (
            "This is no basis for decisions about people.",
            "Not for hiring, schooling, policing, insurance or health; the law of your country may forbid it "
            "besides.",
        ),
    ]
    return found


def split_rows(metrics: Metrics) -> list[dict[str, Any]]:
    """Splits of the runs, those that are alike (the seeds of one fold) in one row."""
    rows: list[dict[str, Any]] = []
    for split in metrics["splits"]:
        last = {**rows[-1], "name": split["name"], "alike": 1} if rows else {}
        if last == {**split, "alike": 1}:
            rows[-1]["alike"] += 1
        else:
            rows.append({**split, "alike": 1})
    return rows


def calibration(metrics: Metrics) -> str:
    """Whether a confidence can be taken at its word."""
    found = metrics["calibration"]
    sure, right = found["mean_confidence"], found["accuracy"]
    text = (
        f"On average the model says it is {percent(sure, 0)} sure, and it is right {percent(right, 0)} of "
        f"the time. Over all levels of confidence the two differ by {percent(found['ece'])} on average "
        "(the expected calibration error)"
    )
    if found["ece"] <= _GOOD_ECE:
        return text + ": a confidence means about what it says."
    tends = "promises too much" if sure > right else "is too modest"
    return text + f": the model {tends}."


def alt_scale(metrics: Metrics) -> str:
    """Text in place of the figure at the top."""
    rows = "; ".join(f"{mark['name']} {percent(mark['value'])}" for mark in marks(metrics))
    return f"{ranked(metrics)[0][1]}: {rows}."


def alt_confusion(metrics: Metrics) -> str:
    """Text in place of the confusion matrix: the largest mistake."""
    worst = confusions(metrics)
    tail = f" Most often mistaken: {worst[0]}." if worst else " No mistakes."
    return f"Confusion matrix of {len(metrics['labels'])} emotions.{tail}"


def confusions(metrics: Metrics, most: int = 3) -> list[str]:
    r"""The commonest mistakes, as shares of what was meant.

    >>> confusions({"labels": ["anger", "fear"], "pooled": {"confusion": [[5, 5], [0, 9]]}})
    ['anger taken for fear (50\xa0%)']
    """
    if not metrics["pooled"]:
        return []
    rows, labels = metrics["pooled"]["confusion"], metrics["labels"]
    shares = [
        (count / sum(row), f"{labels[i]} taken for {labels[j]}")
        for i, row in enumerate(rows)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return [f"{name} ({percent(share, 0)})" for share, name in sorted(shares, reverse=True)[:most]]


def alt_classes(metrics: Metrics) -> str:
    """Text in place of the bars of the classes."""
    classes = metrics["pooled"]["per_class"].items()
    return "Recall: " + ", ".join(f"{k} {percent(v['recall'], 0)}" for k, v in classes if v["support"]) + "."


def alt_speakers(metrics: Metrics) -> str:
    """Text in place of the dots of the speakers."""
    values = [row["uar"] for row in metrics["speakers"]]
    return f"UAR of {counted(len(values), 'speaker')}, from {percent(min(values))} to {percent(max(values))}."


def alt_reliability(metrics: Metrics) -> str:
    """Text in place of the reliability diagram."""
    return f"Reliability diagram. {calibration(metrics)}"


def alt_curves(logs: Mapping[str, Sequence[Mapping[str, float]]], score: str) -> str:
    """Text in place of the training curves."""
    longest = max(len(lines) for lines in logs.values())
    runs = counted(len(logs), "run")
    return f"Loss, dev {NAMES[score]} and learning rate of {runs}, over up to {longest} epochs."


def alt_log_mel(row: Mapping[str, Any]) -> str:
    """Text in place of a log-mel picture."""
    return f"Log-mel spectrogram of a clip meant as {row['emotion']} and taken for {row['predicted']}."
