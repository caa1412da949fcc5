"""Prediction with a trained model: recordings, arrays and texts in. Needs onnxruntime and NumPy only."""
