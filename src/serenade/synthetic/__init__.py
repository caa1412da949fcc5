"""Synthetic voices and corpora, for the demo and the tests."""
