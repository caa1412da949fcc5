"""Output formats, one per module; a module here that adds to `FORMATS` is all that a new format needs."""
