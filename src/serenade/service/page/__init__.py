"""The page of the service: TypeScript in `source/`, built by esbuild into `built/`."""

from __future__ import annotations

from pathlib import Path

BUILT = Path(__file__).parent / "built"
"""The files that a browser loads."""
