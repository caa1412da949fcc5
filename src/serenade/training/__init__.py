"""Training: a recipe and a store become a run folder, on PyTorch and Lightning Fabric."""
