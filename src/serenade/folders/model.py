"""A model folder: its file names, and what of it is read without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serenade.errors import ModelError
from serenade.files import write_json, write_whole
from serenade.folders import trained_on
from serenade.folders.trained_on import TrainedOn
from serenade.schema import SchemaError, build, read_json


@dataclass(frozen=True)
class ModelFolder:
    """A trained model: `model.onnx`, `model.safetensors`, `config.json`, `trained_on.json`, `README.md`.

    Attributes:
        path: the folder.

    >>> ModelFolder(Path("run/model")).onnx.as_posix()
    'run/model/model.onnx'
    """

    path: Path

    @property
    def onnx(self) -> Path:
        """The graph that `serenade predict` runs."""
        return self.path / "model.onnx"

    @property
    def weights(self) -> Path:
        """The weights, with the Spec in their metadata."""
        return self.path / "model.safetensors"

    @property
    def config(self) -> Path:
        """The Spec as JSON, for people and for model hubs; what is read is the Spec in the weights."""
        return self.path / "config.json"

    @property
    def trained_on(self) -> Path:
        """Hashes and speakers of what was trained on."""
        return self.path / "trained_on.json"

    @property
    def card(self) -> Path:
        """The model card; written last, so a folder that has one is complete."""
        return self.path / "README.md"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the ONNX file is made from."""
        return self.weights, self.config, self.trained_on, self.card

    @property
    def is_complete(self) -> bool:
        """Whether the model was written to the end."""
        return self.card.is_file() and self.weights.is_file()

    def write_card(self, text: str) -> None:
        """Write the model card, after everything else."""
        with write_whole(self.card) as out:
            out.write(text)

    def write_trained_on(self, content: TrainedOn) -> None:
        """Write what the model was trained on."""
        write_json(self.trained_on, content.to_dict(), indent=None)

    def read_trained_on(self) -> TrainedOn | None:
        """What the model was trained on; None where the folder does not say.

        Raises:
            ModelError: the file is damaged or foreign.
        """
        if not self.trained_on.exists():
            return None
        try:
            content = read_json(self.trained_on)
            if not isinstance(content, dict) or not {"format", "train", "dev"} <= content.keys():
                raise SchemaError("it is not a list of what a model was trained on")
            found = build(TrainedOn, content, unknown="ignore")
        except (SchemaError, OSError) as cause:
            raise ModelError(f"is damaged ({cause}); {_REMEDY}", file=self.trained_on) from cause
        if (found.format, found.version) != (trained_on.FORMAT, trained_on.VERSION):
            raise ModelError(
                f"is of format {found.format!r}, version {found.version}, which this version of serenade "
                f"does not read; {_REMEDY}",
                file=self.trained_on,
            )
        return found


_REMEDY = "restore it from a copy of the model, or train again"
