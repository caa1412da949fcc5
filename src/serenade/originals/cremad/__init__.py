"""The CREMA-D scripts: spectrogram generator, trainer and tester."""
