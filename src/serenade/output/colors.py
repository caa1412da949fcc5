"""One colour for each emotion, in figures and pages."""

from __future__ import annotations

from collections.abc import Iterable

EMOTIONS = {
    "anger": "#d1495b",
    "calm": "#5fa8a0",
    "contempt": "#9c6644",
    "disgust": "#7c9a3b",
    "fear": "#7d5ba6",
    "happiness": "#e6a02f",
    "neutral": "#8b95a3",
    "sadness": "#4478b5",
    "surprise": "#d772b0",
}
"""Colours of the common labels; they differ in lightness, too."""

_OTHERS = ("#2f8f5b", "#b3672b", "#3aa0c9", "#a63d77", "#6b7a1f", "#5661c4", "#c25b4e", "#58788c")


def colors_of(labels: Iterable[str]) -> dict[str, str]:
    """Return a colour for each label.

    >>> colors_of(["anger", "boredom"])
    {'anger': '#d1495b', 'boredom': '#2f8f5b'}
    """
    names = list(labels)
    others = [name for name in names if name not in EMOTIONS]
    extra = {name: _OTHERS[place % len(_OTHERS)] for place, name in enumerate(others)}
    return {name: EMOTIONS.get(name) or extra[name] for name in names}
