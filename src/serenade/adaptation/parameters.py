"""What a model knows of its training speakers, and the correction for another speaker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from serenade.adaptation.mixture import Floats, log_densities, softmax
from serenade.adaptation.speaker import Speaker, centred
from serenade.adaptation.trust import EM_SPREAD, Training, trust
from serenade.errors import ModelError
from serenade.schema import Length, Range, SchemaError, build, check_fields

MAX_LABELS = 32
"""A model with more labels has no adaptation: the covariance would be larger than many networks."""

PRIOR_CLIPS = 20.0
"""Weight of the training speakers' mean of a class, in clips."""

EM_ROUNDS = 10

Value = Annotated[float, Range(-1e4, 1e4)]
Matrix = Annotated[tuple[Annotated[tuple[Value, ...], Length(2, MAX_LABELS)], ...], Length(2, MAX_LABELS)]


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """What is known of the training speakers' logits, and how those of another speaker are corrected by it.

    All in the units of logits less their mean over the classes, for K classes.

    Attributes:
        means: mean logits of each class, mean over training speakers [shape=(K, K)].
        covariance: of the logits of one speaker and class [shape=(K, K)].
        spread: variance of all clips of a training speaker, summed over the logits, mean over speakers.
        offsets: variance of the offsets of training speakers, summed over the logits.
        temperature: the logits are divided by it before the softmax.
        posterior_temperature: the log densities of the classes of a speaker are divided by it.
        speakers: number of training speakers that it was fitted on.
        clips: number of their clips.

    Raises:
        ModelError: a value is of the wrong type or shape, out of range, or the covariance is not one.

    >>> adaptation = Adaptation(
    ...     means=((2.0, -2.0), (-2.0, 2.0)), covariance=((1.0, 0.0), (0.0, 1.0)), spread=8.0, offsets=4.0
    ... )
    >>> logits = np.array([[6.0, -6.0], [2.0, -2.0], [5.6, -5.6], [1.6, -1.6], [6.2, -6.2], [1.8, -1.8]])
    >>> softmax(logits).argmax(1).tolist()
    [0, 0, 0, 0, 0, 0]
    >>> adaptation.apply(logits).argmax(1).tolist()
    [0, 1, 0, 1, 0, 1]
    >>> round(adaptation.enrol(logits).trust, 2), adaptation.enrol(logits[:2]).trust
    (0.5, 0.0)
    """

    means: Matrix
    covariance: Matrix
    spread: Annotated[float, Range(1e-6, 1e6)]
    offsets: Annotated[float, Range(0, 1e6)]
    temperature: Annotated[float, Range(1e-3, 1e3)] = 1.0
    posterior_temperature: Annotated[float, Range(1e-3, 1e3)] = 1.0
    speakers: Annotated[int, Range(0, 1e9)] = 0
    clips: Annotated[int, Range(0, 1e12)] = 0

    def __post_init__(self) -> None:
        try:
            check_fields(self)
        except SchemaError as cause:
            raise ModelError(f"adaptation: {cause}") from None
        for name in ("means", "covariance"):
            rows = getattr(self, name)
            if {len(self.means)} != {len(rows), *map(len, rows)}:
                raise ModelError("adaptation: 'means' and 'covariance' must be square, of the same size")
        covariance = np.asarray(self.covariance)
        values = np.linalg.eigvalsh(covariance)
        if not np.allclose(covariance, covariance.T) or values[0] <= 1e-6 * values[-1]:
            raise ModelError("adaptation: 'covariance' must be symmetric and positive definite")

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Adaptation:
        """Read the form that `to_dict` returns.

        Raises:
            ModelError: a key is missing or unknown, of the wrong type or out of range.
        """
        try:
            return build(cls, content)
        except SchemaError as cause:
            raise ModelError(f"adaptation: {cause}") from None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)

    def apply(self, logits: ArrayLike) -> Floats:
        """Probabilities of the clips of one speaker, corrected by these clips.

        Args:
            logits: one row for each clip [shape=(n, K)]; n may be 0.

        Returns:
            Probabilities [shape=(n, K)]; `softmax(logits / temperature)` if the clips are too few or too
            similar.

        Raises:
            ModelError: another shape, or values that are not finite.
        """
        return self.enrol(logits).probabilities(logits)

    def enrol(self, logits: ArrayLike) -> Speaker:
        """Estimate how a speaker differs from the training speakers; the order of the clips has no effect.

        With the clips' logits z_i, the trust t (see `serenade.adaptation.trust`) and the mean m of the
        classes' means, the offset is t (mean z_i - m). Then the class means of the speaker are fitted by EM
        to z_i - offset with the training covariance, equal shares, and the training means as a prior of 20
        clips each (maximum a posteriori adaptation, Gauvain and Lee 1994).

        Args:
            logits: one row for each clip [shape=(n, K)]; n may be 0.

        Raises:
            ModelError: another shape, or values that are not finite.
        """
        z = centred(logits, classes=len(self.means))
        z = z[np.lexsort(z.T)]  # sums are then the same to the last bit in any order of clips
        prior, precision = np.asarray(self.means), self._precision
        training = Training(
            means=prior,
            precision=precision,
            within=float(np.trace(self.covariance)),
            spread=self.spread,
            offsets=self.offsets,
        )
        amount, weight = trust(z, training), trust(z, training, bounds=EM_SPREAD)
        offset = amount * (z.mean(0) - prior.mean(0)) if amount else np.zeros(len(prior))
        means = prior
        for _ in range(EM_ROUNDS if weight else 0):
            shares = softmax(log_densities(z - offset, means, precision))
            sums = PRIOR_CLIPS * prior + shares.T @ (z - offset)
            means = sums / (PRIOR_CLIPS + shares.sum(0)[:, None])
        return Speaker(
            clips=len(z),
            trust=amount,
            weight=weight,
            offset=offset,
            means=means,
            precision=precision,
            temperature=self.temperature,
            posterior_temperature=self.posterior_temperature,
        )

    @cached_property
    def _precision(self) -> Floats:
        inverse: Floats = np.linalg.inv(np.asarray(self.covariance))
        return inverse
