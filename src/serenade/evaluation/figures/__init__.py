"""The figures of an evaluation, each a function from plain numbers to a matplotlib `Figure`.

`serenade.evaluation.figures.style` saves a figure as PNG or SVG.
"""

from serenade.evaluation.figures.class_recalls import class_recalls
from serenade.evaluation.figures.class_scores import class_scores
from serenade.evaluation.figures.comparison import comparison
from serenade.evaluation.figures.confusion_matrix import confusion_matrix
from serenade.evaluation.figures.learning_curves import learning_curves
from serenade.evaluation.figures.reliability import reliability
from serenade.evaluation.figures.risk_coverage import risk_coverage
from serenade.evaluation.figures.robustness import robustness
from serenade.evaluation.figures.run_scores import run_scores
from serenade.evaluation.figures.speaker_curve import speaker_curve
from serenade.evaluation.figures.speaker_differences import speaker_differences
from serenade.evaluation.figures.speaker_scores import MAX_NAMES, speaker_scores
from serenade.evaluation.figures.spectrogram import spectrogram
from serenade.evaluation.figures.threshold_curves import draw_threshold_curves

__all__ = [
    "MAX_NAMES",
    "class_recalls",
    "class_scores",
    "comparison",
    "confusion_matrix",
    "draw_threshold_curves",
    "learning_curves",
    "reliability",
    "risk_coverage",
    "robustness",
    "run_scores",
    "speaker_curve",
    "speaker_differences",
    "speaker_scores",
    "spectrogram",
]
