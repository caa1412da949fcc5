"""Predictions as files and tables: one format per module."""
