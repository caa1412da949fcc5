"""Ask a model: files and arrays in, answers out. onnxruntime and numpy only."""
