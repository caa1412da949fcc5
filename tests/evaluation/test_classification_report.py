"""The text table, letter for letter as scikit-learn prints it."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import classification_report as golden

from serenade.evaluation.classification_report import classification_report
from serenade.evaluation.metrics import score

LABELS = ("anger", "a_label_longer_than_weighted_avg", "fear", "neutral")


@given(
    st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=40),
    st.sampled_from([2, 4]),
)
@settings(deadline=None, max_examples=25)
def test_is_that_of_scikit_learn(answers: list[tuple[str, str]], digits: int) -> None:
    true, predicted = [a for a, _ in answers], [b for _, b in answers]
    assume(any(a == b for a, b in answers))  # with no hit at all, scikit-learn prints counts as 1.0
    expected = golden(true, predicted, digits=digits, zero_division=0)
    assert classification_report(score(true, predicted, sorted(LABELS)), digits=digits) == expected
