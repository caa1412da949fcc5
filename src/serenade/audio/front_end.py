"""The front end: all parameters of the log-mel spectrogram.

A model cannot be used without its front end, so it is saved with stores, weights and exported graphs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from serenade.errors import RecipeError
from serenade.files import hash_of
from serenade.schema import Range, SchemaError, build, check_fields

MAX_OVERLAP = 64
"""Largest number of frames that a sample may belong to: each of them copies it in memory."""


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """Parameters of the log-mel spectrogram. Validated on creation, hashable, comparable.

    Attributes:
        rate_hz: sample rate of the input.
        n_fft: number of samples in a frame and in the window.
        hop: number of samples from one frame to the next.
        window: "hann", periodic.
        center: the first frame is centred on the first sample, the ends are padded.
        pad_mode: what the padding of `center` holds: "constant" (zeros) or "reflect".
        n_mels: number of bands.
        fmin_hz: lower edge of the first band.
        fmax_hz: upper edge of the last band, at most half of `rate_hz`.
        mel_scale: "slaney" or "htk".
        mel_norm: "slaney" (every filter has area 1) or "none" (every filter has peak 1).
        power: 2.0 for power, 1.0 for magnitude; "db" is right for both (10 and 20 log10).
        scale: "db", "whisper" (log10, floor 8 below the maximum, (x + 4) / 4, last frame dropped), or
            "waveform": no spectrogram, but the sound in rows of `hop` samples (n_fft = hop = n_mels).
        db_ref: 0 dB is the clip's maximum ("max") or 1.0 ("one"). For "db" only.
        top_db: floor, in dB below the clip's maximum, or None. For "db" only.
        max_duration_s: sound after this time is ignored; None to use all.
        normalize: method of `serenade.audio.logmel.normalize`: "clip" and "band" give mean 0 and standard
            deviation 1 (over the clip, or over time in each band), "minmax" gives 0 to 1, "none" nothing.

    Raises:
        RecipeError: a value is out of its range.

    >>> FrontEnd(n_fft=2048, hop=512).frames(48_000)
    94
    >>> FrontEnd(hop=0)
    Traceback (most recent call last):
        ...
    serenade.errors.RecipeError: front end: 'hop' must be between 1 and 16,384, not 0
    """

    rate_hz: Annotated[int, Range(1_000, 384_000)] = 16_000
    n_fft: Annotated[int, Range(2, 32_768)] = 1024
    hop: Annotated[int, Range(1, 16_384)] = 256
    window: Literal["hann"] = "hann"
    center: bool = True
    pad_mode: Literal["constant", "reflect"] = "constant"
    n_mels: Annotated[int, Range(1, 1024)] = 128
    fmin_hz: Annotated[float, Range(0, 192_000)] = 0.0
    fmax_hz: Annotated[float, Range(0, 192_000)] = 8000.0
    mel_scale: Literal["slaney", "htk"] = "slaney"
    mel_norm: Literal["slaney", "none"] = "slaney"
    power: Annotated[float, Range(1, 2)] = 2.0
    scale: Literal["db", "whisper", "waveform"] = "db"
    db_ref: Literal["max", "one"] = "max"
    top_db: Annotated[float, Range(0.001, 1000)] | None = 80.0
    max_duration_s: Annotated[float, Range(0.001, 600)] | None = None
    normalize: Literal["clip", "band", "minmax", "none"] = "clip"

    def __post_init__(self) -> None:
        try:
            check_fields(self)
        except SchemaError as cause:
            raise _error(str(cause)) from None
        if not self.fmin_hz < self.fmax_hz <= self.rate_hz / 2:
            raise _error(
                f"fmin_hz must be below fmax_hz, and fmax_hz at most half of rate_hz ({self.rate_hz / 2:g}), "
                f"not {self.fmin_hz:g} and {self.fmax_hz:g}"
            )
        if self.power not in (1.0, 2.0):
            raise _error(f"power must be 1 (magnitude) or 2 (power), not {self.power:g}")
        is_sound = self.n_fft == self.hop == self.n_mels and not self.center and self.normalize == "none"
        if self.scale == "waveform" and not is_sound:
            raise _error("scale 'waveform' needs n_fft = hop = n_mels, center = false and normalize = 'none'")
        if self.n_fft > MAX_OVERLAP * self.hop:
            raise _error(f"n_fft must be at most {MAX_OVERLAP} times hop ({self.hop}), not {self.n_fft}")

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, complete: bool = False) -> FrontEnd:
        """The front end of a mapping (JSON, TOML).

        Args:
            content: the fields by name.
            complete: whether every field is required; otherwise a missing field has its default.

        Raises:
            RecipeError: a key is unknown (the message names the most similar one), or a value out of range.

        >>> FrontEnd.from_dict({"n_ftt": 512})
        Traceback (most recent call last):
            ...
        serenade.errors.RecipeError: front end: unknown key 'n_ftt'; did you mean 'n_fft'?
        """
        try:
            return build(cls, content, complete=complete)
        except SchemaError as cause:
            raise _error(str(cause)) from None

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
        """The number of samples in `max_duration_s`, or None for no limit."""
        return None if self.max_duration_s is None else max(1, round(self.max_duration_s * self.rate_hz))

    def frames(self, n_samples: int) -> int:
        """The number of frames of a clip of `n_samples`; at least one.

        >>> FrontEnd().frames(0), FrontEnd(center=False).frames(1024 + 256), WHISPER.frames(480_000)
        (1, 2, 3000)
        """
        if self.max_samples is not None:
            n_samples = min(n_samples, self.max_samples)
        length = n_samples + 2 * (self.n_fft // 2) if self.center else n_samples
        count = 1 + max(0, length - self.n_fft) // self.hop
        return max(1, count - 1) if self.scale == "whisper" else count


def _error(message: str) -> RecipeError:
    return RecipeError(f"front end: {message}")


CREMAD_SEED = FrontEnd(n_fft=2048, hop=512, pad_mode="reflect")
"""Front end of `mel_generator.py` (T4SKM4ST3R69/Speech_Emotion_Recognition), on CREMA-D's own 16 kHz.

The generator asks librosa for reflections at both ends; `custom2_tester.py` does not, and gets zeros.
"""

MELD_SEED = FrontEnd(n_fft=2048, hop=512, max_duration_s=3.0, normalize="minmax")
"""Front end of `audio_to_spectrogram.ipynb` (clow427/MELD-emotion-recognition)."""

WAVEFORM = FrontEnd(n_fft=320, hop=320, n_mels=320, center=False, scale="waveform", normalize="none")
"""No spectrogram: the sound itself in rows of 20 ms, for encoders that take it (wav2vec 2.0 and others)."""

WHISPER = FrontEnd(n_fft=400, hop=160, n_mels=80, pad_mode="reflect", scale="whisper", normalize="none")
"""Front end of openai/whisper (`whisper/audio.py`), for all but the large-v3 models."""
