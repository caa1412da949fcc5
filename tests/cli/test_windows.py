"""`import serenade`, predict and prepare use nothing that Windows lacks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WITHOUT = """
import os, signal, sys
for module in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[module] = None
for name in ("fchmod", "geteuid", "getuid", "mkfifo", "pathconf", "sched_getaffinity", "O_NOFOLLOW"):
    delattr(os, name)
for name in ("pthread_sigmask", "SIGHUP", "SIGKILL", "alarm", "setitimer"):
    delattr(signal, name)
"""


@pytest.fixture
def python(tmp_path):
    """Runs Python without what Windows lacks; workers, which are spawned, lack it too."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WITHOUT)
    path = os.pathsep.join([str(tmp_path / "site"), *sys.path])

    def run(*arguments):
        command = [sys.executable, *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": path}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    return run


def test_the_names_are_really_missing(python):
    done = python("-c", "import signal, os, fcntl")
    assert "import of fcntl halted" in done.stderr
    assert "no attribute 'pthread_sigmask'" in python("-c", "import signal; signal.pthread_sigmask").stderr


def test_import(python):
    done = python("-c", "import serenade; [getattr(serenade, name) for name in serenade.__all__]")
    assert done.returncode == 0, done.stderr


def test_predict(python, voices, model_file, tmp_path):
    command = ["-m", "serenade", "predict", *voices[:2], "-m", model_file, "-o", tmp_path / "out.csv"]
    for expected in ("2 recordings predicted", "2 of these by an earlier run"):
        done = python(*command)
        assert done.returncode == 0, done.stderr
        assert expected in done.stderr
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("jobs", [1, 2])
def test_prepare(python, corpus, front_end_file, tmp_path, jobs):
    store = tmp_path / "store"
    command = ["prepare", corpus, "--out", store, "--front-end", front_end_file, "--jobs", jobs]
    done = python("-m", "serenade", *command)
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in store.iterdir()) == ["frames.npy", "index.csv", "store.json"]
