"""Curves of a run, as a picture and for TensorBoard."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from serenade.evaluation import figures
from serenade.evaluation.style import PAPER, save_png
from serenade.training.loop import EpochLog


def write_curves(lines: list[EpochLog], folder: Path, *, score: str) -> None:
    """Write `curves.png`, and TensorBoard's events into `tensorboard/` where it is installed.

    Args:
        lines: of the log.
        folder: of the run.
        score: what is drawn of the dev part, see `serenade.evaluation.figures.curves`.
    """
    save_png(figures.curves({folder.name: lines}, theme=PAPER, score=score), folder / "curves.png")
    if find_spec("tensorboard") is None:
        return
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / "tensorboard")) as writer:
        for line in lines:
            for name, value in line.items():
                if name not in ("epoch", "step"):
                    writer.add_scalar(name, value, int(line["epoch"]))
