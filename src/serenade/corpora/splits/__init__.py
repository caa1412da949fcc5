"""One split per module; every module registers its own."""
