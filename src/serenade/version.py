"""The version of serenade."""

__version__ = "0.1.0"
