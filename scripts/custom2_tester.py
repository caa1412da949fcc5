#!/usr/bin/env python3
"""Emotions of the .wav files of a folder, by a model of cremad_custom2.py: a drop-in for the original script.

    custom2_tester.py --input_dir WAVS --model_path cremad_custom2/best_model.pth
                      [--output_dir classification_results] [--max_width 191] [--cpu] [--visualize]

Writes OUTPUT/classification_results.csv, OUTPUT/confidence_distribution.png and, with --visualize,
OUTPUT/{stem}_mel.png. A file that cannot be read, or is silent, is not guessed: it is named on stderr, and
its cells in the table stay empty. Weights without a Spec are read as the original's, and the output says so.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from serenade.errors import SerenadeError
from serenade.originals.cremad.mel_writer import wavs_in

if TYPE_CHECKING:
    from serenade.originals.cremad.tester import Answer


def main() -> int:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--input_dir", type=Path, required=True, help="folder of .wav files")
    parser.add_argument(
        "--model_path", type=Path, required=True, help="best_model.pth or another of its kind"
    )
    parser.add_argument(
        "--output_dir", type=Path, default=Path("classification_results"), help="where the results go"
    )
    parser.add_argument("--max_width", type=int, default=191, metavar="FRAMES", help="longer clips are cut")
    parser.add_argument("--cpu", action="store_true", help="leave a GPU alone")
    parser.add_argument("--visualize", action="store_true", help="a picture of every spectrogram")
    options = parser.parse_args()
    if options.max_width < 1:
        parser.error("--max_width must be 1 or more")
    try:
        return _test(options)
    except SerenadeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again", file=sys.stderr)
        return 130


def _test(options: argparse.Namespace) -> int:
    files = wavs_in(options.input_dir)
    # PyTorch takes seconds to import: not before there is something to do.
    import torch

    from serenade.originals.cremad.tester import classify, draw_mel, write_results
    from serenade.originals.cremad.weights import load_original

    model = load_original(options.model_path, max_width=options.max_width)
    device = "cuda" if torch.cuda.is_available() and not options.cpu else "cpu"
    print(model.assumed or f"model {model.spec.name}, network {model.spec.network}")
    print(f"{len(files)} .wav files in {options.input_dir}, answered on {device}")
    answers = []
    for answer in classify(files, model, max_width=options.max_width, device=device):
        answers.append(answer)
        _tell(answer)
        if options.visualize:
            draw_mel(answer, model.spec.front_end, options.output_dir)
    write_results(answers, options.output_dir)
    answered = [answer for answer in answers if answer.scores]
    if not answered:
        print(f"{options.input_dir}: not one of {len(files)} .wav files can be answered", file=sys.stderr)
        return 1
    _summarise(answers, answered)
    print(f"results in {options.output_dir}")
    return 0


def _tell(answer: Answer) -> None:
    if not answer.scores:
        print(f"{answer.file}: {answer.note}; not answered", file=sys.stderr)
        return
    print(f"\n{answer.file}: {answer.predicted}")
    for name, score in answer.scores.items():
        print(f"  {name:<8} {score:>7.2%}")


def _summarise(answers: list[Answer], answered: list[Answer]) -> None:
    from serenade.originals.cremad.weights import CLASSES

    counts = Counter(answer.predicted for answer in answered)
    table = Table("Emotion", "Count", "Percentage", box=box.ASCII2)
    for name in CLASSES.values():
        table.add_row(name, str(counts[name]), f"{counts[name] / len(answered):.2%}")
    print()
    Console().print(table)
    for number, what in (
        (len(answers) - len(answered), "not answered (unreadable or silent; empty cells in the table)"),
        (sum(answer.cut for answer in answers), "longer than --max_width, and cut there"),
        (sum(answer.resampled_from_hz is not None for answer in answers), "resampled to the model's rate"),
    ):
        if number:
            print(f"{number} of {len(answers)} files {what}")


if __name__ == "__main__":
    sys.exit(main())
