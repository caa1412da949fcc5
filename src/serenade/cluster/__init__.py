"""Prediction and features on many machines, with Ray (extra `cluster`)."""
