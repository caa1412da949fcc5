"""The front end: every number that decides how sound becomes a log-mel spectrogram.

A model without its front end cannot be used, so this travels with stores, weights and exported graphs.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from serenade.errors import RecipeError
from serenade.files import hash_of


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """How samples become a log-mel spectrogram. Checked on creation, hashable, comparable.

    Attributes:
        rate_hz: sample rate of the input.
        n_fft: samples in a frame (and in the window).
        hop: samples from one frame to the next.
        window: "hann", periodic.
        center: the first frame is centred on the first sample, the ends are padded.
        pad_mode: what the padding of `center` holds: "constant" (zeros) or "reflect".
        n_mels: number of bands.
        fmin_hz: lower edge of the first band.
        fmax_hz: upper edge of the last band, at most half of `rate_hz`.
        mel_scale: "slaney" or "htk".
        mel_norm: "slaney" (every filter has area 1) or "none" (every filter has peak 1).
        power: 2.0 for power, 1.0 for magnitude; "db" is right for both (10 and 20 log10).
        scale: "db"; "whisper" (log10, floor 8 below the maximum, (x + 4) / 4, last frame dropped);
            "ln" (natural logarithm).
        db_ref: 0 dB is the clip's maximum ("max") or 1.0 ("one"). For "db" only.
        top_db: floor, in dB below the clip's maximum, or None. For "db" only.
        max_duration_s: what follows is not looked at; None for all.
        normalize: what `serenade.audio.logmel.normalize` does: "clip" and "band" give mean 0 and deviation 1
            (over the clip, or over time in each band), "minmax" gives 0 to 1, "none" nothing.

    Raises:
        RecipeError: a value is impossible.

    >>> FrontEnd(n_fft=2048, hop=512).frames(48_000)
    94
    >>> FrontEnd(hop=0)
    Traceback (most recent call last):
        ...
    serenade.errors.RecipeError: front end: hop must be 1 or more, not 0
    """

    rate_hz: int = 16_000
    n_fft: int = 1024
    hop: int = 256
    window: Literal["hann"] = "hann"
    center: bool = True
    pad_mode: Literal["constant", "reflect"] = "constant"
    n_mels: int = 128
    fmin_hz: float = 0.0
    fmax_hz: float = 8000.0
    mel_scale: Literal["slaney", "htk"] = "slaney"
    mel_norm: Literal["slaney", "none"] = "slaney"
    power: float = 2.0
    scale: Literal["db", "whisper", "ln"] = "db"
    db_ref: Literal["max", "one"] = "max"
    top_db: float | None = 80.0
    max_duration_s: float | None = None
    normalize: Literal["clip", "band", "minmax", "none"] = "clip"

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            object.__setattr__(self, name, _checked(name, getattr(self, name), kind))
        for name in ("rate_hz", "n_fft", "hop", "n_mels"):
            if getattr(self, name) < 1:
                raise RecipeError(f"front end: {name} must be 1 or more, not {getattr(self, name)}")
        if self.n_fft < 2:
            raise RecipeError(f"front end: n_fft must be 2 or more, not {self.n_fft}")
        if not 0 <= self.fmin_hz < self.fmax_hz <= self.rate_hz / 2:
            raise RecipeError(
                f"front end: fmin_hz {self.fmin_hz:g} and fmax_hz {self.fmax_hz:g} must rise and lie "
                f"between 0 and half of rate_hz ({self.rate_hz / 2:g})"
            )
        if self.power not in (1.0, 2.0):
            raise RecipeError(f"front end: power must be 1 (magnitude) or 2 (power), not {self.power:g}")
        for name in ("top_db", "max_duration_s"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise RecipeError(
                    f"front end: {name} must be above 0 or left out, not {getattr(self, name):g}"
                )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> FrontEnd:
        """The front end of a mapping (JSON, TOML); what it leaves out has the default.

        Raises:
            RecipeError: a key is unknown (the sentence names the nearest known one) or a value impossible.

        >>> FrontEnd.from_dict({"n_ftt": 512})
        Traceback (most recent call last):
            ...
        serenade.errors.RecipeError: front end: unknown key 'n_ftt'; did you mean 'n_fft'?
        """
        known = [field.name for field in fields(cls)]
        for key in content:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
                raise RecipeError(f"front end: unknown key {key!r}; did you mean {near!r}?")
        return cls(**content)

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, ready for JSON.

        >>> FrontEnd.from_dict(FrontEnd(hop=512).to_dict()) == FrontEnd(hop=512)
        True
        """
        return asdict(self)

    @property
    def hash(self) -> str:
        """Hexadecimal SHA-256 of the canonical JSON; equal front ends have equal hashes.

        >>> FrontEnd(fmax_hz=8000).hash == FrontEnd(fmax_hz=8000.0).hash
        True
        """
        return hash_of(self.to_dict())

    @property
    def max_samples(self) -> int | None:
        """The number of samples that `max_duration_s` leaves, or None for all."""
        return None if self.max_duration_s is None else max(1, round(self.max_duration_s * self.rate_hz))

    def frames(self, n_samples: int) -> int:
        """The number of frames of a clip of `n_samples`: never less than one.

        >>> FrontEnd().frames(0), FrontEnd(center=False).frames(1024 + 256), WHISPER.frames(480_000)
        (1, 2, 3000)
        """
        if self.max_samples is not None:
            n_samples = min(n_samples, self.max_samples)
        length = n_samples + 2 * (self.n_fft // 2) if self.center else n_samples
        count = 1 + max(0, length - self.n_fft) // self.hop
        return max(1, count - 1) if self.scale == "whisper" else count


def _checked(name: str, value: Any, kind: Any) -> Any:
    """The value as its field's type, so that 8000 and 8000.0 make the same hash."""
    choices = get_args(kind)
    if type(None) in choices:
        return None if value is None else _checked(name, value, choices[0])
    if choices:
        if value not in choices:
            raise RecipeError(f"front end: {name} must be one of {', '.join(choices)}, not {value!r}")
    elif kind is bool:
        if not isinstance(value, bool):
            raise RecipeError(f"front end: {name} must be true or false, not {value!r}")
    elif not isinstance(value, (int, float)) or isinstance(value, bool) or value != value:
        raise RecipeError(f"front end: {name} must be a number, not {value!r}")
    elif kind is int:
        if value != int(value):
            raise RecipeError(f"front end: {name} must be a whole number, not {value!r}")
        return int(value)
    else:
        return float(value)
    return value


CREMAD_SEED = FrontEnd(n_fft=2048, hop=512, pad_mode="reflect")
"""Of `mel_generator.py` (T4SKM4ST3R69/Speech_Emotion_Recognition) on CREMA-D's own 16 kHz."""

MELD_SEED = FrontEnd(n_fft=2048, hop=512, max_duration_s=3.0, normalize="minmax")
"""Of `audio_to_spectrogram.ipynb` (clow427/MELD-emotion-recognition)."""

WHISPER = FrontEnd(n_fft=400, hop=160, n_mels=80, pad_mode="reflect", scale="whisper", normalize="none")
"""Of openai/whisper, `whisper/audio.py`, for all but the large-v3 models."""
