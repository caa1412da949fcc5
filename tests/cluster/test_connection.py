"""What is wrong with a cluster is one sentence."""

from __future__ import annotations

import socket
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


@pytest.mark.usefixtures("_not_connected")
@pytest.mark.parametrize("address", ["127.0.0.1:{}", "nonsense"])
def test_no_folder_is_made_without_a_cluster(address, free_port, voices, model_file, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--model", str(model_file), "--cluster", address.format(free_port), "--out", str(out)]
    assert run(["predict", str(voices[0]), *options]) == 1
    assert "Ray cluster" in capsys.readouterr().err
    (tmp_path / "list.csv").write_text(f"file,emotion\n{voices[0]},anger\n")
    assert run(["prepare", str(tmp_path / "list.csv"), *options[2:]]) == 1
    assert "Ray cluster" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.usefixtures("_not_connected")
def test_a_refused_connection_names_the_token(monkeypatch):
    """Ray's client reports a refused token only as a timeout, after half a minute."""
    import ray

    def refuse(**_: object) -> None:
        raise ConnectionError("ray client connection timeout")

    monkeypatch.setattr(ray, "init", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"ray://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError) as caught, connected(address):
            pass
    assert str(caught.value) == (
        f"cannot connect to the Ray cluster {address!r} (ray client connection timeout); if the cluster has "
        "a token, this machine needs the same one, and RAY_AUTH_MODE=token; start one with "
        "`ray start --head`, or use --cluster local for this machine"
    )


@pytest.mark.parametrize("library", ["ray", "pyarrow", "fsspec"])
def test_a_missing_library(library, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra), connected("local"):
        pass
    assert run(["predict", str(tmp_path), "--cluster", "local", "--out", "out"]) == 1
    assert f"needs {library}; install it with: pip install 'serenade[cluster]'" in capsys.readouterr().err
