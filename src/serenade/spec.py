"""The Spec: what a model is and how to use it, stored inside its weights.

Without labels and front end the outputs of a network have no meaning, so a model without a Spec is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from serenade.adaptation import Adaptation
from serenade.audio.front_end import FrontEnd
from serenade.domain import Domain
from serenade.errors import ModelError, SerenadeError
from serenade.schema import Length, Plain, Range, SchemaError, build, check_fields, parse_json
from serenade.version import __version__

SPEC_VERSION = 1
"""Raised when an older reader would misunderstand a newer Spec; a further key alone does not raise it."""

METADATA_KEY = "serenade"
"""Key of the Spec in the metadata of an ONNX or safetensors file."""

RATE_KEY, LABELS_KEY = "rate_hz", "labels"
"""Keys of the sample rate (Hz) and of the labels (a JSON list), for programs that do not know the Spec."""

INPUTS = ("sound", "text", "both")
"""What a network can take as input."""

CONTEXTS = ("none", "past", "all")
"""Which utterances of the same dialogue a prediction can depend on, besides its own."""

Label = Annotated[str, Length(1, 200)]
Options = Annotated[dict[str, Any], Plain()]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """All that is needed to use a trained model, and how it was trained. Checked on creation.

    Attributes:
        name: name of the model, such as "serenade-base".
        version: version of the model.
        labels: emotions in the order of the network's outputs.
        front_end: the log-mel front end that the network was trained with.
        network: name in the registry of networks.
        network_args: arguments that the network was created with.
        shift: added to the logits, one number for each label; empty for none. Part of an exported graph.
        temperature: the logits are divided by it before the softmax (Guo et al. 2017). Part of an exported
            graph.
        inputs: what the network takes as input: "sound", "text" or "both".
        context: the utterances of the same dialogue that a prediction depends on: "none", "past" or "all".
        vocabulary: tokens of a network that takes tokens; the first has the id 2
            (`serenade.inference.tokens`).
        text: the recipe's `[text]`, for a network that takes text vectors or contains a text encoder; else
            empty.
        sizes: further sizes of the data that the network was created for, such as `{"text_width": 600}`.
        unsure_below: a prediction of a lower confidence has the state "unsure".
        precision_thresholds: the `unsure_below` at which predictions for speakers that were held out were
            correct in such a share, by this share ("0.9"); a share that was not reached is missing.
        adaptation: how predictions are corrected by unlabelled clips of a speaker; None if they cannot be. It
            takes the logarithms of the calibrated probabilities.
        domain: how its domain check was fitted (`serenade.domain`); None if it has none.
        corpora: the corpora that it was trained on, each `{"name", "license"}`.
        license: licence of the weights.
        split: the split that it was trained with: `{"name", "fold", "hash"}`.
        recipe_hash: SHA-256 of the resolved recipe.
        serenade_version: version of serenade that wrote it.
        created: time of writing, ISO 8601.

    Raises:
        ModelError: a value is of the wrong type or out of range.

    >>> spec = Spec(name="toy", labels=("anger", "neutral"), front_end=FrontEnd(), network="compact")
    >>> Spec.from_metadata(spec.to_metadata()) == spec
    True
    >>> Spec(name="toy", labels=("anger", "anger"), front_end=FrontEnd(), network="compact")
    Traceback (most recent call last):
        ...
    serenade.errors.ModelError: labels must differ from each other, and 'anger' is there twice
    """

    name: Label
    labels: Annotated[tuple[Label, ...], Length(2, 1000)]
    front_end: FrontEnd
    network: Label
    version: Label = "1"
    network_args: Options = field(default_factory=dict)
    temperature: Annotated[float, Range(1e-3, 1e3)] = 1.0
    shift: tuple[Annotated[float, Range(-1e4, 1e4)], ...] = ()
    inputs: str = "sound"
    context: str = "none"
    vocabulary: Annotated[tuple[Annotated[str, Length(1, 1000)], ...], Length(0, 1_000_000)] = ()
    text: Options = field(default_factory=dict)
    sizes: Options = field(default_factory=dict)
    unsure_below: Annotated[float, Range(0, 1)] = 0.0
    precision_thresholds: Mapping[str, Annotated[float, Range(0, 1)]] = field(default_factory=dict)
    adaptation: Adaptation | None = None
    domain: Domain | None = None
    corpora: Annotated[tuple[Options, ...], Length(0, 1000)] = ()
    license: Annotated[str, Length(0, 10_000)] = ""
    split: Options = field(default_factory=dict)
    recipe_hash: Annotated[str, Length(0, 200)] = ""
    serenade_version: Annotated[str, Length(0, 200)] = __version__
    created: Annotated[str, Length(0, 200)] = ""

    def __post_init__(self) -> None:
        try:
            check_fields(self)
        except SchemaError as cause:
            raise ModelError(str(cause)) from None
        for name, known in (("inputs", INPUTS), ("context", CONTEXTS)):
            if getattr(self, name) not in known:
                raise ModelError(
                    f"'{name}' must be one of {', '.join(known)}, not {getattr(self, name)!r:.40}"
                )
        for label in self.labels:
            if self.labels.count(label) > 1:
                raise ModelError(f"labels must differ from each other, and {label!r} is there twice")
        if self.shift and len(self.shift) != len(self.labels):
            raise ModelError(f"shift has {len(self.shift)} numbers for {len(self.labels)} labels")
        if self.adaptation is not None and len(self.adaptation.means) != len(self.labels):
            raise ModelError(
                f"adaptation is of {len(self.adaptation.means)} labels, and there are {len(self.labels)}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as in `config.json`."""
        return {
            "spec_version": SPEC_VERSION,
            **asdict(self),
            "labels": list(self.labels),
            "shift": list(self.shift),
            "vocabulary": list(self.vocabulary),
            "corpora": list(self.corpora),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, file: str | Path | None = None) -> Spec:
        """Read the JSON form; unknown keys of the same `spec_version` are ignored.

        Args:
            content: as `to_dict` returns it.
            file: the file that it was read from, for the message of an error.

        Raises:
            ModelError: written by a newer serenade, or a key missing, of the wrong type or out of range.
        """
        version = content.get("spec_version")
        if not isinstance(version, int) or isinstance(version, bool):
            raise _no_spec(file)
        if version > SPEC_VERSION:
            writer = str(content.get("serenade_version", "the version that wrote it"))[:40]
            raise ModelError(
                f"needs serenade >= {writer}; this is {__version__}: pip install --upgrade serenade",
                file=file,
            )

        values = dict(content)
        try:
            if "front_end" in values:
                values["front_end"] = FrontEnd.from_dict(values["front_end"], complete=True)
            return build(cls, values, unknown="ignore")
        except (SchemaError, SerenadeError) as cause:
            raise ModelError(f"its Spec is damaged ({cause}); {_EXPORT_AGAIN}", file=file) from cause

    def to_metadata(self) -> dict[str, str]:
        """Metadata for an ONNX or safetensors file: the JSON form, and the rate and labels on their own.

        >>> front_end = FrontEnd(rate_hz=22_050)
        >>> spec = Spec(name="toy", labels=("anger", "neutral"), front_end=front_end, network="compact")
        >>> spec.to_metadata()["rate_hz"], spec.to_metadata()["labels"]
        ('22050', '["anger", "neutral"]')
        """
        return {
            METADATA_KEY: json.dumps(self.to_dict(), ensure_ascii=False),
            RATE_KEY: str(self.front_end.rate_hz),
            LABELS_KEY: json.dumps(self.labels, ensure_ascii=False),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str] | None, *, file: str | Path | None = None) -> Spec:
        """Read the Spec from the metadata of an ONNX or safetensors file.

        Raises:
            ModelError: there is none, or it cannot be read.
        """
        text = (metadata or {}).get(METADATA_KEY)
        if text is None:
            raise _no_spec(file)
        try:
            content = parse_json(text)
        except SchemaError as cause:
            raise ModelError(f"its Spec is damaged ({cause}); {_EXPORT_AGAIN}", file=file) from cause
        if not isinstance(content, dict):
            raise _no_spec(file)
        return cls.from_dict(content, file=file)


_EXPORT_AGAIN = "export it again with `serenade export`"


def _no_spec(file: str | Path | None) -> ModelError:
    return ModelError(
        f"has no Spec (labels, front end, calibration), so its outputs have no names; {_EXPORT_AGAIN}",
        file=file,
    )
