"""The figures of an evaluation, each drawn from plain numbers in the style of `style.py`.

Each function returns a matplotlib `Figure`; `save_png` and `to_svg` put it where it is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from serenade.evaluation.metrics import NAMES
from serenade.evaluation.style import WIDTH_IN, Theme, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_FEW = 10


def scale(marks: Sequence[Mapping[str, Any]], *, theme: Theme, name: str = "UAR") -> Figure:
    """Where the model stands between a blind guess and a perfect score, one row a mark.

    Args:
        marks: `{"name", "value"}` with a value in 0–1, optional `"low"` and `"high"`, and `"model": True` for
            the row that stands out; listed from top to bottom.
        theme: colours.
        name: of the figure.
    """
    with canvas(theme, height_in=0.55 + 0.42 * len(marks)) as (figure, (axes,)):
        for row, mark in enumerate(marks):
            chosen = bool(mark.get("model"))
            colour = theme.accent if chosen else theme.faint
            value = 100 * mark["value"]
            right = 100 * (mark.get("high") or mark["value"])
            axes.plot([0, value], [row, row], color=colour, lw=7 if chosen else 4, solid_capstyle="butt")
            if mark.get("low") is not None:
                axes.plot([100 * mark["low"], right], [row, row], color=theme.ink, lw=1.6)
                for end in (100 * mark["low"], right):
                    axes.plot([end, end], [row - 0.16, row + 0.16], color=theme.ink, lw=1.6)
            weight = "bold" if chosen else "normal"
            axes.text(max(value, right) + 1.5, row, f"{value:.1f}", va="center", weight=weight)
        axes.set_yticks(range(len(marks)), [mark["name"] for mark in marks])
        axes.set(xlim=(0, 100), ylim=(len(marks) - 0.5, -0.5), xticks=range(0, 101, 20))
        axes.set_xlabel(f"{name} in %")
        _bare(axes, keep="bottom")
        axes.grid(axis="x")
        return figure


def confusion_matrix(confusion: ArrayLike, labels: Sequence[str], *, theme: Theme) -> Figure:
    """What was said (columns) for what was meant (rows): row percentages, counts beneath.

    Args:
        confusion: counts `[shape=(classes, classes)]`.
        labels: names of the classes.
        theme: colours.
    """
    counts = np.asarray(confusion)
    size = len(labels)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = WIDTH_IN / (size + 2)  # two cells' width for the names
    with canvas(theme, height_in=side * size * 0.86 + 1.2) as (figure, (axes,)):
        from matplotlib.patches import Rectangle

        for row in range(size):
            for column in range(size):
                share, count = shares[row, column], counts[row, column]
                axes.add_patch(
                    Rectangle(
                        (column + 0.03, row + 0.03),
                        0.94,
                        0.94,
                        facecolor=theme.cell,
                        alpha=float(0.06 + 0.94 * share**0.75),
                        linewidth=0,
                    )
                )
                middle = column + 0.5
                weight = "bold" if row == column else "normal"
                axes.text(
                    middle,
                    row + 0.42,
                    f"{100 * share:.0f} %",
                    ha="center",
                    va="center",
                    weight=weight,
                    size=9,
                )
                axes.text(
                    middle,
                    row + 0.74,
                    f"{count:,}",
                    ha="center",
                    va="center",
                    size=7,
                    color=theme.ink,
                    alpha=0.72,
                )
        axes.set(xlim=(0, size), ylim=(size, 0))
        axes.set_xticks(np.arange(size) + 0.5, labels, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(np.arange(size) + 0.5, labels)
        axes.set(xlabel="what the model said", ylabel="what was meant")
        _bare(axes)
        return figure


def per_class(
    classes: Mapping[str, Mapping[str, float]], *, theme: Theme, listeners: Mapping[str, float] | None = None
) -> Figure:
    """Recall and precision of each class as bars, with the listeners' recall as a mark where known.

    Args:
        classes: `{"precision", "recall", …}` by label.
        theme: colours.
        listeners: recall of human listeners by label, 0–1.
    """
    names = [name for name, scores in classes.items() if scores["support"]]
    with canvas(theme, height_in=0.9 + 0.46 * len(names)) as (figure, (axes,)):
        rows, heard = np.arange(len(names)), listeners or {}
        for offset, key, colour, label in (
            (-0.17, "recall", theme.accent, "found, of all that were meant (recall)"),
            (0.17, "precision", theme.faint, "right, of all that were said (precision)"),
        ):
            values = [100 * classes[name][key] for name in names]
            axes.barh(rows + offset, values, height=0.3, color=colour, label=label)
            for row, value in zip(rows, values, strict=True):
                # A figure makes way for the diamond of the listeners.
                beside = 100 * heard[names[row]] if names[row] in heard else -100.0
                start = beside + 2 if -2 < beside - value < 6 else value + 1
                axes.text(start, row + offset, f"{value:.0f}", va="center", size=8)
        if heard:
            points = [100 * heard.get(name, np.nan) for name in names]
            axes.plot(
                points, rows, "D", color=theme.second, ms=6, ls="none", label="found by listeners (recall)"
            )
        axes.set_yticks(rows, names)
        axes.set(xlim=(0, 104), ylim=(len(names) - 0.5, -0.5), xticks=range(0, 101, 20), xlabel="%")
        axes.grid(axis="x")
        _bare(axes, keep="bottom")
        figure.legend(loc="outside upper left", handlelength=1.1)
        return figure


def speakers(rows: Sequence[Mapping[str, Any]], *, theme: Theme, mean: float) -> Figure:
    """The UAR of each speaker as a dot, sorted, with the overall UAR as a line.

    Args:
        rows: `{"speaker", "uar", "n"}`.
        theme: colours.
        mean: overall UAR, 0–1.
    """
    ordered = sorted(rows, key=lambda row: float(row["uar"]))
    values = np.array([100 * row["uar"] for row in ordered])
    with canvas(theme, height_in=2.9) as (figure, (axes,)):
        places = np.arange(len(ordered))
        axes.axhline(
            100 * mean, color=theme.second, lw=1.4, zorder=2, label=f"all speakers: {100 * mean:.1f} %"
        )
        axes.vlines(places, 0, values, color=theme.rule, lw=1.2, zorder=1)
        axes.plot(
            places, values, "o", color=theme.accent, ms=max(3.0, min(8.0, 220 / len(ordered))), ls="none"
        )
        if len(ordered) <= 30:
            axes.set_xticks(places, [str(row["speaker"]) for row in ordered], rotation=90, size=8)
        else:
            axes.set_xticks([])
            axes.set_xlabel(f"{len(ordered)} speakers, from the hardest to the easiest")
        axes.set(ylim=(0, 100), xlim=(-0.7, len(ordered) - 0.3), ylabel="UAR in %")
        axes.grid(axis="y")
        figure.legend(loc="outside upper right")
        return figure


def reliability(bins: Mapping[str, Sequence[float | None]], *, theme: Theme) -> Figure:
    """Confidence against truth: dots on the diagonal mean what they say; bars show how many answers.

    Args:
        bins: `edges` `[shape=(bins + 1,)]`, `counts`, `confidence`, `accuracy` `[shape=(bins,)]`
            (None where empty), as in `metrics.json`.
        theme: colours.
    """
    edges, counts = np.array(bins["edges"]) * 100, np.array(bins["counts"])
    full = counts > 0
    sure = 100 * np.array(bins["confidence"], dtype=float)[full]
    right = 100 * np.array(bins["accuracy"], dtype=float)[full]
    with canvas(theme, height_in=5.6, heights=(3.4, 1)) as (figure, (top, bottom)):
        top.plot([0, 100], [0, 100], color=theme.faint, lw=1.2, ls=(0, (4, 3)), label="means what it says")
        many = counts[full] >= _FEW  # a handful of answers is shown, but leads no line astray
        top.plot(sure[many], right[many], "-", color=theme.accent, lw=1.4)
        sizes = 14 + 110 * counts[full] / counts.max()
        top.scatter(sure, right, s=sizes, color=theme.accent, label="the model", zorder=3, linewidth=0)
        top.set(xlim=(0, 100), ylim=(0, 100), ylabel="right in %")
        top.legend(loc="upper left")
        top.grid()
        bottom.bar(
            edges[:-1], counts, width=np.diff(edges) * 0.86, align="edge", color=theme.faint, linewidth=0
        )
        bottom.set(xlim=(0, 100), ylabel="answers", xlabel="confidence in %")
        return figure


def curves(logs: Mapping[str, Sequence[Mapping[str, float]]], *, theme: Theme, score: str = "uar") -> Figure:
    """Loss, a score on the dev part and learning rate by epoch; several runs are laid over each other.

    Args:
        logs: lines of `log.jsonl` by the name of the run.
        theme: colours.
        score: "uar", "weighted_f1" or "accuracy".
    """
    dev_score = f"dev_{score}"
    with canvas(theme, height_in=6.2, heights=(2.4, 2.4, 1)) as (figure, panels):
        loss, found, rate = panels
        from matplotlib.ticker import MaxNLocator

        alpha = 1.0 if len(logs) == 1 else max(0.25, 1 / len(logs) ** 0.5)
        for number, lines in enumerate(logs.values()):
            epochs = [line["epoch"] for line in lines]
            for axes, key, colour, label in (
                (loss, "train_loss", theme.faint, "on the training part"),
                (loss, "dev_loss", theme.accent, "on the dev part"),
                (found, dev_score, theme.accent, "on the dev part"),
                (rate, "lr", theme.faint, "learning rate"),
            ):
                factor = 100 if key == dev_score else 1
                values = [factor * line[key] for line in lines if key in line]
                if len(values) == len(epochs):
                    axes.plot(
                        epochs,
                        values,
                        "o-" if len(epochs) == 1 else "-",  # one epoch has no line
                        color=colour,
                        alpha=alpha,
                        label=None if number else label,
                    )
        loss.set_title("loss (lower is better)")
        for handle in loss.legend(loc="upper right").get_lines():
            handle.set_alpha(1)
        found.set_title(f"{NAMES[score]} on the dev part, in %{_best(logs, dev_score)}")
        rate.set_title("learning rate")
        rate.set(xlabel="epoch", ylim=(0, None))
        rate.yaxis.set_major_formatter("{x:.2g}")
        last = max(line["epoch"] for lines in logs.values() for line in lines)
        for axes in panels:
            axes.grid(axis="y")
            axes.set_xlim(0.5, last + 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        return figure


def log_mel(level_db: ArrayLike, *, hop_s: float | None, band_hz: ArrayLike, theme: Theme) -> Figure:
    """A log-mel spectrogram with time in seconds and frequency in Hz.

    Args:
        level_db: `[shape=(frames, mels)]` in dB, lowest mel first.
        hop_s: seconds from frame to frame; None counts frames instead.
        band_hz: centre frequency of each mel band in Hz `[shape=(mels,)]`.
        theme: colours.
    """
    levels, centres = np.asarray(level_db), np.asarray(band_hz)
    with canvas(theme, height_in=1.75, width_in=3.2) as (figure, (axes,)):
        top = float(levels.max())
        end = len(levels) * (hop_s or 1)
        axes.imshow(
            levels.T,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=max(float(levels.min()), top - 70),
            vmax=max(top, float(levels.min()) + 1e-3),
            extent=(0, end, 0, levels.shape[1]),
            interpolation="nearest",
        )
        ticks = [hz for hz in (500, 1000, 2000, 4000, 8000) if hz <= 1.03 * centres[-1]]
        places = np.interp(ticks, centres, np.arange(len(centres)) + 0.5)
        axes.set_yticks(places, [f"{hz:,}" for hz in ticks], size=8)
        axes.tick_params(axis="x", labelsize=8)
        axes.set_ylabel("Hz", size=8.5)
        axes.set_xlabel("s" if hop_s else "frames", size=8.5)
        _bare(axes)
        # A dozen of these are drawn for one page: margins known beforehand cost a fraction of fitted ones.
        figure.set_layout_engine("none")
        axes.set_position((0.19, 0.27, 0.77, 0.68))
        return figure


def _best(logs: Mapping[str, Sequence[Mapping[str, float]]], key: str) -> str:
    """The best epoch, where there is one run to say it of."""
    lines = [line for log in logs.values() for line in log if key in line]
    if len(logs) > 1 or not lines:
        return ""
    best = max(lines, key=lambda line: line[key])
    return f" (best: {100 * best[key]:.1f} in epoch {best['epoch']:.0f})"


def _bare(axes: Axes, *, keep: str = "") -> None:
    """No frame and no tick marks, but for the spine to keep."""
    axes.tick_params(length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == keep)
