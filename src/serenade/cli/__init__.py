"""The command `serenade`: a file a verb, arguments in, calls out."""
