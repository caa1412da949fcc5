"""Predictions for a folder of recordings, with the flags and files of the original `custom2_tester.py`."""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from serenade.audio.decode import decode
from serenade.audio.level import SILENCE_DBFS, is_silent
from serenade.audio.logmel import FrontEnd, log_mel, normalize
from serenade.errors import SerenadeError, UnsupportedMedia
from serenade.evaluation.calibration import softmax
from serenade.evaluation.figures.style import PAPER, save_png
from serenade.features.clips import LONGEST_S
from serenade.files import fitting_name, protect_inputs, write_whole
from serenade.originals.cremad import figures
from serenade.originals.cremad.generator import wavs_in
from serenade.originals.cremad.weights import CLASSES, Loaded, load_original
from serenade.streams import never_fail_on_a_character
from serenade.text import printable, spreadsheet_text, valid_unicode

RESULTS, DISTRIBUTION = "classification_results.csv", "confidence_distribution.png"
COLUMNS = (
    "file",
    "predicted_class",
    "predicted_class_id",
    *(f"{name}_confidence" for name in CLASSES.values()),
)
"""Columns of `classification_results.csv`, as in the original."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Classified:
    """Result for one file.

    Attributes:
        file: file name.
        scores: confidence by the original's class names; empty if the file was not classified.
        note: why it was not classified, or "".
        level_db: log-mel spectrogram before normalisation [shape=(frames, n_mels)]; None if not classified.
        cut: whether frames after `max_width` were cut off.
        resampled_from_hz: sampling rate of the file if it differs from the model's, or None.
    """

    file: str
    scores: dict[str, float]
    note: str = ""
    level_db: NDArray[np.float32] | None = None
    cut: bool = False
    resampled_from_hz: int | None = None

    @property
    def predicted(self) -> str:
        """Return the class with the highest score, or ""."""
        return max(self.scores, key=self.scores.__getitem__, default="")

    def to_dict(self) -> dict[str, Any]:
        """Return the row of `classification_results.csv`; a score that is unknown is an empty cell."""
        place = list(CLASSES.values()).index(self.predicted) if self.scores else ""
        scores = {f"{name}_confidence": self.scores.get(name, "") for name in CLASSES.values()}
        file = spreadsheet_text(valid_unicode(self.file))
        return {"file": file, "predicted_class": self.predicted, "predicted_class_id": place, **scores}


def classify(
    files: Iterable[Path], model: Loaded, *, max_width: int, device: torch.device | str = "cpu"
) -> Iterator[Classified]:
    """Classify files one by one; a file that is silent or cannot be read gets a note instead of scores.

    Args:
        files: recordings.
        model: network and Spec; the front end and the temperature are those of the Spec.
        max_width: maximum number of frames; a longer clip is cut after normalisation.
        device: device on which the network runs.
    """
    network, spec = model.network.to(device), model.spec
    for file in files:
        try:
            samples, rate_hz = _samples(file, spec.front_end)
        except UnsupportedMedia as cause:
            yield Classified(file=file.name, scores={}, note=cause.message)
            continue
        levels = log_mel(samples, spec.front_end)
        features_db = normalize(levels, spec.front_end)[:max_width]
        with torch.inference_mode():
            features = torch.from_numpy(np.ascontiguousarray(features_db.T))[None].to(device)
            logits = network(features, torch.tensor([len(features_db)], device=device)).float().cpu().numpy()
        probabilities = softmax(logits, temperature=spec.temperature)[0]
        yield Classified(
            file=file.name,
            scores={CLASSES[label]: float(p) for label, p in zip(spec.labels, probabilities, strict=True)},
            level_db=levels[:max_width],
            cut=len(levels) > max_width,
            resampled_from_hz=None if rate_hz == spec.front_end.rate_hz else rate_hz,
        )


def write_results(results: Sequence[Classified], out: Path) -> None:
    """Write `classification_results.csv` and, if any file was classified, `confidence_distribution.png`."""
    with write_whole(out / RESULTS) as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(result.to_dict() for result in results)
    scores = [result.scores for result in results if result.scores]
    if scores:
        figure = figures.confidence_distribution(
            [list(each.values()) for each in scores], list(scores[0]), theme=PAPER
        )
        save_png(figure, out / DISTRIBUTION)


def draw_mel(result: Classified, front_end: FrontEnd, out: Path) -> None:
    """Write `{stem}_mel.png` of a classified file: its spectrogram, with class and confidence as title."""
    if result.level_db is None:
        return
    figure = figures.mel_spectrogram(
        result.level_db,
        front_end=front_end,
        title=f"{result.file}: {result.predicted} ({result.scores[result.predicted]:.1%})",
        theme=PAPER,
    )
    save_png(figure, mel_file(result.file, out))


def mel_file(file: str, out: Path) -> Path:
    """Return the path of the figure of a recording."""
    return out / fitting_name(f"{Path(file).stem}_mel", ".png")


def _samples(file: Path, front_end: FrontEnd) -> tuple[NDArray[np.float32], int]:
    """Return the samples at the front end's rate, and the sampling rate of the file.

    Raises:
        UnsupportedMedia: the file cannot be read, is silent, or is longer than an utterance.
    """
    sound = decode(file, rate_hz=front_end.rate_hz, duration_s=LONGEST_S + 1)
    if sound.duration_s > LONGEST_S:
        raise UnsupportedMedia(
            f"is longer than {LONGEST_S / 60:.0f} minutes; use serenade predict --timeline",
            file=file,
        )
    if is_silent(sound.samples):
        raise UnsupportedMedia(f"is silent: its level is below {SILENCE_DBFS:.0f} dBFS", file=file)
    return sound.samples, sound.source_rate_hz


def main(arguments: Sequence[str] | None = None, *, prog: str = "custom2_tester.py") -> int:
    """Run the tester with the flags of the original script and return the exit code."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=(
            "Classify the .wav files of a folder with a model of cremad_custom2.py. Write "
            "OUTPUT/classification_results.csv, OUTPUT/confidence_distribution.png and, with --visualize, "
            "OUTPUT/{stem}_mel.png. A file that is silent or cannot be read is not classified: it is "
            "named on stderr and has empty cells in the table."
        ),
    )
    parser.add_argument("--input_dir", type=Path, required=True, help="folder of .wav files")
    parser.add_argument("--model_path", type=Path, required=True, help="best_model.pth or a similar file")
    parser.add_argument(
        "--output_dir", type=Path, default=Path("classification_results"), help="folder of the results"
    )
    parser.add_argument("--max_width", type=int, default=191, metavar="FRAMES", help="longer clips are cut")
    parser.add_argument("--cpu", action="store_true", help="do not use a GPU")
    parser.add_argument("--visualize", action="store_true", help="draw every spectrogram")
    parser.add_argument(
        "--padding",
        choices=("zeros", "reflect"),
        default="zeros",
        help="padding of the first and last frames, for weights without a Spec: zeros as in the original "
        "tester (default), reflect as in the original generator, whose spectrograms they were trained on",
    )
    never_fail_on_a_character()
    options = parser.parse_args(arguments)
    if options.max_width < 1:
        parser.error("--max_width must be 1 or more")
    try:
        return _classify_folder(options)
    except SerenadeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run the same command again", file=sys.stderr)
        return 130


def _classify_folder(options: argparse.Namespace) -> int:
    files, out = wavs_in(options.input_dir), options.output_dir
    outputs = [out / RESULTS, out / DISTRIBUTION, *(mel_file(file.name, out) for file in files)]
    protect_inputs(outputs, [options.model_path, *files])
    model = load_original(options.model_path, max_width=options.max_width, padding=options.padding)
    device = "cuda" if torch.cuda.is_available() and not options.cpu else "cpu"
    print(model.assumed or f"model {model.spec.name}, network {model.spec.network}")
    print(f"{len(files)} .wav files in {options.input_dir}, device {device}")
    results = []
    for result in classify(files, model, max_width=options.max_width, device=device):
        results.append(result)
        _print_scores(result)
        if options.visualize:
            draw_mel(result, model.spec.front_end, options.output_dir)
    write_results(results, options.output_dir)
    if not any(result.scores for result in results):
        print(f"{options.input_dir}: none of {len(files)} .wav files can be classified", file=sys.stderr)
        return 1
    _print_counts(results)
    print(f"results in {options.output_dir}")
    return 0


def _print_scores(result: Classified) -> None:
    if not result.scores:
        print(printable(f"{result.file}: {result.note}; not classified"), file=sys.stderr)
        return
    print(f"\n{printable(result.file)}: {result.predicted}")
    for name, score in result.scores.items():
        print(f"  {name:<8} {score:>7.2%}")


def _print_counts(results: Sequence[Classified]) -> None:
    """Print the Emotion/Count/Percentage table of the original, then what was not taken as it is."""
    classified = [result for result in results if result.scores]
    counts = Counter(result.predicted for result in classified)
    table = Table("Emotion", "Count", "Percentage", box=box.ASCII2)
    for name in CLASSES.values():
        table.add_row(name, str(counts[name]), f"{counts[name] / len(classified):.2%}")
    print()
    Console().print(table)
    for number, text in (
        (len(results) - len(classified), "not classified (unreadable or silent; empty cells in the table)"),
        (sum(result.cut for result in results), "longer than --max_width, cut"),
        (sum(result.resampled_from_hz is not None for result in results), "resampled to the model's rate"),
    ):
        if number:
            print(f"{number} of {len(results)} files {text}")
