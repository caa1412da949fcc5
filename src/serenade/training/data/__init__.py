"""From a store to the batches that a network is trained on."""
