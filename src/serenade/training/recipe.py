"""A recipe: every choice of a training run, in one TOML file.

Frozen dataclasses; what the file leaves out has the default; a key that is not known is an error that names
the nearest one, because a misspelt option that is silently ignored costs a day.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from serenade.corpora.split_registry import DEV_SHARE
from serenade.errors import RecipeError
from serenade.files import hash_of

MONITORS = ("dev_uar", "dev_weighted_f1", "dev_accuracy", "dev_loss")
"""Figures of the dev part that an epoch can be chosen by."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is learnt from.

    Attributes:
        inputs: what the network is given: "sound", "text" or "both".
        split: one of `serenade.corpora.list_splits()`.
        corpus: whose clips it deals out, in a store of several corpora: the others' clips with a label of it
            are all learnt from. "" deals out all.
        fold: one fold (from 1), or 0 for all folds, one run each.
        split_seed: of the dev speakers, and of random-leaky's files.
        dev_share: share of the speakers to train on that are dev's, where the split does not name them.
        votes: share of the listeners' votes in the targets, 0 for what the actor meant alone.
        copies: what becomes of a clip's altered copies (`variant` in the store): "all" are clips of their
            own, as in the original trainer; "drawn": each clip once an epoch, now and then as one of its
            copies; "none" are learnt from.
        copies_share: with "drawn", how often it is a copy.
        auxiliary: columns of the store that the network is asked for as well while it learns, such as
            "sentence"; what was said can then be told from how.
        teacher: folder of a finished run under the same split, whose answers are learnt from beside the
            labels (`serenade.training.distillation`); "" for none.
        teacher_share: share of its answers in the targets.
        hints: so many leading components of the text vectors that the teacher reads are asked for as well,
            of the vector of each utterance; 0 for none.
    """

    inputs: str = "sound"
    split: str = "grouped-5"
    corpus: str = ""
    fold: int = 0
    split_seed: int = 0
    dev_share: float = DEV_SHARE
    votes: float = 0.0
    copies: str = "all"
    copies_share: float = 0.5
    auxiliary: tuple[str, ...] = ()
    teacher: str = ""
    teacher_share: float = 0.7
    hints: int = 0


@dataclass(frozen=True, kw_only=True)
class Text:
    """How texts become numbers; without a vector source, by the vocabulary of the train part.

    Attributes:
        min_count: a word seen less often in the train part is unknown.
        vectors: where each utterance has a vector already: `text_emotion.pkl`, or what
            `serenade originals convert` made of it; "" for words.
        encoder: a frozen encoder that gives each utterance a vector: a folder with its Hugging Face files, or
            a name on the hub; several give one each, side by side; none for words.
        layers: of each encoder, counted from 1, side by side; those in the middle tell most of emotion.
        trained_layers: so many layers of the last encoder, up to the last one in `layers`, learn with a
            network that reads its pieces of words ("text_encoder"); 0 leaves it frozen. Of several encoders,
            or layers, there are vectors as well, for other members of a committee.
        speakers: whether an encoder that learns reads who speaks before what is said.
    """

    min_count: int = 2
    vectors: str = ""
    encoder: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    trained_layers: int = 0
    speakers: bool = False


@dataclass(frozen=True, kw_only=True)
class NetworkChoice:
    """Which network, and its own options.

    Attributes:
        name: one of `serenade.networks.list_networks()`.
        options: what else its constructor takes.
    """

    name: str = "compact"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Augment:
    """What is changed on the fly, on normalised log-mels; all of it off at zero.

    Attributes:
        speed: log-uniform range of tempo, as a ratio: 0.15 plays at exp(-0.15) to exp(0.15).
        stretch: the same along the mel axis (vocal tract length; Jaitly & Hinton 2013).
        shift_mels: shift along the mel axis, up to this many bands either way.
        crop_s: at most so much of a clip, from a random place; it also makes steps cheaper.
        crop_share: share of the training, from its start, in which clips are cropped.
        frequency_masks: number of masks along mel (SpecAugment; Park et al. 2019).
        frequency_mask_mels: greatest width of each.
        time_masks: number of masks along time.
        time_mask_s: greatest width of each, seconds.
        mixup: alpha of the Beta distribution that two clips are mixed with (Zhang et al. 2018).
        mixup_share: share of batches that are mixed.
        tilt: deviation of a smooth random curve over the bands that is added (another microphone).
    """

    speed: float = 0.0
    stretch: float = 0.0
    shift_mels: float = 0.0
    crop_s: float = 0.0
    crop_share: float = 1.0
    frequency_masks: int = 0
    frequency_mask_mels: float = 16.0
    time_masks: int = 0
    time_mask_s: float = 0.25
    mixup: float = 0.0
    mixup_share: float = 1.0
    tilt: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Training:
    """How it is learnt.

    Attributes:
        epochs: at most this many passes.
        batch_size: clips of a step, on each device; for a network of dialogues, whole dialogues.
        learning_rate: of AdamW; the peak of "one-cycle".
        weight_decay: of AdamW, on matrices and filters only.
        encoder_rate: learning rate of a pretrained encoder's own weights, where `text.trained_layers` learn.
        muon_rate: learning rate of Muon, which then moves the weights that `network.muon_weights()` names
            (AdamW the others); 0 leaves all to AdamW.
        muon_decay: weight decay of Muon.
        schedule: "one-cycle" (Smith 2018), "plateau" (halved when the dev metric stands still for
            `plateau_epochs`), or "constant".
        warmup_share: share of the one-cycle schedule that rises.
        plateau_epochs: patience of "plateau".
        sampler: "shuffled", or "weighted" (every class as often, drawn with replacement).
        class_weights: weigh the loss by inverse class frequency.
        label_smoothing: share of the target spread over all classes.
        auxiliary_weight: of the loss of what `data.auxiliary` and `data.hints` ask, beside the emotion's.
        prior_powers: how far the class frequencies may be taken out of a trained network's answers, each
            tried on dev; 0 leaves them in, 1 takes them out wholly (`serenade.training.class_prior`).
        average: decay of the moving average of the weights that is evaluated and kept; 0 is off.
        clip_norm: greatest norm of the gradient; 0 is off.
        precision: "auto" (bf16 where the processor or GPU computes in it), "bf16" or "fp32".
        keep: "best" epoch by the dev metric, or "last".
        monitor: the dev metric: "dev_uar", "dev_weighted_f1", "dev_accuracy" or "dev_loss".
        patience: stop after this many epochs without a better one; 0 never stops early.
        seeds: one run for each.
    """

    epochs: int = 40
    batch_size: int = 48
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    encoder_rate: float = 3e-5
    muon_rate: float = 0.0
    muon_decay: float = 0.05
    schedule: str = "one-cycle"
    warmup_share: float = 0.2
    plateau_epochs: int = 5
    sampler: str = "shuffled"
    class_weights: bool = False
    label_smoothing: float = 0.0
    auxiliary_weight: float = 0.3
    prior_powers: tuple[float, ...] = (0.0,)
    average: float = 0.0
    clip_norm: float = 0.0
    precision: str = "auto"
    keep: str = "best"
    monitor: str = "dev_uar"
    patience: int = 0
    seeds: tuple[int, ...] = (0,)

    @property
    def score(self) -> str:
        """What is shown of the dev part: the figure that it is chosen by, UAR where that is the loss.

        >>> Training(monitor="dev_weighted_f1").score, Training(monitor="dev_loss").score
        ('weighted_f1', 'uar')
        """
        return "uar" if self.monitor == "dev_loss" else self.monitor.removeprefix("dev_")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole run.

    >>> recipe = Recipe.from_dict({"name": "toy", "training": {"epochs": 2}})
    >>> recipe.training.epochs, recipe.network.name
    (2, 'compact')
    >>> Recipe.from_dict({"training": {"epoch": 2}})
    Traceback (most recent call last):
        ...
    serenade.errors.RecipeError: recipe: unknown key 'training.epoch'; did you mean 'training.epochs'?
    """

    name: str = "model"
    about: str = ""
    data: Data = field(default_factory=Data)
    text: Text = field(default_factory=Text)
    network: NetworkChoice = field(default_factory=NetworkChoice)
    augment: Augment = field(default_factory=Augment)
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        _require_choice("data.inputs", self.data.inputs, ("sound", "text", "both"))
        _require_choice("data.copies", self.data.copies, ("all", "drawn", "none"))
        _require_choice("training.schedule", self.training.schedule, ("one-cycle", "plateau", "constant"))
        _require_choice("training.sampler", self.training.sampler, ("shuffled", "weighted"))
        _require_choice("training.precision", self.training.precision, ("auto", "bf16", "fp32"))
        _require_choice("training.keep", self.training.keep, ("best", "last"))
        _require_choice("training.monitor", self.training.monitor, MONITORS)
        for key in ("epochs", "batch_size", "learning_rate"):
            if getattr(self.training, key) <= 0:
                raise RecipeError(
                    f"recipe: training.{key} must be above 0, not {getattr(self.training, key)}"
                )
        for section in ("data", "text", "augment", "training"):
            for key, value in asdict(getattr(self, section)).items():
                if any(isinstance(number, int | float) and number < 0 for number in _each(value)):
                    raise RecipeError(f"recipe: {section}.{key} must not be below 0, and is {value}")
        for section, key in (
            ("data", "votes"),
            ("data", "dev_share"),
            ("training", "average"),
            ("training", "label_smoothing"),
            ("training", "warmup_share"),
        ):
            if getattr(getattr(self, section), key) >= 1:
                raise RecipeError(f"recipe: {section}.{key} must be below 1")
        if self.data.teacher_share > 1:
            raise RecipeError(f"recipe: data.teacher_share must be 1 at most, not {self.data.teacher_share}")
        if self.data.hints and not self.data.teacher:
            raise RecipeError("recipe: data.hints are of what a teacher reads; name one in data.teacher")
        if self.text.vectors and self.text.encoder:
            raise RecipeError("recipe: text.vectors and text.encoder both give vectors; leave one away")
        if bool(self.text.encoder) != bool(self.text.layers):
            raise RecipeError("recipe: text.encoder and text.layers go together, such as layers = [8]")
        if self.text.trained_layers and not (self.text.encoder and self.text.layers):
            raise RecipeError("recipe: text.trained_layers is for an encoder; name it, and its layer")
        if self.text.speakers and not self.text.trained_layers:
            raise RecipeError("recipe: text.speakers is for an encoder that learns (text.trained_layers)")
        if not self.training.prior_powers:
            raise RecipeError("recipe: training.prior_powers must name at least one power, 0 for none")
        if not self.training.seeds:
            raise RecipeError("recipe: training.seeds must name at least one seed")

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Recipe:
        """Read a mapping of sections; unknown keys and wrong kinds are errors."""
        recipe: Recipe = _build(cls, content, prefix="")
        return recipe

    @property
    def hash(self) -> str:
        """SHA-256 of all resolved values; of a recipe of sound, of those that sound has."""
        content = asdict(self)
        for newer in ("dev_share", "corpus", "teacher", "teacher_share"):
            # Recipes were published before there were these, and keep their hashes.
            if getattr(self.data, newer) == getattr(Data, newer):
                del content["data"][newer]
        if self.data.inputs == "sound":
            # Recipes of sound were published before texts came in, and keep their hashes.
            del content["text"], content["data"]["inputs"]
            if self.training.prior_powers == (0.0,):
                del content["training"]["prior_powers"]
            if self.training.encoder_rate == Training.encoder_rate:
                del content["training"]["encoder_rate"]
        return hash_of(content)

    def to_toml(self) -> str:
        """The resolved recipe as a TOML file that reads back equal."""
        top = {key: value for key, value in asdict(self).items() if not isinstance(value, dict)}
        lines = [f"{key} = {_toml(value)}" for key, value in top.items()]
        for section in ("data", "text", "network", "augment", "training"):
            lines += ["", f"[{section}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in asdict(getattr(self, section)).items()]
        return "\n".join(lines) + "\n"


def read_recipe(file: str | Path, *, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe and change some of its values.

    Args:
        file: a TOML file, or a run folder (its `recipe.toml`).
        changes: each `section.key=value`, the value as in TOML (a bare word is taken as text).

    Raises:
        RecipeError: no such file, not TOML, an unknown key or an impossible value.
    """
    path = Path(file)
    path = path / "recipe.toml" if path.is_dir() else path
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(
            "there is no such recipe; see the folder recipes/ for examples", file=path
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise RecipeError(f"is not a readable TOML file ({cause})", file=path) from cause
    for change in changes:
        _apply(content, change)
    content.setdefault("name", path.stem)
    try:
        return Recipe.from_dict(content)
    except RecipeError as error:
        raise RecipeError(error.message, file=path) from error


def _apply(content: dict[str, Any], change: str) -> None:
    """Write one `a.b=value` into nested tables."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set wants section.key=value, not {change!r}")
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


def _build(kind: type[Any], content: Mapping[str, Any], *, prefix: str) -> Any:
    """A dataclass from a mapping, nested ones too."""
    hints = get_type_hints(kind)
    known = [entry.name for entry in fields(kind)]
    values = {}
    for key, value in content.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise RecipeError(f"recipe: unknown key '{prefix}{key}'; did you mean '{prefix}{near}'?")
        if is_dataclass(hints[key]):
            if not isinstance(value, Mapping):
                raise RecipeError(f"recipe: '{prefix}{key}' is a section, not a value")
            values[key] = _build(hints[key], value, prefix=f"{prefix}{key}.")
        else:
            values[key] = _checked(f"{prefix}{key}", value, hints[key])
    return kind(**values)


def _checked(key: str, value: Any, kind: Any) -> Any:
    """The value as its field's type; whole numbers pass for floats, lists for tuples."""
    if get_args(kind) and get_args(kind)[-1] is Ellipsis:
        values = value if isinstance(value, list | tuple) else [value]
        return tuple(_checked(key, entry, get_args(kind)[0]) for entry in values)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = dict if get_args(kind) else kind
    if not isinstance(value, expected) or (kind is int and isinstance(value, bool)):
        name = {int: "a whole number", float: "a number", str: "text", bool: "true or false", dict: "a table"}
        raise RecipeError(f"recipe: '{key}' must be {name[expected]}, not {value!r}")
    return value


def _each(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _require_choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        near = difflib.get_close_matches(value, choices, n=1, cutoff=0.0)[0]
        raise RecipeError(f"recipe: {key} must be one of {', '.join(choices)}; did you mean {near!r}?")


def _toml(value: Any) -> str:
    """A value in TOML; for what recipes hold, JSON's spelling but for tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False)
