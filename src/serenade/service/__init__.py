"""The HTTP service of `serenade serve`, and its page."""
