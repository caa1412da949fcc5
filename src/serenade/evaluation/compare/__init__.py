"""Comparison of evaluated runs: scores, paired tests, and where the runs differ."""

from serenade.evaluation.compare.comparison import ComparedRun, Comparison, compare
from serenade.evaluation.compare.write import write_comparison

__all__ = ["ComparedRun", "Comparison", "compare", "write_comparison"]
