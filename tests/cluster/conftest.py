"""One cluster of two nodes for all tests, and an S3 server on loopback."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "key-of-the-tests",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Beside other tests on two cores, a start can take longer than Ray waits for by default.
    "RAY_worker_niceness": "0",
    "RAY_raylet_start_wait_time_s": "180",
    "RAY_worker_register_timeout_seconds": "180",
}


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server on loopback, in the environment with its credentials."""
    server_of = pytest.importorskip("moto.server", reason="moto is not installed")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def cluster(s3: str) -> Iterator[SimpleNamespace]:
    """A Ray cluster of two nodes with a core each, to which this process is connected."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'serenade[cluster]'")
    from ray.cluster_utils import Cluster

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Below /tmp: the path of a socket has at most 107 characters.
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_TMPDIR", folder)
    patch.setenv("TMPDIR", folder)  # a killed worker leaves its temporary files
    nodes = Cluster(initialize_head=True, head_node_args={**node, "ray_client_server_port": port})
    try:
        nodes.add_node(**node)
        ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
        yield SimpleNamespace(
            address=nodes.address,
            client=f"ray://127.0.0.1:{port}",
            add_node=lambda: nodes.add_node(**node),
            kill=lambda killed: nodes.remove_node(killed, allow_graceful=False),
        )
    finally:
        ray.shutdown()
        try:
            nodes.shutdown()
        finally:
            patch.undo()
            shutil.rmtree(folder, ignore_errors=True)
