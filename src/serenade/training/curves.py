"""The curves of a fold run, as a figure and for TensorBoard."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from serenade.evaluation import figures
from serenade.evaluation.figures.style import PAPER, save_png
from serenade.folders import EpochLog, RunFolder


def write_curves(lines: Sequence[EpochLog], folder: RunFolder, *, score: str) -> None:
    """Write `curves.png`, and TensorBoard's events where TensorBoard is installed.

    Args:
        lines: figures of every epoch.
        folder: of the fold run.
        score: name of the metric whose dev values are plotted.
    """
    figure = figures.learning_curves({folder.path.name: list(lines)}, theme=PAPER, metric=score)
    save_png(figure, folder.curves)
    if find_spec("tensorboard") is None:
        return
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder.tensorboard)) as writer:
        for line in lines:
            for name, value in line.items():
                if name not in ("epoch", "step"):
                    writer.add_scalar(name, value, int(line["epoch"]))
