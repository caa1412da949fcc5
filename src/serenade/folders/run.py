"""A run folder: its file names and layout."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

from serenade.errors import ModelError, RunError
from serenade.files import LOCK, write_json, write_whole
from serenade.folders import reading
from serenade.folders.model import ModelFolder
from serenade.folders.records import EpochLog, RunRecord, RunSummary, SplitRow

_FOLD_RUN = re.compile(r"fold([1-9]\d{0,5})-seed(\d{1,18})")


@dataclass(frozen=True)
class RunFolder:
    """A run: `recipe.toml`, `run.json`, `summary.json`, and a fold run (one fold and one seed), or several.

    A fold run has `log.jsonl`, `curves.png`, `split.csv`, `checkpoint/` and `model/`. A single one lies in
    the run folder itself; several lie in folders of their own, named `fold1-seed0`. `final/` holds the final
    model of a cross-validation, with the layout of a fold run. `evaluation/` holds evaluations.

    Attributes:
        path: the folder.

    Raises:
        RunError: by every `read_` method: the file is missing, damaged, or not from serenade.

    >>> run = RunFolder(Path("runs/mine"))
    >>> run.fold_run(fold=2, seed=0).log.as_posix()
    'runs/mine/fold2-seed0/log.jsonl'
    >>> RunFolder(Path("runs/mine/fold2-seed0")).fold
    2
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.toml"

    @property
    def record(self) -> Path:
        """Which recipe and store the run was started with (`RunRecord`)."""
        return self.path / "run.json"

    @property
    def summary(self) -> Path:
        """What a finished run trained (`RunSummary`), written last."""
        return self.path / "summary.json"

    @property
    def log(self) -> Path:
        """The figures of every epoch, a JSON object a line."""
        return self.path / "log.jsonl"

    @property
    def curves(self) -> Path:
        """The log as a figure."""
        return self.path / "curves.png"

    @property
    def tensorboard(self) -> Path:
        """The log as TensorBoard's events."""
        return self.path / "tensorboard"

    @property
    def split(self) -> Path:
        """Which part of the split each row of the store is in (`SplitRow`)."""
        return self.path / "split.csv"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoint"

    @property
    def last_checkpoint(self) -> Path:
        """The state after the last finished epoch."""
        return self.checkpoints / "last.ckpt"

    @property
    def best_checkpoint(self) -> Path:
        """The state after the best epoch by the dev metric."""
        return self.checkpoints / "best.ckpt"

    @property
    def model(self) -> ModelFolder:
        """The trained model of a fold run."""
        return ModelFolder(self.path / "model")

    @property
    def final(self) -> RunFolder:
        """The final model, trained on all speakers, with the layout of a fold run."""
        return RunFolder(self.path / "final")

    @property
    def evaluation(self) -> Path:
        """The folder of the evaluation on the run's own test part; evaluations on others lie beneath it."""
        return self.path / "evaluation"

    @cached_property
    def _fold_and_seed(self) -> tuple[int, int] | None:
        found = _FOLD_RUN.fullmatch(self.path.name)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def fold(self) -> int | None:
        """The fold that the folder's name states, or None."""
        return self._fold_and_seed[0] if self._fold_and_seed else None

    @property
    def seed(self) -> int | None:
        """The seed that the folder's name states, or None."""
        return self._fold_and_seed[1] if self._fold_and_seed else None

    def fold_run(self, *, fold: int | None, seed: int) -> RunFolder:
        """The folder of one of several fold runs."""
        return RunFolder(self.path / f"fold{fold or 1}-seed{seed}")

    def fold_runs(self) -> list[RunFolder]:
        """The fold runs on disk, by fold and seed; the run itself where it has none beneath it."""
        inner = [RunFolder(path) for path in self.path.iterdir()] if self.path.is_dir() else []
        found = [run for run in inner if run._fold_and_seed and run.path.is_dir()]
        return sorted(found, key=lambda run: (run.fold, run.seed)) or [self]

    @classmethod
    def containing(cls, path: str | Path) -> RunFolder | None:
        """The nearest run (with a `run.json`) at `path` or above it: the run of a model or of a fold run."""
        start = Path(path).absolute()
        for folder in (start, *list(start.parents)[:3]):
            if cls(folder).record.is_file():
                return cls(folder)
        return None

    @classmethod
    def of_model(cls, path: str | Path) -> RunFolder | None:
        """The fold run (with a `split.csv`) at `path` or above it: that of a model or of its weights."""
        start = Path(path).absolute()
        for folder in (start, *list(start.parents)[:2]):
            if cls(folder).split.is_file():
                return cls(folder)
        return None

    def model_to_use(self) -> ModelFolder:
        """The model that the run stands for: the final one, or the only one.

        Raises:
            ModelError: a cross-validation without a final model, a run that is not finished, or no run.
        """
        for found in (self.final.model, self.model):
            if found.is_complete:
                return found
        complete = [run for run in self.fold_runs() if run.path != self.path and run.model.is_complete]
        if complete:
            raise ModelError(
                f"is a cross-validation of {len(complete)} models and has no final model; train one on all "
                f"speakers with: serenade train {self._quoted} --refit; or name one fold run, such as "
                f"{complete[0].path}",
                file=self.path,
            )
        if self.record.is_file():
            raise ModelError(f"is not a finished run; {self._finish()}", file=self.path)
        raise ModelError("is not a run folder; name a model folder or a finished run", file=self.path)

    def is_run(self) -> bool:
        """Whether the folder holds a run, perhaps an unfinished or damaged one."""
        return any(file.is_file() for file in (self.record, self.summary, self.recipe))

    def is_empty(self) -> bool:
        """Whether nothing is in the folder but temporary files."""
        return not any(_is_content(file) for file in self.path.iterdir())

    def has_progress(self) -> bool:
        """Whether an epoch of some fold run was finished."""
        return any(
            file.exists()
            for run in (self, *self.fold_runs(), self.final)
            for file in (run.last_checkpoint, run.model.weights)
        )

    def remove_temporary_files(self) -> None:
        """Remove what an interrupted process left half written."""
        for file in self.path.rglob(".*.part"):
            file.unlink(missing_ok=True)

    @property
    def _quoted(self) -> str:
        return shlex.quote(str(self.path))

    def _finish(self) -> str:
        return f"finish it with: serenade train {self._quoted} --resume"

    def read_record(self) -> RunRecord:
        """What the run was started with."""
        return reading.read_record(self.record)

    def read_summary(self) -> RunSummary:
        """What the run trained."""
        if not self.summary.exists():
            raise RunError(f"is not a finished run; {self._finish()}", file=self.path)
        return reading.read_summary(self.summary)

    def read_log(self) -> list[EpochLog]:
        """The figures of every epoch."""
        return reading.read_log(self.log)

    def read_split(self) -> list[SplitRow]:
        """The parts of the split, a row for each row of the store."""
        return reading.read_split(self.split)

    def read_recipe_text(self) -> str:
        """The resolved recipe, checked to be TOML."""
        return reading.read_recipe_text(self.recipe)

    def write_record(self, content: RunRecord) -> None:
        """Write `run.json`."""
        write_json(self.record, content.to_dict())

    def write_summary(self, content: RunSummary) -> None:
        """Write `summary.json`."""
        write_json(self.summary, content.to_dict())

    def write_recipe(self, text: str) -> None:
        """Write `recipe.toml`."""
        with write_whole(self.recipe) as out:
            out.write(text)

    def write_log(self, lines: Iterable[EpochLog]) -> None:
        """Write `log.jsonl`."""
        with write_whole(self.log) as out:
            out.writelines(json.dumps(line) + "\n" for line in lines)

    def write_split(self, rows: Sequence[SplitRow]) -> None:
        """Write `split.csv`; the column `dialogue` only where there are dialogues."""
        names = [entry.name for entry in fields(SplitRow)]
        if not any(row.dialogue for row in rows):
            names.remove("dialogue")
        with write_whole(self.split) as out:
            writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)


def _is_content(file: Path) -> bool:
    return file.name != LOCK and file.suffix != ".part"
