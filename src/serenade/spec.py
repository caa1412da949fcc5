"""What a model says about itself: the Spec, carried inside the weights.

A network without its labels, front end and calibration is a guess about which index is which emotion, so a
model that does not carry a Spec is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from serenade.audio.logmel import FrontEnd
from serenade.errors import ModelError, SerenadeError
from serenade.version import __version__

SPEC_VERSION = 1
"""Raised when an old reader would misunderstand a new Spec; a mere further key does not raise it."""

METADATA_KEY = "serenade"
"""Key of the Spec among the metadata of an ONNX or safetensors file."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """All that is needed to use a trained model, and to know where it comes from.

    Attributes:
        name: name of the model, such as "serenade-base".
        version: version of the model, a string.
        labels: emotions in the order of the network's outputs.
        front_end: the log-mel front end that the network was trained on.
        network: name in the registry of networks.
        network_args: arguments that the network was made with.
        shift: added to the logits, one number a label; empty for nothing; like the temperature part of an
            exported graph.
        temperature: the logits are divided by this before the softmax (Guo et al. 2017); it is already
            part of an exported graph.
        inputs: what the network is given: "sound", "text" or "both".
        context: what of its dialogue an utterance is judged by: "none", "past" or "all"; a stream cannot know
            all.
        vocabulary: words of a network of tokens, the first of them id 2 (`serenade.inference.tokens`).
        text: where the vectors of texts, or the encoder that learnt with the network, come from: a recipe's
            `[text]`; empty for words.
        sizes: what else of the data the network was made for, such as `{"text_width": 600}`.
        unsure_below: answers of a lower confidence are called `unsure`.
        corpora: what it was trained on, each `{"name", "license"}`.
        license: licence of the weights.
        split: the split that it was trained under: `{"name", "fold", "hash"}`.
        recipe_hash: SHA-256 of the resolved recipe.
        serenade_version: version of serenade that wrote it.
        created: time of writing, ISO 8601.

    Raises:
        ModelError: labels missing or doubled, or a temperature or threshold out of range.

    >>> spec = Spec(name="toy", labels=("anger", "neutral"), front_end=FrontEnd(), network="compact")
    >>> Spec.from_metadata(spec.to_metadata()) == spec
    True
    """

    name: str
    labels: tuple[str, ...]
    front_end: FrontEnd
    network: str
    version: str = "1"
    network_args: dict[str, Any] = field(default_factory=dict)
    temperature: float = 1.0
    shift: tuple[float, ...] = ()
    inputs: str = "sound"
    context: str = "none"
    vocabulary: tuple[str, ...] = ()
    text: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, Any] = field(default_factory=dict)
    unsure_below: float = 0.0
    corpora: tuple[dict[str, Any], ...] = ()
    license: str = ""
    split: dict[str, Any] = field(default_factory=dict)
    recipe_hash: str = ""
    serenade_version: str = __version__
    created: str = ""

    def __post_init__(self) -> None:
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise ModelError(f"a model needs at least two different labels, not {list(self.labels)}")
        if self.shift and len(self.shift) != len(self.labels):
            raise ModelError(f"shift has {len(self.shift)} numbers for {len(self.labels)} labels")
        if not self.temperature > 0:
            raise ModelError(f"temperature must be above 0, not {self.temperature}")
        if self.inputs not in ("sound", "text", "both"):
            raise ModelError(f"a model hears sound, reads text, or both, and not {self.inputs!r}")
        if not 0 <= self.unsure_below <= 1:
            raise ModelError(f"unsure_below must lie between 0 and 1, not {self.unsure_below}")

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as in `config.json`."""
        return {
            "spec_version": SPEC_VERSION,
            **asdict(self),
            "labels": list(self.labels),
            "shift": list(self.shift),
            "vocabulary": list(self.vocabulary),
            "front_end": self.front_end.to_dict(),
            "corpora": [dict(corpus) for corpus in self.corpora],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, file: str | Path | None = None) -> Spec:
        """Read the JSON form; further keys of the same `spec_version` are ignored.

        Args:
            content: what `to_dict` gave.
            file: where it comes from, for the message of an error.

        Raises:
            ModelError: written by a newer serenade, or a key missing or of the wrong kind.
        """
        version = content.get("spec_version")
        if not isinstance(version, int):
            raise _foreign(file)
        if version > SPEC_VERSION:
            raise ModelError(
                f"needs serenade >= {content.get('serenade_version', 'the version that wrote it')}; "
                f"this is {__version__}: pip install --upgrade serenade",
                file=file,
            )
        known = {f.name for f in fields(cls)}
        given = {key: value for key, value in content.items() if key in known}
        missing = [f for f in ("name", "labels", "front_end", "network") if f not in given]
        if missing:
            raise ModelError(f"its Spec lacks {', '.join(missing)}; {_EXPORT_AGAIN}", file=file)
        try:
            given["front_end"] = FrontEnd.from_dict(given["front_end"])
            given["labels"] = tuple(str(label) for label in given["labels"])
            given["shift"] = tuple(float(value) for value in given.get("shift", ()))
            given["vocabulary"] = tuple(str(word) for word in given.get("vocabulary", ()))
            given["corpora"] = tuple(dict(corpus) for corpus in given.get("corpora", ()))
            return cls(**given)
        except (SerenadeError, TypeError, ValueError, AttributeError) as cause:
            raise ModelError(f"its Spec is damaged ({cause}); {_EXPORT_AGAIN}", file=file) from cause

    def to_metadata(self) -> dict[str, str]:
        """Metadata for an ONNX or safetensors file: one key, the JSON form."""
        return {METADATA_KEY: json.dumps(self.to_dict(), ensure_ascii=False)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str] | None, *, file: str | Path | None = None) -> Spec:
        """Read the Spec out of the metadata of an ONNX or safetensors file.

        Raises:
            ModelError: there is none, or it cannot be read.
        """
        text = (metadata or {}).get(METADATA_KEY)
        if text is None:
            raise _foreign(file)
        try:
            content = json.loads(text)
        except json.JSONDecodeError as cause:
            raise ModelError(f"its Spec is not JSON; {_EXPORT_AGAIN}", file=file) from cause
        if not isinstance(content, dict):
            raise _foreign(file)
        return cls.from_dict(content, file=file)


_EXPORT_AGAIN = "export it again with `serenade export`"


def _foreign(file: str | Path | None) -> ModelError:
    return ModelError(
        f"carries no Spec (labels, front end, calibration), so its outputs have no names; {_EXPORT_AGAIN}",
        file=file,
    )
