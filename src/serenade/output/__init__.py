"""Predictions written as tables, captions, annotations and figures."""
