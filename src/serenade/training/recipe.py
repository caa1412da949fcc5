"""A recipe: every choice of a training run, in one TOML file.

A key that is not known is an error that names the nearest one: a misspelt option must never be ignored.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import tomli_w

from serenade.errors import RecipeError
from serenade.files import hash_of
from serenade.folders import RunFolder
from serenade.training.data.augment import AUGMENTATIONS, Augmentation
from serenade.training.recipe_errors import known_keys, raise_invalid, require_known_keys, unknown_key
from serenade.training.recipe_sections import (
    DataSection,
    NetworkSection,
    StoreSection,
    TextSection,
    TrainingSection,
)

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every choice of a training run.

    Attributes:
        name: name of the model.
        about: one sentence about it.
        store: which store is needed.
        data: inputs, split and targets.
        text: how texts become numbers.
        network: which network is trained.
        augment: augmentations by name, in the order in which they are applied.
        training: optimisation, and which epoch is kept.

    Raises:
        RecipeError: keys that contradict each other.

    >>> recipe = Recipe.from_dict({"name": "toy", "training": {"epochs": 2}})
    >>> recipe.training.epochs, recipe.network.name
    (2, 'compact')
    >>> Recipe.from_dict({"training": {"epoch": 2}})
    Traceback (most recent call last):
        ...
    serenade.errors.RecipeError: unknown key training.epoch; did you mean training.epochs?
    """

    name: str = "model"
    about: str = ""
    store: StoreSection = field(default_factory=StoreSection)
    data: DataSection = field(default_factory=DataSection)
    text: TextSection = field(default_factory=TextSection)
    network: NetworkSection = field(default_factory=NetworkSection)
    augment: dict[str, Any] = field(default_factory=dict)
    training: TrainingSection = field(default_factory=TrainingSection)

    def __post_init__(self) -> None:
        data, text = self.data, self.text
        if data.distill_features and not data.distill_from:
            raise RecipeError("data.distill_features needs a teacher; set data.distill_from")
        if bool(text.encoder) != bool(text.layers):
            raise RecipeError("text.encoder and text.layers must be set together, such as layers = [8]")
        if text.trainable_layers and not text.encoder:
            raise RecipeError("text.trainable_layers needs an encoder; set text.encoder and text.layers")
        if text.prepend_speaker and not text.trainable_layers:
            raise RecipeError("text.prepend_speaker needs a fine-tuned encoder; set text.trainable_layers")

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Recipe:
        """Make a recipe from nested mappings, as a TOML file gives them.

        Raises:
            RecipeError: an unknown key, a value of the wrong kind or out of range, or a contradiction.
        """
        augment = content.get("augment", {})
        if not isinstance(augment, Mapping):
            raise RecipeError(f"augment must be a section, not {augment!r}")
        built = {name: _augmentation(name, keys) for name, keys in augment.items()}
        return _converted({**content, "augment": built}, cls)

    def to_dict(self) -> dict[str, Any]:
        """Every resolved value, as nested dictionaries that TOML can hold."""
        content = asdict(self)
        if self.store.front_end is None:
            del content["store"]["front_end"]
        else:
            values = content["store"]["front_end"].items()
            content["store"]["front_end"] = {name: value for name, value in values if value is not None}
        return content

    def to_toml(self) -> str:
        """The resolved recipe as a TOML file that reads back equal."""
        return tomli_w.dumps(self.to_dict())

    @property
    def hash(self) -> str:
        """Hexadecimal SHA-256 of all resolved values."""
        content = self.to_dict()
        # Runs from before these keys can still be resumed.
        content["data"] = {
            key: value for key, value in content["data"].items() if value or key not in _LATER_KEYS
        }
        return hash_of({**content, "augment": list(content["augment"].items())})


_LATER_KEYS = ("train_speakers", "speaker_draw")


def all_keys() -> list[str]:
    """Every key that a recipe can have, with dots."""
    keys = [key for key in known_keys(Recipe) if key != "augment"]
    for name in AUGMENTATIONS:
        keys += known_keys(AUGMENTATIONS[name], f"augment.{name}.")
    return keys


def load_recipe(file: str | Path, *, changes: Sequence[str] = ()) -> Recipe:
    """Load a recipe and change some of its values.

    Args:
        file: a TOML file, or a run folder (its `recipe.toml`).
        changes: each `section.key=value`, the value as in TOML (a bare word is taken as a string).

    Returns:
        The recipe; its name is that of the file where it has none.

    Raises:
        RecipeError: no such file, not TOML, an unknown key or an impossible value.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "small.toml"
    >>> _ = file.write_text("training = {epochs = 20}")
    >>> recipe = load_recipe(file, changes=["training.epochs=5"])
    >>> recipe.name, recipe.training.epochs
    ('small', 5)
    """
    path = Path(file)
    path = RunFolder(path).recipe if path.is_dir() else path
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError("there is no such recipe; see recipes/ for examples", file=path) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise RecipeError(f"is not a readable TOML file ({cause})", file=path) from cause
    content.setdefault("name", path.stem)
    try:
        for change in changes:
            _apply(content, change)
        return Recipe.from_dict(content)
    except RecipeError as error:
        raise RecipeError(error.message, file=path) from error


def _apply(content: dict[str, Any], change: str) -> None:
    """Write one `a.b=value` into nested tables."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set expects section.key=value, not {change!r}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    *sections, last = key.strip().split(".")
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise RecipeError(f"--set {change}: {section} is not a section")
    content[last] = value


def _augmentation(name: str, keys: Any) -> Augmentation:
    """One section of `[augment]`."""
    if name not in AUGMENTATIONS:
        raise unknown_key(f"augment.{name}", all_keys())
    kind = AUGMENTATIONS[name]
    if not isinstance(keys, Mapping):
        known = ", ".join(entry.name for entry in fields(kind))
        raise RecipeError(f"augment.{name} must be a section with the keys {known}, not {keys!r}")
    return _converted(keys, kind, prefix=f"augment.{name}.")


def _converted(content: Mapping[str, Any], kind: type[_T], *, prefix: str = "") -> _T:
    """A mapping as a dataclass, every key and value checked."""
    require_known_keys(content, kind, keys=all_keys(), prefix=prefix)
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise_invalid(error, content, kind, prefix=prefix)
