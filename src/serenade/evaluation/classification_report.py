"""The per-class table as text, in the layout that scikit-learn's `classification_report` made familiar."""

from __future__ import annotations

from serenade.evaluation.metrics import Scores

_HEADERS = ("precision", "recall", "f1-score", "support")


def classification_report(scores: Scores, *, digits: int = 4) -> str:
    """Precision, recall, F1 and support of each class that occurs, then accuracy and the two averages.

    >>> from serenade.evaluation.metrics import score
    >>> print(classification_report(score(["a", "b"], ["a", "a"], ["a", "b"]), digits=2))
                  precision    recall  f1-score   support
    <BLANKLINE>
               a       0.50      1.00      0.67         1
               b       0.00      0.00      0.00         1
    <BLANKLINE>
        accuracy                           0.50         2
       macro avg       0.25      0.50      0.33         2
    weighted avg       0.25      0.50      0.33         2
    <BLANKLINE>
    """
    said = dict(zip(scores.labels, scores.confusion.sum(0).tolist(), strict=True))
    rows = {
        label: (row.precision, row.recall, row.f1, row.support)
        for label, row in scores.per_class.items()
        if row.support or said[label]
    }
    width = max(len("weighted avg"), digits, *(len(label) for label in rows))

    def line(name: str, figures: tuple[float, ...], support: int) -> str:
        cells = " ".join(f"{value:>9.{digits}f}" for value in figures)
        return f"{name:>{width}s}  {cells} {support:>9}"

    lines = [f"{'':>{width}s}  " + " ".join(f"{header:>9}" for header in _HEADERS), ""]
    lines += [line(label, row[:3], row[3]) for label, row in rows.items()]
    lines += ["", f"{'accuracy':>{width}s}  {'':>9} {'':>9} {scores.accuracy:>9.{digits}f} {scores.n:>9}"]
    for name, weights in (
        ("macro avg", {label: 1.0 for label in rows}),
        ("weighted avg", {label: float(row[3]) for label, row in rows.items()}),
    ):
        whole = sum(weights.values())
        means = tuple(sum(rows[label][i] * weights[label] for label in rows) / whole for i in range(3))
        lines.append(line(name, means, scores.n))
    return "\n".join(lines) + "\n"
