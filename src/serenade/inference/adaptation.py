"""Fitting a speaker adaptation, and using it while clips of a speaker arrive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from serenade.adaptation import MAX_LABELS, Adaptation, Speaker
from serenade.adaptation.mixture import Floats
from serenade.adaptation.speaker import centred
from serenade.errors import ModelError

__all__ = [
    "MIN_SPEAKERS",
    "Adaptation",
    "Speaker",
    "SpeakerState",
    "adapted_probabilities",
    "fit_adaptation",
    "logits_of",
]

MIN_SPEAKERS = 5
"""With fewer speakers `serenade train` fits none: they say too little about how speakers differ."""

SHRINKAGE = 0.5
"""Share of the covariance that is replaced by equal variance in all directions."""

_TEMPERATURES = np.geomspace(0.05, 20, 400)
_LEAST_PROBABILITY = 1e-6


def fit_adaptation(
    logits: ArrayLike, labels: ArrayLike, speakers: ArrayLike, *, temperature: float | None = None
) -> Adaptation:
    """Fit an adaptation to the logits of clips that the model was not trained on.

    The mean of a class is the mean over speakers of their own means. The covariance is that of the clips less
    the mean of their class and the offset of their speaker (the mean over classes of his difference to the
    means), shrunk halfway towards equal variance. Both temperatures have the highest likelihood, that of the
    posterior when each of these speakers is enrolled by all of their clips.

    Args:
        logits: [shape=(n, K)], of clips of speakers that the model was not trained on.
        labels: index of the true class [shape=(n,)].
        speakers: name of the speaker [shape=(n,)].
        temperature: divides the logits before the softmax; None for the one of highest likelihood.

    Raises:
        ModelError: fewer than 2 speakers, a class without clips, too many classes, or logits that are not
            finite.

    >>> rng = np.random.default_rng(0)
    >>> labels, speakers = np.arange(120) % 3, np.arange(120) // 20
    >>> offsets = rng.normal(size=(6, 3))
    >>> logits = 4 * np.eye(3)[labels] + offsets[speakers] + 0.1 * rng.normal(size=(120, 3))
    >>> adaptation = fit_adaptation(logits, labels, speakers)
    >>> adaptation.speakers, adaptation.clips
    (6, 120)
    """
    z, true, names = np.asarray(logits, dtype=np.float64), np.asarray(labels), np.asarray(speakers)
    if z.ndim != 2 or true.shape != z.shape[:1] or names.shape != true.shape or not np.isfinite(z).all():
        raise ModelError(
            "an adaptation is fitted to finite logits (clips, classes), and a label and a speaker for each "
            f"clip; got {z.shape}, {true.shape}, {names.shape}"
        )
    classes, found = z.shape[1], np.unique(names)
    if not 2 <= classes <= MAX_LABELS:
        raise ModelError(f"an adaptation is possible for 2 to {MAX_LABELS} labels, not {classes}")
    if len(found) < 2:
        raise ModelError(f"an adaptation needs several speakers, and there are {len(found)}")
    if sorted(set(true.tolist())) != list(range(classes)):
        raise ModelError("an adaptation needs clips of every class")
    z = z - z.mean(1, keepdims=True)
    of_speaker = {name: names == name for name in found}
    own = {
        name: {int(c): z[mask & (true == c)].mean(0) for c in np.unique(true[mask])}
        for name, mask in of_speaker.items()
    }
    means = np.stack([np.mean([row[c] for row in own.values() if c in row], axis=0) for c in range(classes)])
    residuals, offsets = np.empty_like(z), []
    for name, mask in of_speaker.items():
        offset = np.mean([row - means[c] for c, row in own[name].items()], axis=0)
        residuals[mask] = z[mask] - means[true[mask]] - offset
        # The mean over few clips differs from zero by chance, too.
        counts = np.bincount(true[mask], minlength=classes)
        variances = [z[mask & (true == c)].var(0).sum() / counts[c] for c in own[name]]
        offsets.append(float((offset**2).sum() - np.sum(variances) / len(variances) ** 2))
    covariance = residuals.T @ residuals / len(z)
    equal = max(float(np.trace(covariance)), 1e-6) / classes * np.eye(classes)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * equal
    spread = np.mean([z[mask].var(0).sum() for mask in of_speaker.values()])
    fitted = Adaptation(
        means=_rounded(means),
        covariance=_rounded((covariance + covariance.T) / 2),
        spread=max(float(spread), 1e-6),
        offsets=max(float(np.sum(offsets)) / (len(found) - 1), 0.0),
        temperature=_temperature(z, true) if temperature is None else temperature,
        speakers=len(found),
        clips=len(z),
    )
    enrolled = [(mask, fitted.enrol(z[mask])) for mask in of_speaker.values()]
    if not any(speaker.weight for _, speaker in enrolled):
        return fitted
    densities = [speaker.densities(z[mask]) for mask, speaker in enrolled if speaker.weight]
    targets = [true[mask] for mask, speaker in enrolled if speaker.weight]
    return replace(
        fitted, posterior_temperature=_temperature(np.concatenate(densities), np.concatenate(targets))
    )


def logits_of(probabilities: ArrayLike) -> Floats:
    """Logits whose softmax are these probabilities; at least 1e-6 each, so that they are finite.

    >>> logits_of([[0.5, 0.5], [1.0, 0.0]]).round(1).tolist()
    [[-0.7, -0.7], [0.0, -13.8]]
    """
    logits: Floats = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _LEAST_PROBABILITY))
    return logits


def adapted_probabilities(probabilities: ArrayLike, speaker: Speaker) -> Floats:
    """Calibrated probabilities of a model, corrected for a speaker [shape=(n, K)]; the same with no trust."""
    found = np.asarray(probabilities, dtype=np.float64)
    return speaker.probabilities(logits_of(found)) if speaker.trust else found


class SpeakerState:
    """The clips of one speaker so far, for streams and long recordings.

    After the same clips it gives the same probabilities as `Adaptation.enrol`. Memory: K numbers per clip.

    Args:
        adaptation: of the model.

    >>> adaptation = Adaptation(
    ...     means=((2.0, -2.0), (-2.0, 2.0)), covariance=((1.0, 0.0), (0.0, 1.0)), spread=8.0, offsets=4.0
    ... )
    >>> state = SpeakerState(adaptation)
    >>> for logits in ([6.0, -6.0], [2.0, -2.0], [5.6, -5.6], [1.6, -1.6], [6.2, -6.2]):
    ...     state.add(logits)
    >>> state.speaker.clips, round(state.speaker.trust, 2)
    (5, 0.3)
    >>> state.probabilities([[1.0, -1.0]]).argmax(1).tolist()
    [1]
    """

    def __init__(self, adaptation: Adaptation) -> None:
        self._adaptation = adaptation
        self._rows: list[Floats] = []
        self._speaker: Speaker | None = None

    def add(self, logits: ArrayLike) -> None:
        """Add a clip.

        Args:
            logits: [shape=(K,)].

        Raises:
            ModelError: another shape, or values that are not finite.
        """
        (row,) = centred(np.asarray(logits)[None], classes=len(self._adaptation.means))
        self._rows.append(row)
        self._speaker = None

    @property
    def speaker(self) -> Speaker:
        """What the clips so far say about the speaker."""
        if self._speaker is None:
            rows = np.reshape(self._rows, (-1, len(self._adaptation.means)))
            self._speaker = self._adaptation.enrol(rows)
        return self._speaker

    def probabilities(self, logits: ArrayLike) -> Floats:
        """Corrected probabilities of clips of the speaker [shape=(n, K)], by the clips so far."""
        return self.speaker.probabilities(logits)


def _temperature(z: Floats, true: ArrayLike) -> float:
    """The temperature of highest likelihood, of those that are tried."""
    below = z - z[np.arange(len(z)), np.asarray(true)][:, None]

    def loss(temperature: float) -> float:
        scaled = below / temperature
        top = scaled.max(1)
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(1))).mean())

    return float(min(_TEMPERATURES, key=loss))


def _rounded(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    """Rows with six digits, as they are saved."""
    return tuple(tuple(float(f"{value:.6g}") for value in row) for row in matrix)
