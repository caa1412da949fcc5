"""Augmentations of log-mels, one module each; every module here is registered by its import."""
