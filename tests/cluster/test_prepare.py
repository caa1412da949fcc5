"""The store that a cluster makes is the store of one process, byte for byte."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
import soundfile

pytest.importorskip("ray", reason="Ray is not installed: pip install 'serenade[cluster]'")

from serenade.audio.logmel import FrontEnd
from serenade.cli.main import run
from serenade.cluster.files import write_bytes
from serenade.cluster.prepare import prepare_on_cluster
from serenade.errors import ClusterError, StoreError
from serenade.features import chunks
from serenade.features.prepare import prepare
from serenade.features.store import Store

pytestmark = pytest.mark.xdist_group("ray")  # one cluster for all of them

SMALL = FrontEnd(n_mels=16, n_fft=512)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Eight clips of two speakers with a manifest; one is no sound, one is missing."""
    folder = tmp_path_factory.mktemp("corpus") / "calls"
    folder.mkdir()
    time_s = np.arange(8_000) / 16_000
    rows = ["file,emotion,speaker"]
    for number in range(8):
        sound = 0.3 * np.sin(2 * np.pi * (120 + 20 * number) * time_s)
        sound += 0.01 * np.random.default_rng(number).normal(size=time_s.size)
        soundfile.write(folder / f"{number}.wav", sound, 16_000)
        rows.append(f"{number}.wav,{('anger', 'neutral')[number % 2]},{number // 4}")
    (folder / "7.wav").write_text("no sound")
    (folder / "list.csv").write_text("\n".join([*rows, "gone.wav,anger,1\n"]))
    return folder


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "CLIPS_PER_CHUNK", 2)


def content(store: str | Path) -> list[bytes]:
    return [(Path(store) / name).read_bytes() for name in ("frames.npy", "index.csv")]


def test_the_store_is_that_of_one_process(cluster, corpus, tmp_path):
    options = {"front_end": SMALL, "augment": 2, "noisy": 1, "trim": True}
    one = prepare(corpus / "list.csv", tmp_path / "one", jobs=1, **options)
    several = prepare_on_cluster(
        [str(corpus / "list.csv")], str(tmp_path / "several"), cluster=cluster.address, **options
    )
    assert content(one.path) == content(several.path)
    about = [dict(store.about) for store in (one, several)]
    for content_of in about:
        del content_of["created"], content_of["files"]  # times
    assert about[0] == about[1]
    assert several.index["state"].value_counts().to_dict() == {"ok": 28, "unreadable": 1, "missing": 1}


def test_an_interrupted_run_continues(cluster, corpus, tmp_path):
    def stop(progress):
        if progress.done > progress.found:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_on_cluster(
            [str(corpus)], str(tmp_path / "out"), cluster=cluster.address, front_end=SMALL, progress=stop
        )
    with pytest.raises(StoreError):
        Store.open(tmp_path / "out")
    found = []
    prepare_on_cluster(
        [str(corpus)],
        str(tmp_path / "out"),
        cluster=cluster.address,
        front_end=SMALL,
        progress=lambda progress: found.append(progress.found_chunks),
    )
    assert set(found) == {1}
    one = prepare(corpus, tmp_path / "one", jobs=1, front_end=SMALL)
    assert content(tmp_path / "out") == content(one.path)


def test_a_killed_node_costs_nothing_but_time(cluster, corpus, tmp_path):
    node = cluster.add_node()
    killed = []

    def kill(progress):
        if progress.done and not killed:
            killed.append(node)
            cluster.kill(node)

    options = {"front_end": SMALL, "augment": 2}
    prepare_on_cluster(
        [str(corpus)], str(tmp_path / "out"), cluster=cluster.address, progress=kill, **options
    )
    assert killed
    assert content(tmp_path / "out") == content(prepare(corpus, tmp_path / "one", jobs=1, **options).path)


def test_recordings_in_a_bucket(cluster, s3, corpus, tmp_path, capsys):
    import boto3

    bucket = f"tests-{uuid4().hex[:12]}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    for file in corpus.iterdir():
        write_bytes(f"s3://{bucket}/data/calls/{file.name}", file.read_bytes())
    command = ["prepare", f"s3://{bucket}/data/calls/list.csv", "--noisy", "1"]
    assert run([*command, "--cluster", cluster.address, "--out", str(tmp_path / "out")]) == 0
    one = prepare(corpus / "list.csv", tmp_path / "one", jobs=1, noisy=1)
    out = Store.open(tmp_path / "out")
    assert content(out.path)[0] == content(one.path)[0]
    columns = [name for name in one.index.columns if name != "file"]
    assert out.index[columns].equals(one.index[columns])
    assert out.index["file"].tolist() == [
        f"s3://{bucket}/data/calls/{Path(file).name}" for file in one.index["file"]
    ]

    # Rows of a local manifest may be URLs.
    rows = (corpus / "list.csv").read_text().splitlines()
    listed = [rows[0], *(f"s3://{bucket}/data/calls/{row}" for row in rows[1:])]
    (tmp_path / "urls.csv").write_text("\n".join(listed))
    urls = prepare_on_cluster(
        [str(tmp_path / "urls.csv")], str(tmp_path / "urls"), cluster=cluster.address, noisy=1
    )
    assert urls.index["file"].tolist() == out.index["file"].tolist()
    originals = [store.index[store.index["variant"] == "original"] for store in (urls, out)]
    assert originals[0]["sha256"].tolist() == originals[1]["sha256"].tolist()


def test_what_a_cluster_cannot_do_is_one_sentence(cluster, s3, corpus, tmp_path):
    how = {"cluster": cluster.address}
    with pytest.raises(ClusterError, match="a store is a folder of this machine"):
        prepare_on_cluster([str(corpus)], "s3://bucket/store", **how)
    with pytest.raises(ClusterError, match="is no manifest; in an object store, list the recordings"):
        prepare_on_cluster(["s3://bucket/calls"], str(tmp_path / "out"), **how)
    with pytest.raises(ClusterError, match="there is no such file, folder or bucket"):
        prepare_on_cluster(["s3://no-such-bucket/list.csv"], str(tmp_path / "out"), **how)
