"""Predictions and truth to numbers, figures and a page that says what they mean."""
