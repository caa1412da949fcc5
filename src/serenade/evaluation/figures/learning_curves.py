"""Loss, dev score and learning rate by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from serenade.evaluation.figures.style import Theme, canvas
from serenade.evaluation.metric import METRICS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Logs = Mapping[str, Sequence[Mapping[str, float]]]


def learning_curves(logs: Logs, *, theme: Theme, metric: str = "uar") -> Figure:
    """Draw the loss on train and dev, a dev score and the learning rate; several fold runs share the axes.

    Args:
        logs: lines of `log.jsonl` by the name of the fold run.
        theme: colours.
        metric: name of the metric whose dev score is drawn.
    """
    from matplotlib.ticker import MaxNLocator

    dev_score = f"dev_{metric}"
    with canvas(theme, height_in=6.2, heights=(2.4, 2.4, 1)) as (figure, panels):
        loss, score, rate = panels
        alpha = 1.0 if len(logs) == 1 else max(0.25, 1 / len(logs) ** 0.5)
        for number, lines in enumerate(logs.values()):
            epochs = [line["epoch"] for line in lines]
            for axes, key, colour, label in (
                (loss, "train_loss", theme.faint, "train"),
                (loss, "dev_loss", theme.accent, "dev"),
                (score, dev_score, theme.accent, "dev"),
                (rate, "lr", theme.faint, "learning rate"),
            ):
                factor = 100 if key == dev_score else 1
                values = [factor * line[key] for line in lines if key in line]
                if len(values) != len(epochs):
                    continue
                style = "o-" if len(epochs) == 1 else "-"  # a line needs two epochs
                label = label if number == 0 else "_"
                axes.plot(epochs, values, style, color=colour, alpha=alpha, label=label)
        loss.set_title("loss (lower is better)")
        for handle in loss.legend(loc="upper right").get_lines():
            handle.set_alpha(1)
        score.set_title(f"{METRICS[metric].title} on dev, in %{_best(logs, dev_score)}")
        rate.set_title("learning rate")
        rate.set(xlabel="epoch", ylim=(0, None))
        rate.yaxis.set_major_formatter("{x:.2g}")
        last = max(line["epoch"] for lines in logs.values() for line in lines)
        for axes in panels:
            axes.grid(axis="y")
            axes.set_xlim(0.5, last + 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        return figure


def _best(logs: Logs, key: str) -> str:
    """The best epoch, for a single fold run."""
    lines = [line for log in logs.values() for line in log if key in line]
    if len(logs) > 1 or not lines:
        return ""
    best = max(lines, key=lambda line: line[key])
    return f" (best: {100 * best[key]:.1f} in epoch {best['epoch']:.0f})"
