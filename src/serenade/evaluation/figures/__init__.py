"""The figures of an evaluation, each a function from plain numbers to a matplotlib `Figure`.

`serenade.evaluation.figures.style` saves a figure as PNG or SVG.
"""

from serenade.evaluation.figures.class_scores import class_scores
from serenade.evaluation.figures.comparison import comparison
from serenade.evaluation.figures.confusion_matrix import confusion_matrix
from serenade.evaluation.figures.learning_curves import learning_curves
from serenade.evaluation.figures.reliability import reliability
from serenade.evaluation.figures.risk_coverage import risk_coverage
from serenade.evaluation.figures.robustness import robustness
from serenade.evaluation.figures.speaker_scores import speaker_scores
from serenade.evaluation.figures.spectrogram import spectrogram

__all__ = [
    "class_scores",
    "comparison",
    "confusion_matrix",
    "learning_curves",
    "reliability",
    "risk_coverage",
    "robustness",
    "speaker_scores",
    "spectrogram",
]
