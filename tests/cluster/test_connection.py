"""What is wrong with a cluster is one sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'serenade[cluster]'")

from serenade.cli.main import run
from serenade.cluster.connection import connected
from serenade.errors import ClusterError, MissingExtra


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def _not_connected(monkeypatch):
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)


@pytest.mark.usefixtures("_not_connected")
@pytest.mark.parametrize("address", ["ray://127.0.0.1:{}", "127.0.0.1:{}", "ray://[::1]:{}"])
def test_an_unreachable_cluster(address, free_port):
    with (
        pytest.raises(ClusterError, match="there is no Ray cluster at"),
        connected(address.format(free_port)),
    ):
        pass


@pytest.mark.usefixtures("_not_connected")
@pytest.mark.parametrize("address", ["nonsense", "http//x", "host:", ":1", ""])
def test_what_is_no_address(address):
    with pytest.raises(ClusterError, match="is not the address of a Ray cluster"), connected(address):
        pass


def test_auto_without_a_cluster(voices, model_file, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    command = [sys.executable, "-m", "serenade", "predict", str(voices[0]), "--model", str(model_file)]
    done = subprocess.run(
        [*command, "--cluster", "auto", "--out", str(tmp_path / "out")],
        env=environment | {"RAY_TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot connect to the Ray cluster 'auto'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("library", ["ray", "pyarrow", "fsspec"])
def test_a_missing_library(library, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra), connected("local"):
        pass
    assert run(["predict", str(tmp_path), "--cluster", "local", "--out", "out"]) == 1
    assert f"needs {library}; install it with: pip install 'serenade[cluster]'" in capsys.readouterr().err
