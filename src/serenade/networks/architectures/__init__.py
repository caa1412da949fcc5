"""Networks, one module each; every module registers its own."""
