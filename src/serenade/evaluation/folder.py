"""The evaluation folder: its file names, and what is read back from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.errors import CorpusError, OutputError
from serenade.evaluation.predictions import TEXT_COLUMNS
from serenade.features.csv_text import quoting_of, with_decoded_paths, with_encoded_paths
from serenade.files import hash_of, sha256_of, write_json, write_whole
from serenade.schema import SchemaError, read_json

FORMAT, VERSION = "serenade-evaluation", 4
MAX_EXPLANATIONS = 6
"""Most explained predictions of an evaluation."""

FIGURES = (
    *(f"explanation{number}" for number in range(1, MAX_EXPLANATIONS + 1)),
    *("confusion_matrix", "per_class", "speakers", "reliability", "risk_coverage", "curves", "robustness"),
)


@dataclass(frozen=True)
class EvaluationFolder:
    """An evaluation: `metrics.json`, `predictions.csv`, `classification_report.txt`, PNGs, `report.html`.

    `metrics.json` holds the SHA-256 of `predictions.csv` and of its own content, so that a file that was
    damaged, edited or left by another evaluation is recognised.

    Attributes:
        path: the folder.

    >>> EvaluationFolder(Path("run/evaluation")).report.as_posix()
    'run/evaluation/report.html'
    """

    path: Path

    @property
    def metrics(self) -> Path:
        """Every number of the evaluation; written after all files but the report."""
        return self.path / "metrics.json"

    @property
    def predictions(self) -> Path:
        """The predictions, one row per clip and fold run."""
        return self.path / "predictions.csv"

    @property
    def classification_report(self) -> Path:
        """Scores of each class as text."""
        return self.path / "classification_report.txt"

    @property
    def robustness(self) -> Path:
        """The scores under recording conditions, if they were evaluated."""
        return self.path / "robustness.json"

    @property
    def robustness_table(self) -> Path:
        """The same as a table."""
        return self.path / "robustness.csv"

    @property
    def explanations(self) -> Path:
        """Explained predictions, if there are any; their figures are `explanation1` and so on."""
        return self.path / "explanations.json"

    @property
    def speaker_curve(self) -> Path:
        """The learning curve over the number of training speakers, if there is one."""
        return self.path / "speaker_curve.json"

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.path / "report.html"

    def figure(self, name: str) -> Path:
        """One of `FIGURES`, as PNG."""
        return self.path / f"{name}.png"

    def check(self) -> None:
        """Refuse a folder whose files an evaluation would replace though they are not of one.

        Raises:
            OutputError: there is such a file.
        """
        if self._is_evaluation():
            return
        for file in (self.metrics, *self._files()):
            if file.exists() or file.is_symlink():
                raise OutputError(
                    "is not of an evaluation and would be replaced; choose another --out", file=file
                )

    def start(self) -> None:
        """Mark the folder as an unfinished evaluation, and remove the files of an earlier one; others stay.

        Raises:
            OutputError: see `check`.
        """
        self.check()
        write_json(self.metrics, {"format": FORMAT, "version": VERSION, "finished": False})
        for file in (*self._files(), *self.path.glob(".*.part")):  # a killed process leaves parts
            file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """All files but `metrics.json`."""
        return [
            self.report,
            self.predictions,
            self.classification_report,
            self.robustness,
            self.robustness_table,
            self.explanations,
            self.speaker_curve,
            *map(self.figure, FIGURES),
        ]

    def _is_evaluation(self) -> bool:
        try:
            content = read_json(self.metrics)
        except (OSError, SchemaError):
            return False
        return isinstance(content, dict) and (content.get("format") == FORMAT or "labels" in content)

    def write_predictions(self, table: pd.DataFrame) -> None:
        """Write the table of predictions."""
        with write_whole(self.predictions) as out:
            stored = with_encoded_paths(table)
            stored.to_csv(out, index=False, lineterminator="\n", quoting=quoting_of(stored))

    def write_classification_report(self, text: str) -> None:
        """Write the scores of each class as text."""
        with write_whole(self.classification_report) as out:
            out.write(text)

    def write_metrics(self, content: Mapping[str, Any]) -> None:
        """Write `metrics.json`, after the predictions."""
        named = {"format": FORMAT, "version": VERSION, **content}
        named["predictions_sha256"] = sha256_of(self.predictions)
        write_json(self.metrics, named | {"sha256": hash_of(_plain(named))})

    def write_robustness(self, content: Mapping[str, Any]) -> None:
        """Write `robustness.json` and `robustness.csv`, of the predictions that are in the folder."""
        rows = [
            {
                name: value["value"] if isinstance(value, Mapping) else value
                for name, value in condition.items()
            }
            for condition in content["conditions"]
        ]
        with write_whole(self.robustness_table) as out:
            pd.DataFrame(rows).to_csv(out, index=False, lineterminator="\n")
        self._write_addition(self.robustness, content)

    def read_robustness(self) -> dict[str, Any] | None:
        """Return the content of `robustness.json`; None if recording conditions were not evaluated.

        Raises:
            CorpusError: it is damaged, or of other predictions.
        """
        return self._read_addition(self.robustness)

    def write_explanations(self, content: Mapping[str, Any]) -> None:
        """Write `explanations.json`, of the predictions that are in the folder."""
        self._write_addition(self.explanations, content)

    def read_explanations(self) -> dict[str, Any] | None:
        """Return the content of `explanations.json`; None if no prediction was explained.

        Raises:
            CorpusError: it is damaged, or of other predictions.
        """
        return self._read_addition(self.explanations)

    def write_speaker_curve(self, content: Mapping[str, Any]) -> None:
        """Write `speaker_curve.json`, whose last point is the evaluation in the folder."""
        self._write_addition(self.speaker_curve, content)

    def read_speaker_curve(self) -> dict[str, Any] | None:
        """Return the content of `speaker_curve.json`; None if there is none.

        Raises:
            CorpusError: it is damaged, or of other predictions.
        """
        return self._read_addition(self.speaker_curve)

    def _write_addition(self, file: Path, content: Mapping[str, Any]) -> None:
        """Write a file that belongs to the predictions in the folder."""
        write_json(file, {**content, "predictions_sha256": sha256_of(self.predictions)})

    def _read_addition(self, file: Path) -> dict[str, Any] | None:
        if not file.exists():
            return None
        try:
            content = read_json(file)
        except (OSError, SchemaError) as cause:
            raise CorpusError(f"cannot be read ({cause}); {_AGAIN}", file=file) from cause
        found = content.get("predictions_sha256") if isinstance(content, dict) else None
        if not isinstance(content, dict) or found != sha256_of(self.predictions):
            raise CorpusError(f"is not of these predictions; {_AGAIN}", file=file)
        return content

    def read(self) -> tuple[dict[str, Any], pd.DataFrame]:
        """Return the content of `metrics.json` and the predictions.

        Raises:
            CorpusError: there is no evaluation, or a file of it is missing, damaged or was edited.
        """
        try:
            content = read_json(self.metrics)
        except FileNotFoundError:
            raise CorpusError("holds no finished evaluation; run serenade evaluate", file=self.path) from None
        except (OSError, SchemaError) as cause:
            raise CorpusError(f"cannot be read ({cause}); {_AGAIN}", file=self.metrics) from cause
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise CorpusError(f"is not the metrics.json of an evaluation; {_AGAIN}", file=self.metrics)
        if content.get("finished") is False:
            raise CorpusError(f"holds an evaluation that was interrupted; {_AGAIN}", file=self.path)
        if content.get("version") != VERSION:
            raise CorpusError(f"was written by another version of serenade; {_AGAIN}", file=self.metrics)
        checksum = content.pop("sha256", None)
        if checksum != hash_of(content):
            raise CorpusError(f"was changed after the evaluation; {_AGAIN}", file=self.metrics)
        try:
            same = sha256_of(self.predictions) == content["predictions_sha256"]
        except OSError as cause:
            raise CorpusError(
                f"cannot be read ({cause.strerror}); {_AGAIN}", file=self.predictions
            ) from cause
        if not same:
            raise CorpusError(f"was changed after the evaluation; {_AGAIN}", file=self.predictions)
        predictions = pd.read_csv(
            self.predictions,
            dtype=dict.fromkeys(TEXT_COLUMNS, str),
            keep_default_na=False,
            na_values={name: [""] for name in ("start", "end", "duration_s", "age")},
            float_precision="round_trip",
        )
        return content, with_decoded_paths(predictions)


def _plain(content: Mapping[str, Any]) -> Any:
    """The content as JSON gives it back: tuples as lists, keys as text."""
    return json.loads(json.dumps(content))


_AGAIN = "run serenade evaluate again"


def find_evaluations(path: Path) -> list[EvaluationFolder]:
    """Return the evaluations of a run folder, or the one that `path` is.

    Raises:
        CorpusError: there is no such folder, or it holds no evaluation.
    """
    if not path.is_dir():
        raise CorpusError("there is no such folder; name a run or an evaluation", file=path)
    name = EvaluationFolder(path).metrics.name
    files = {*path.glob(name), *path.glob(f"*/{name}"), *path.glob(f"evaluation/*/{name}")}
    if not files:
        raise CorpusError("holds no evaluation; make one with serenade evaluate", file=path)
    return [EvaluationFolder(file.parent) for file in sorted(files)]
