"""Errors of a recipe in one sentence: which key, what is wrong, which key or value was meant."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

import msgspec

from serenade.errors import RecipeError

OLD_KEYS = {
    "data.corpus": "data.split_corpus",
    "data.dev_share": "data.dev_fraction",
    "data.votes": "data.vote_weight",
    "data.copies": "data.variants",
    "data.auxiliary": "data.auxiliary_targets",
    "data.teacher": "data.distill_from",
    "data.teacher_share": "data.distill_weight",
    "data.hints": "data.distill_features",
    "text.trained_layers": "text.trainable_layers",
    "text.speakers": "text.prepend_speaker",
    "network.options.tempi_percent": "network.options.tta_speeds",
    "augment.speed": "augment.resample.speed",
    "augment.stretch": "augment.resample.mel_stretch",
    "augment.shift_mels": "augment.resample.mel_shift",
    "augment.crop_s": "augment.resample.crop_s",
    "augment.crop_share": "augment.resample.crop_until",
    "augment.frequency_mask_mels": "augment.frequency_masks.max_width_mels",
    "augment.time_mask_s": "augment.time_masks.max_width_s",
    "augment.mixup_share": "augment.mixup.probability",
    "training.encoder_rate": "training.encoder_learning_rate",
    "training.muon_rate": "training.muon_learning_rate",
    "training.muon_decay": "training.muon_weight_decay",
    "training.warmup_share": "training.warmup_fraction",
    "training.plateau_epochs": "training.plateau_patience",
    "training.auxiliary_weight": "training.auxiliary_loss_weight",
    "training.prior_powers": "training.logit_adjustment",
    "training.average": "training.ema_decay",
    "training.clip_norm": "training.gradient_clip_norm",
    "training.keep": "training.checkpoint",
    "training.patience": "training.early_stopping_patience",
}
"""Keys of version 0.1 and their names today."""

_KINDS = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "array": "a list",
    "object": "a section of keys",
}


def known_keys(kind: type[Any], prefix: str = "") -> list[str]:
    """Every key of a dataclass and of the dataclasses inside it, with dots.

    >>> from serenade.training.recipe_sections import NetworkSection
    >>> known_keys(NetworkSection, "network.")
    ['network.name', 'network.options']
    """
    keys = []
    for name, hint in _fields(kind).items():
        inner = _section(hint)
        keys += known_keys(inner, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]
    return keys


def require_known_keys(
    content: Mapping[str, Any], kind: type[Any], *, keys: Sequence[str], prefix: str = ""
) -> None:
    """Check the keys of a mapping, and of the mappings inside it.

    Args:
        content: what the file holds.
        kind: the dataclass that it becomes.
        keys: every known key, for the suggestion.
        prefix: of the keys of `content`, with dots.

    Raises:
        RecipeError: a key is not known, or a number is not finite.
    """
    known = _fields(kind)
    for name, value in content.items():
        key = f"{prefix}{name}"
        if name not in known:
            raise unknown_key(key, keys)
        if isinstance(value, float) and not math.isfinite(value):
            raise RecipeError(f"{key} must be a finite number, not {value}")
        inner = _section(known[name])
        if inner and isinstance(value, Mapping):
            require_known_keys(value, inner, keys=keys, prefix=f"{key}.")


def unknown_key(key: str, keys: Sequence[str]) -> RecipeError:
    """The error for a key that is not known, with the key that was probably meant.

    >>> str(unknown_key("epochs", ["data.fold", "training.epochs"]))
    'unknown key epochs; did you mean training.epochs?'
    """
    for old, new in OLD_KEYS.items():
        if key in (old, old.rpartition(".")[2]):
            return RecipeError(f"unknown key {key}; it is now called {new}")
    last = key.rpartition(".")[2]
    # A key in the wrong section, or without one, before a misspelt one.
    same_name = [known for known in keys if known.rpartition(".")[2] == last]
    sections = {known[:end] for known in keys for end, sign in enumerate(known) if sign == "."}
    near = same_name or difflib.get_close_matches(key, [*sections, *keys], n=1, cutoff=0.0)
    return RecipeError(f"unknown key {key}; did you mean {near[0]}?")


def raise_invalid(
    error: msgspec.ValidationError, content: Mapping[str, Any], kind: type[Any], *, prefix: str = ""
) -> NoReturn:
    """Raise what msgspec found as a `RecipeError` that names key and value.

    Args:
        error: of `msgspec.convert`.
        content: what was converted.
        kind: into which dataclass.
        prefix: of the keys of `content`, with dots.

    >>> from serenade.training.recipe_sections import TrainingSection
    >>> try:
    ...     msgspec.convert({"epochs": 2.5}, TrainingSection)
    ... except msgspec.ValidationError as error:
    ...     raise_invalid(error, {"epochs": 2.5}, TrainingSection, prefix="training.")
    Traceback (most recent call last):
        ...
    serenade.errors.RecipeError: training.epochs must be an integer, not 2.5
    """
    problem, _, path = str(error).partition(" - at `$.")
    path = path.rstrip("`")
    value: Any = content
    hint: Any = kind
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, list | tuple):
            value, hint = value[int(step)], get_args(hint)[0]
        else:
            value, hint = value[step], _fields(_section(hint) or hint)[step]
    raise RecipeError(f"{prefix}{path} {_sentence(problem, value, hint)}") from error


def _sentence(problem: str, value: Any, hint: Any) -> str:
    """What a value must be, and is not."""
    choices = [str(choice) for choice in _choices(hint)]
    if choices:
        near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.0)[0]
        return f"must be one of {', '.join(choices)}, not {value!r}; did you mean {near!r}?"
    expected = problem.removeprefix("Expected ").partition(", got")[0]
    words = re.sub(r"`(\w+)`", lambda found: _KINDS.get(found[1], found[1]), expected)
    words = words.replace(" | null", "").replace("of length >= 1", "of one value or more")
    return f"must be {words.replace('.0', '')}, not {value!r}"


def _choices(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Literal:
        yield from get_args(hint)


def _fields(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {entry.name: hints[entry.name] for entry in fields(kind)}


def _section(hint: Any) -> type[Any] | None:
    """The dataclass of a nested section, also of one that may be missing."""
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, type) and is_dataclass(kind):
            return kind
    return None
