"""Errors in one sentence: what is wrong, in which file, what to do.

Every error that a user can cause is a `SerenadeError`; the command prints it on one line and exits with 1.
Anything else that escapes is a bug of ours.
"""

from __future__ import annotations

from pathlib import Path

from serenade.text import printable


class SerenadeError(Exception):
    """An input that cannot be used.

    Attributes:
        code: short name of the kind, stable across versions (also sent by the service).
        file: the file or folder that it is about, if any.

    >>> str(UnsupportedMedia("is empty (0 bytes); record it again", file="a.wav"))
    'a.wav: is empty (0 bytes); record it again'
    """

    code = "error"

    def __init__(self, message: str, *, file: str | Path | None = None) -> None:
        self.message = message
        self.file = None if file is None else str(file)
        super().__init__(message if file is None else f"{file}: {message}")

    def __str__(self) -> str:
        """The sentence with its file, without anything that a terminal would act on."""
        return printable(super().__str__())

    def to_dict(self) -> dict[str, dict[str, str | None]]:
        """The JSON form of an error: `{"error": {"code", "message", "file"}}`."""
        return {"error": {"code": self.code, "message": self.message, "file": self.file}}


class UnsupportedMedia(SerenadeError):
    """A sound file that cannot be read as sound."""

    code = "unsupported_media"


class CorpusError(SerenadeError):
    """A folder or table that cannot be read as a corpus."""

    code = "corpus"


class SplitError(SerenadeError):
    """A split that leaks, or that does not fit the corpus."""

    code = "split"


class StoreError(SerenadeError):
    """A feature store that is missing, unfinished, or of another front end."""

    code = "store"


class RecipeError(SerenadeError):
    """A recipe with an unknown key or an impossible value."""

    code = "recipe"


class RunError(SerenadeError):
    """A run folder that is missing, unfinished or damaged."""

    code = "run"


class ModelError(SerenadeError):
    """A model that cannot be loaded, or does not say what it is."""

    code = "model"


class OutputError(SerenadeError):
    """A place that cannot be written to."""

    code = "output"


class ClusterError(SerenadeError):
    """A cluster that cannot be reached or used, or a place that it cannot read."""

    code = "cluster"


class DeviceError(SerenadeError):
    """A device that is unknown, or that this machine does not have."""

    code = "device"


class MissingExtra(SerenadeError):
    """A command that needs an optional extra which is not installed."""

    code = "missing_extra"


_EXTRAS = {
    "cluster": ("fsspec", "pyarrow", "ray", "s3fs"),
    "hub": ("huggingface_hub",),
    "mic": ("sounddevice",),
    "report": ("jinja2", "matplotlib", "pandas", "sklearn"),
    "train": (
        "lightning_fabric",
        "msgspec",
        "onnx",
        "safetensors",
        "scipy",
        "threadpoolctl",
        "tomli_w",
        "torch",
    ),
    "web": ("fastapi", "multipart", "prometheus_client", "python_multipart", "uvicorn", "websockets"),
}
"""Which extra installs a library, by the name of its module."""


def missing_extra(cause: ModuleNotFoundError, *, needed_by: str, trains: bool = False) -> MissingExtra | None:
    """The error that says how to install a library; None if it is not a library of an extra.

    Args:
        cause: the failed import.
        needed_by: the subject of the sentence.
        trains: whether everything of the extra `train` is needed, whichever library was missed first.

    >>> str(missing_extra(ModuleNotFoundError(name="torch.nn"), needed_by="training"))
    "training needs torch; install it with: pip install 'serenade[train]'"
    """
    library = (cause.name or "").partition(".")[0]
    for extra, libraries in _EXTRAS.items():
        if library in libraries:
            return MissingExtra(
                f"{needed_by} needs {library}; install it with: "
                f"pip install 'serenade[{'train' if trains else extra}]'"
            )
    return None
