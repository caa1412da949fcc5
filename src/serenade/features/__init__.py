"""Floor 1: a corpus table becomes arrays on disk, read through one memory map."""
