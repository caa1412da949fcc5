"""The threshold of `unsure` for a stated precision."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from serenade.errors import ModelError


def threshold_of(thresholds: Mapping[str, float], precision: float, *, file: Path | None = None) -> float:
    """Return the threshold of the smallest precision in a table that is at least `precision`.

    Args:
        thresholds: by precision, as in `Spec.precision_thresholds`.
        precision: from 0.5 to 0.95.
        file: the model, for messages.

    Raises:
        ModelError: out of range, not reached, or an empty table.

    >>> threshold_of({"0.8": 0.4, "0.85": 0.55}, 0.82)
    0.55
    """
    if not 0.5 <= precision <= 0.95:
        raise ModelError(f"a precision is from 0.5 to 0.95, not {precision:g}", file=file)
    if not thresholds:
        raise ModelError(
            "has no thresholds for a precision; use a model trained by this version of serenade", file=file
        )
    # Steps are decimal, so that 0.8 is not above the step 0.8.
    reached = [(float(step), threshold) for step, threshold in thresholds.items()]
    found = [threshold for step, threshold in sorted(reached) if step >= precision - 1e-9]
    if not found:
        raise ModelError(
            f"reaches a precision of {max(reached)[0]:.0%} on held-out speakers, not {precision:.0%}",
            file=file,
        )
    return found[0]
