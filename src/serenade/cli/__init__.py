"""The command `serenade`: one module per command."""
