"""Chunks on the workers of a cluster: each result once, whatever ends."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'serenade[cluster]'")

from serenade.cluster import tasks
from serenade.cluster.tasks import map_chunks
from serenade.errors import ClusterError

pytestmark = pytest.mark.xdist_group("ray")  # one cluster for all of them


def test_an_item_that_ends_its_worker_costs_only_itself(cluster, monkeypatch):
    monkeypatch.setattr(tasks, "RETRIES", 0)

    def double(items, offset):
        import os

        if 5 in items:
            os._exit(1)
        return [2 * item + offset for item in items]

    results = dict(map_chunks(double, {"a": [1, 2], "b": [4, 5, 6]}, 100, gave_up=lambda item: -item))
    assert results == {"a": [102, 104], "b": [108, -5, 112]}


def test_a_chunk_on_a_killed_node_is_made_again(cluster, tmp_path):
    node = cluster.add_node()
    killed_id = node.node_id

    def wait(items, folder, killed_id):
        import time
        from pathlib import Path
        from uuid import uuid4

        import ray

        is_there = ray.get_runtime_context().get_node_id() == killed_id
        (Path(folder) / f"{items[0]}-{uuid4().hex}-{'killed' if is_there else 'kept'}").touch()
        if is_there:
            time.sleep(600)
        until = time.monotonic() + 120  # the others do not end before a chunk runs on the node
        while not list(Path(folder).glob("*-killed")) and time.monotonic() < until:
            time.sleep(0.05)
        return items

    def kill_when_it_works():
        while not list(tmp_path.glob("*-killed")):
            time.sleep(0.05)
        cluster.kill(node)

    killer = Thread(target=kill_when_it_works, daemon=True)
    killer.start()
    chunks = {name: [name] for name in "abcdefgh"}
    results = list(map_chunks(wait, chunks, str(tmp_path), killed_id, gave_up=lambda item: None))
    killer.join(1)
    lost = {file.name[0] for file in tmp_path.glob("*-killed")}
    assert lost, "no chunk ran on the killed node"
    assert sorted(results) == [(name, [name]) for name in "abcdefgh"]
    for name in lost:
        assert len(list(tmp_path.glob(f"{name}-*-kept"))) == 1


def test_an_error_of_the_function_is_its_sentence(cluster):
    def fail(items):
        raise ClusterError("is not on every node", file=Path("x.wav"))

    with pytest.raises(ClusterError, match=r"^x\.wav: is not on every node$"):
        list(map_chunks(fail, {"a": [1]}, gave_up=str))
