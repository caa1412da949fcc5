from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import serenade.cli

SHOW = """
from serenade.cli.progress import progress_bar
with progress_bar("predict", unit="recordings") as bar:
    bar.update(total=3)
    bar.update(advance=1, note="\\x1b[31mred\\n.wav")
    print("a row")
    bar.update(done=3, total=3)
    print(bar.is_shown)
"""


def show(*, stderr):
    return subprocess.run([sys.executable, "-c", SHOW], stdout=subprocess.PIPE, stderr=stderr, text=True)


def test_nothing_is_shown_where_stderr_is_no_terminal():
    done = show(stderr=subprocess.PIPE)
    assert (done.stdout, done.stderr, done.returncode) == ("a row\nFalse\n", "", 0)


def test_a_terminal_shows_the_count_and_a_note_that_is_printable():
    terminal, its_end = pty.openpty()
    try:
        done = show(stderr=its_end)
        shown = os.read(terminal, 100_000).decode()
    finally:
        os.close(terminal)
        os.close(its_end)
    assert done.stdout == "a row\nTrue\n"
    assert re.search(r"3/3 recordings", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown))
    assert "\x1b[31mred" not in shown


def test_there_is_one_progress_bar():
    modules = Path(serenade.cli.__file__).parents[1].rglob("*.py")
    assert [file.name for file in modules if "rich.progress" in file.read_text()] == ["progress.py"]
