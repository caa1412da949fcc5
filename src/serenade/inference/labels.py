"""Restricting predictions to some of the labels of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serenade.errors import ModelError
from serenade.labels import canonical


def chosen_labels(
    labels: Sequence[str], known: Sequence[str], *, file: Path | None = None
) -> tuple[str, ...]:
    """The labels that predictions are restricted to, in the order of the model.

    Args:
        labels: at least two, by name or in another spelling.
        known: the labels of the model.
        file: the model, for messages.

    Raises:
        ModelError: the model does not have such a label, a label is there twice, or there is only one.

    >>> chosen_labels(["neutral", "angry"], ["anger", "fear", "neutral"])
    ('anger', 'neutral')
    """
    if isinstance(labels, str):
        raise ModelError(f"takes a list of labels, not {labels!r:.80}", file=file)
    chosen = [label if label in known else canonical(label) for label in labels]
    for passed, label in zip(labels, chosen, strict=True):
        if label not in known:
            raise ModelError(f"has no label {passed!r:.80}; it has {', '.join(known)}", file=file)
    if len(set(chosen)) < max(2, len(chosen)):
        raise ModelError(
            f"is restricted to at least two different labels, not {', '.join(labels) or 'none'}; it has "
            f"{', '.join(known)}",
            file=file,
        )
    return tuple(label for label in known if label in chosen)
