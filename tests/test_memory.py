from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes
from serenade import memory

def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) // 1024

def use():
    kept = [bytearray(100_000) for _ in range(600)]
    return kept[-1][:10]  # the last block keeps the heap from shrinking by itself

before = resident()
kept = use()
more = bytearray(50_000)
memory.release()
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_free_memory_is_given_back():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 20


def test_a_model_that_is_loaded_keeps_little():
    """The bundled model, 18 MB: with what loading needs for a moment it would be 260 MB more."""
    if not sys.platform.startswith("linux"):
        pytest.skip("/proc is Linux's")
    script = SCRIPT.split("def use")[0] + (
        "import serenade.inference.load, onnxruntime, soxr\n"
        "before = resident()\nmodel = serenade.inference.load.load_model()\nprint(resident() - before)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(ran.stdout.split()[-1]) < 150


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_freed_memory_is_kept_in_the_block_and_given_back_after_it():
    script = SCRIPT.split("def use")[0] + (
        "def cycle():\n    block = bytearray(50 * 2**20)\n"
        "with memory.fast_reuse():\n    cycle()\n    kept = resident() - before\n"
        "print(kept, resident() - before)"
    )
    script = script.replace("before = resident()", "").replace("def cycle", "before = resident()\ndef cycle")
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    kept, after = map(int, ran.stdout.split())
    assert kept >= 45
    assert after < 10
