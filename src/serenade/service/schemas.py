"""The JSON of requests and responses, as OpenAPI describes it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE: dict[str, Any] = {
    "file": "call.wav",
    "start": 0.0,
    "end": 2.54,
    "emotion": "anger",
    "confidence": 0.81,
    "state": "ok",
    "scores": [{"label": "anger", "score": 0.81}, {"label": "disgust", "score": 0.19}],
    "quality": {
        "duration_s": 2.54,
        "speech_ratio": 0.83,
        "level_dbfs": -23.1,
        "clipped": False,
        "resampled_from_hz": 48000,
    },
    "model": {"name": "serenade-base", "version": "1", "license": "CC-BY-NC-SA-4.0"},
}
"""A prediction."""

ERROR_EXAMPLE: dict[str, Any] = {
    "error": {"code": "unsupported_media", "message": "is not a sound file; convert it", "file": "a.txt"}
}
"""An error."""

MODELS_EXAMPLE: dict[str, Any] = {
    "models": [
        {
            **EXAMPLE["model"],
            "labels": ["anger", "disgust"],
            "rate_hz": 16000,
            "unsure_below": 0.47,
            "corpora": [{"name": "cremad", "license": "ODbL-1.0"}],
        }
    ],
    "limits": {"upload_bytes": 200_000_000, "files": 32, "length_s": 14_400.0},
}
"""The model of a server, and its limits."""

METRICS_EXAMPLE = """\
# HELP serenade_workers_ready Workers that have loaded the model.
# TYPE serenade_workers_ready gauge
serenade_workers_ready 2.0
"""
"""A part of the metrics."""


class Score(BaseModel):
    """The probability of one emotion."""

    label: str
    score: float = Field(ge=0, le=1)


class Quality(BaseModel):
    """The quality of a recording; see `serenade.Quality`."""

    duration_s: float
    speech_ratio: float
    level_dbfs: float
    clipped: bool
    resampled_from_hz: int | None
    warnings: list[str] | None = None


class ModelName(BaseModel):
    """The model of a prediction, and its licence."""

    name: str
    version: str
    license: str


class Prediction(BaseModel):
    """The emotion of a recording or of a segment; see `serenade.Prediction`."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    file: str
    start: float
    end: float
    emotion: str | None = Field(description="The most probable emotion; null if there is no speech.")
    confidence: float | None = Field(description="Calibrated probability of `emotion`.")
    state: Literal["ok", "unsure", "no_speech"]
    scores: list[Score]
    quality: Quality
    model: ModelName


class ErrorDetail(BaseModel):
    """What is wrong, and what to do."""

    code: str
    message: str
    file: str | None


class Error(BaseModel):
    """The form of every error."""

    error: ErrorDetail


class FailedFile(BaseModel):
    """A recording of a request that cannot be used, while others can."""

    file: str
    error: ErrorDetail


class Results(BaseModel):
    """A prediction or an error for each recording, in the order of the request."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"results": [EXAMPLE, {"file": "a.txt", **ERROR_EXAMPLE}]}}
    )

    results: list[Prediction | FailedFile]


class Corpus(BaseModel):
    """A corpus that a model was trained on."""

    name: str
    license: str


class Model(BaseModel):
    """A model that the server uses."""

    name: str
    version: str
    license: str
    labels: list[str]
    rate_hz: int
    unsure_below: float = Field(description="The state is `unsure` if the confidence is below this.")
    corpora: list[Corpus]


class Limits(BaseModel):
    """What the server accepts."""

    upload_bytes: int
    files: int
    length_s: float


class Models(BaseModel):
    """The models of the server, and its limits."""

    model_config = ConfigDict(json_schema_extra={"example": MODELS_EXAMPLE})

    models: list[Model]
    limits: Limits


class Status(BaseModel):
    """Whether the server runs, or is ready."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "ok"}})

    status: Literal["ok"]
