"""Standard output and error as they should be for every command."""

from __future__ import annotations

import io
import sys


def never_fail_on_a_character() -> None:
    """Write what the encoding of a terminal or pipe lacks as an escape, instead of ending with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
