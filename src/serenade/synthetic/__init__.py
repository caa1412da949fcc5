"""Synthetic speech and synthetic corpora, for the demo, the tests and the benchmarks."""
