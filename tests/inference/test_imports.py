from __future__ import annotations

import pkgutil
import subprocess
import sys

import serenade.inference

HEAVY = ("torch", "pandas", "scipy", "sklearn", "matplotlib", "librosa", "onnx", "rich", "typer")
MODULES = [
    f"serenade.inference.{module.name}" for module in pkgutil.iter_modules(serenade.inference.__path__)
]


def test_the_whole_room_imports_without_the_heavy_libraries():
    code = f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r})); import {', '.join(MODULES)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
