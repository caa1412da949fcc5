"""The domain check: whether a recording is like those that a model was trained on.

A model is confident about sound of any kind. Its embeddings show when the sound is unlike its training data
(Lee et al. 2018, "A simple unified framework for detecting out-of-distribution samples"): the distance to the
nearest corpus, in the leading principal components, relative to the variance within the corpora. The distance
is an output of the exported graph; `serenade.training.domain` fits it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from serenade.schema import Range

if TYPE_CHECKING:  # the command line imports this module before it needs any array
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

LIMIT = 1.0
"""Above this distance a prediction is "unsure". Distances are relative to the limit."""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """How the domain check of a model was fitted; a part of its Spec.

    Attributes:
        components: principal components of the embeddings that are used.
        centres: corpora whose means are compared.
        share_inside: share of the clips of held-out speakers that are within the limit.
        clips: clips of held-out speakers that the limit was chosen on.
        speakers: speakers of these clips.
    """

    components: Annotated[int, Range(1, 10_000)]
    centres: Annotated[int, Range(1, 10_000)]
    share_inside: Annotated[float, Range(0, 1)]
    clips: Annotated[int, Range(1, 1_000_000_000)]
    speakers: Annotated[int, Range(1, 1_000_000_000)]


def softened(probabilities: ArrayLike, distance: float) -> NDArray[np.float64]:
    """Probabilities of less confidence for sound beyond the limit, by a temperature of the squared distance.

    Within the limit they stay the same. `benchmarks/domain.py` measures what this does to the calibration on
    other corpora.

    Args:
        probabilities: of one clip [shape=(labels,)].
        distance: relative to the limit.

    >>> softened([0.9, 0.1], 0.7).tolist(), softened([0.9, 0.1], 2.0).round(2).tolist()
    ([0.9, 0.1], [0.63, 0.37])
    """
    return _power(probabilities, 1 / max(distance, LIMIT) ** 2)


def sharpened(probabilities: ArrayLike, distance: float) -> NDArray[np.float64]:
    """The probabilities that `softened` was passed.

    >>> sharpened(softened([0.9, 0.1], 2.0), 2.0).round(6).tolist()
    [0.9, 0.1]
    """
    return _power(probabilities, max(distance, LIMIT) ** 2)


def _power(probabilities: ArrayLike, exponent: float) -> NDArray[np.float64]:
    import numpy as np

    values = np.asarray(probabilities, dtype=np.float64)
    if exponent == 1:
        return values
    raised = (values / values.max()) ** exponent
    return np.asarray(raised / raised.sum())
