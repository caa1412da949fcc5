"""Names of emotions, and the many ways in which corpora write them.

Labels travel by name everywhere in serenade, never as bare indices: which index means which emotion is the
third most asked question of the field.
"""

from __future__ import annotations

from collections.abc import Iterable

EMOTIONS = (
    "anger",
    "calm",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)  # fmt: skip
"""The names serenade uses, in alphabetical order (the order of every model's outputs)."""

OTHER = ("boredom", "contempt", "excitement", "frustration")
"""Emotions of further corpora that have no alias among `EMOTIONS`."""

ALIASES: dict[str, tuple[str, ...]] = {
    "anger": ("ang", "angry", "rage", "mad", "a", "rab", "rabbia", "wut", "ärger", "aerger", "colère"),
    "boredom": ("bor", "bored", "langeweile"),
    "calm": ("cal", "peaceful"),
    "contempt": ("con", "contemptuous"),
    "disgust": ("dis", "disgusted", "d", "ekel", "disgusto"),
    "excitement": ("exc", "excited"),
    "fear": ("fea", "fearful", "afraid", "f", "anxiety", "angst", "pau", "paura", "scared"),
    "frustration": ("fru", "frustrated"),
    "happiness": ("hap", "happy", "joy", "joyful", "h", "gio", "gioia", "freude", "hpy"),
    "neutral": ("neu", "n", "normal"),
    "sadness": ("sad", "s", "tri", "tristezza", "trauer", "unhappy"),
    "surprise": ("sur", "surprised", "sor", "sorpresa", "ps", "pleasant_surprise", "pleasant_surprised"),
}  # fmt: skip
"""Spellings by canonical name. Single letters follow CREMA-D; EmoDB's are mapped by its own reader."""

_CANONICAL = {name: name for name in (*EMOTIONS, *OTHER)} | {
    alias: name for name, aliases in ALIASES.items() for alias in aliases
}


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def canonical(name: str) -> str | None:
    """The canonical name of an emotion as a corpus writes it, or None if it is not one.

    >>> canonical("ANG"), canonical(" Joy "), canonical("XX")
    ('anger', 'happiness', None)
    """
    return _CANONICAL.get(_plain(name))


def label_of(name: str) -> str | None:
    """The label that a corpus's own table means: canonical where it has one, else its own word.

    A number is no label: which index is which emotion is just what nobody can know.

    >>> label_of("Joy"), label_of("Mildly stressed"), label_of("3")
    ('happiness', 'mildly_stressed', None)
    """
    own = _plain(name)
    return canonical(name) or (own if own[:1].isalpha() else None)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct label names in the order in which every model lists them (alphabetical).

    >>> in_order(["sadness", "anger", "sadness"])
    ('anger', 'sadness')
    """
    return tuple(sorted(set(names)))
