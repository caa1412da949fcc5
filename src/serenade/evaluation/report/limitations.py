"""What the scores of an evaluation do not show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serenade.corpora.registry import CORPORA
from serenade.evaluation.report.format import counted, listed
from serenade.evaluation.report.warnings import independence

Metrics = Mapping[str, Any]
FEW_SPEAKERS = 30
"""With fewer speakers an interval from resampled speakers is too narrow."""

_BY_INDEPENDENCE = {
    "leaky": (
        "The scores do not show how the model performs for new speakers.",
        "Training and evaluation share speakers or recordings, so the model may recognise speakers "
        "instead of emotions. Only a split that keeps speakers apart shows by how much the scores are "
        "too high.",
    ),
    "unknown": (
        "It is not known whether the speakers are new to the model.",
        "There is no list of what the model was trained on, so its training clips or speakers may be "
        "among the evaluated ones.",
    ),
    "dialogues": (
        "The scores do not show how the model performs for other people.",
        "The split keeps dialogues apart. The same speakers are in all of its parts, as the corpus was "
        "published.",
    ),
}
_ALWAYS = [
    (
        "The labels are judgements.",
        "A label states which emotion an actor was to express or which one annotators agreed on, not what a "
        "person felt. People disagree with such labels, too.",
    ),
    (
        "Other microphones, rooms and languages give other scores.",
        "Noise, telephone lines, reverberation and level change the sound more than emotion does. "
        "Evaluate the model on recordings like yours before you use it on them.",
    ),
    (
        "The model is not a basis for decisions about people.",
        "Do not use it for hiring, schooling, policing, insurance or health. It may also be against the law.",
    ),
]


def limitations(metrics: Metrics) -> list[tuple[str, str]]:
    """Return pairs of a claim and its reason, the ones that depend on this evaluation first."""
    model = metrics["model"] or {}
    found = []
    if (kind := independence(metrics)) in _BY_INDEPENDENCE:
        found.append(_BY_INDEPENDENCE[kind])
    if model.get("context") == "all":
        found.append(
            (
                "The scores are not those of live use.",
                "The model takes the whole dialogue as input, including what follows an utterance. For "
                "live use, evaluate a model that takes only the past as input.",
            )
        )
    if metrics["part"] == "dev":
        found.append(
            (
                "The clips are those of the dev part.",
                "The epoch and the calibration were chosen on these clips, so the scores are slightly "
                "too high. Report scores of the test part.",
            )
        )
    if acted := _acted(metrics):
        found.append(
            (
                "The emotions are acted.",
                f"The speech of {listed(acted)} is acted. Emotion in everyday speech is weaker, more mixed "
                "and less frequent; expect lower scores.",
            )
        )
    speakers = metrics["counts"]["speakers"]
    if metrics["mean"] and metrics["group"] == "speaker" and 0 < speakers < FEW_SPEAKERS:
        found.append(
            (
                f"There {'is' if speakers == 1 else 'are'} only {counted(speakers, 'speaker')}.",
                "With few speakers a single one changes the result. The 95 % interval is drawn from "
                "these speakers, so it is too narrow and does not cover other accents, ages or languages.",
            )
        )
    return found + _ALWAYS


def _acted(metrics: Metrics) -> list[str]:
    """Titles of the corpora of acted speech among those of training and evaluation."""
    names = {str(corpus.get("name", "")) for corpus in (metrics["model"] or {}).get("corpora", ())}
    corpora = [CORPORA[name] for name in names | set(metrics["corpora"]) if name in CORPORA]
    return sorted(corpus.title for corpus in corpora if corpus.acted)
