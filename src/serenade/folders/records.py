"""The contents of a run's small files: `run.json`, `summary.json`, and the rows of `split.csv`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

RUN_FORMAT, SUMMARY_FORMAT = "serenade-run", "serenade-run-summary"
VERSION = 1

EpochLog = dict[str, float]
"""The figures of one epoch: a line of `log.jsonl`."""


@dataclass(frozen=True, kw_only=True)
class StoreRecord:
    """The store of a run: its absolute path, its SHA-256, and the SHA-256 of its front end."""

    path: str
    hash: str
    front_end: str = ""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """`run.json`: what the run was started with; a run is resumed only with the same recipe and store.

    Attributes:
        recipe: SHA-256 of the resolved recipe.
        store: what is trained on.
        serenade_version: the version that started or resumed the run.
        torch_version: the same, of PyTorch.
    """

    recipe: str
    store: StoreRecord
    serenade_version: str = ""
    torch_version: str = ""
    format: str = RUN_FORMAT
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class FoldRunRecord:
    """One fold and seed of a finished run.

    Attributes:
        fold: from 1; None where the split has no folds.
        seed: of the training.
        folder: relative to the run folder; "." for a run of one fold and seed.
        epochs: how many were trained.
        kept_epoch: the epoch whose weights were kept.
        figures: dev figures of the kept epoch by name, such as `dev_uar`.
        seconds: of training.
    """

    fold: int | None
    seed: int
    folder: str
    epochs: int
    kept_epoch: int
    figures: dict[str, float]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """`summary.json`: what a finished run trained, written last.

    Attributes:
        name: of the recipe.
        recipe: SHA-256 of the resolved recipe.
        store: what it was trained on.
        split: name of the split.
        fold_runs: one entry for each fold and seed.
    """

    name: str
    recipe: str
    store: StoreRecord
    split: str
    fold_runs: tuple[FoldRunRecord, ...]
    format: str = SUMMARY_FORMAT
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self) | {"fold_runs": [asdict(entry) for entry in self.fold_runs]}


@dataclass(frozen=True, kw_only=True)
class SplitRow:
    """A row of `split.csv`: which part of the split a row of the store is in.

    Attributes:
        id: of the row in the store's index; unique.
        file: path of the recording.
        source: the clip that the row is, or is an altered copy of.
        speaker: "" where unknown.
        emotion: "" where unknown.
        dialogue: "" where there are none.
        part: "train", "dev", "test", "held-out", or "" for none.
        dropped: why it is in no part.
    """

    id: str
    file: str
    source: str
    speaker: str
    emotion: str
    dialogue: str = ""
    part: str
    dropped: str = ""
