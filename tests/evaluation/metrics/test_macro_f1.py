"""Macro F1."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sklearn.metrics import f1_score

from serenade.evaluation.metrics.macro_f1 import macro_f1


def test_is_that_of_scikit_learn(assert_equals: Callable[..., None]) -> None:
    assert_equals(macro_f1, partial(f1_score, average="macro", zero_division=0))
