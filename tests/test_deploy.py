"""The examples of deployment are valid."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[1] / "deploy"


def test_the_dockerfile():
    program = Path(sys.executable).with_name("hadolint")
    if not program.is_file():
        pytest.skip("no hadolint here")
    ran = subprocess.run([program, DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_systemd_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    unit = tmp_path / "serenade.service"
    content = (DEPLOY / "serenade.service").read_text()
    unit.write_text(content.replace("/opt/serenade/bin/serenade", "/bin/true"))
    ran = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
