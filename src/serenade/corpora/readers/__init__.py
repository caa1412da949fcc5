"""One reader per corpus; every module registers its own."""
