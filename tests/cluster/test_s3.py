"""Recordings, manifests and results in an S3-compatible store."""

from __future__ import annotations

import io
import os
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'serenade[cluster]'")
pytest.importorskip("s3fs")

import pyarrow.parquet as pq

from serenade import load_model
from serenade.cli.main import run
from serenade.cluster.files import names_in, read_bytes, stamps_of, write_bytes
from serenade.cluster.recordings import recordings_of
from serenade.cluster.results import read_results
from serenade.cluster.rows import rows_of, table_of
from serenade.errors import ClusterError

pytestmark = pytest.mark.xdist_group("ray")  # one cluster for all of them


@pytest.fixture
def bucket(s3) -> str:
    """The URL of a new bucket."""
    import boto3

    name = f"tests-{uuid4().hex[:12]}"
    boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}"


@pytest.fixture
def without_credentials(s3, monkeypatch):
    """An environment without credentials, and no file system that remembers them."""
    import s3fs

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    s3fs.S3FileSystem.clear_instance_cache()
    yield
    s3fs.S3FileSystem.clear_instance_cache()


def test_recordings_manifest_and_results_in_a_bucket(cluster, bucket, voices, model_file, tmp_path, capfd):
    for voice in voices:
        write_bytes(f"{bucket}/calls/{voice.name}", voice.read_bytes())
    write_bytes(f"{bucket}/calls/bad.wav", b"no sound")
    names = [*(voice.name for voice in voices), "bad.wav", "gone.wav"]
    write_bytes(f"{bucket}/calls/list.csv", "\n".join(["file", *names]).encode())
    command = ["predict", f"{bucket}/calls/list.csv", "--model", str(model_file), "--chunk", "5"]
    to = ["--cluster", cluster.address, "--out", f"{bucket}/results/1"]
    assert run([*command, *to]) == 0
    printed = capfd.readouterr()
    assert "not predicted      2" in printed.out

    # The same rows as in one process, but for the paths.
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    local = [*voices, bad, tmp_path / "gone.wav"]
    model = load_model(model_file)
    urls = [f"{bucket}/calls/{name}" for name in names]
    rows = [
        row
        for url, result in zip(urls, model.predict_files(local), strict=True)
        for row in rows_of([result], file=url)
    ]
    expected = table_of(rows, labels=model.labels, model={}).to_pylist()
    assert read_results(f"{bucket}/results/1").to_pylist() == expected

    # Each chunk is one object, written once.
    written = names_in(f"{bucket}/results/1")
    assert len(written) == 4
    stamps = stamps_of([f"{bucket}/results/1/{name}" for name in sorted(written)])
    assert run([*command, *to]) == 0
    assert "by an earlier run  14" in capfd.readouterr().out
    chunks = [number for number, name in enumerate(sorted(written)) if name.endswith(".parquet")]
    again = stamps_of([f"{bucket}/results/1/{name}" for name in sorted(written)])
    assert [again[number] for number in chunks] == [stamps[number] for number in chunks]

    # The credentials are nowhere but in the environment.
    secret = os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    contents = [read_bytes(f"{bucket}/results/1/{name}") for name in written]
    logs = [file for file in Path(os.environ["RAY_TMPDIR"]).rglob("*") if file.is_file()]
    assert logs
    contents += [file.read_bytes() for file in logs]
    contents += [printed.out.encode(), printed.err.encode()]
    assert not any(secret in content for content in contents)


def test_a_folder_and_a_pattern_in_a_bucket(bucket, s3):
    for name in ("a.wav", "deep/b.flac", "notes.txt"):
        write_bytes(f"{bucket}/x/{name}", b"content")
    assert recordings_of([f"{bucket}/x"]) == (
        [f"{bucket}/x/a.wav", f"{bucket}/x/deep/b.flac"],
        "1 other file skipped (1 .txt)",
    )
    assert recordings_of([f"{bucket}/x/*.wav"])[0] == [f"{bucket}/x/a.wav"]
    assert recordings_of([f"{bucket}/x/a.wav", f"{bucket}/x"])[0] == [
        f"{bucket}/x/a.wav",
        f"{bucket}/x/deep/b.flac",
    ]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".parquet"])
def test_every_kind_of_manifest(bucket, suffix):
    import pyarrow as pa

    names = ["a.wav", "/data/b.wav", "s3://other/c.wav"]
    table = io.BytesIO()
    pq.write_table(pa.table({"file": names, "speaker": ["1", "2", "3"]}), table)
    contents = {
        ".csv": "speaker,file\n" + "".join(f'"1,2",{name}\n' for name in names),
        ".tsv": "speaker\tfile\n" + "".join(f"1\t{name}\n" for name in names),
        ".txt": "\n".join(names),
    }
    write_bytes(f"{bucket}/list{suffix}", contents.get(suffix, "").encode() or table.getvalue())
    assert recordings_of([f"{bucket}/list{suffix}"])[0] == [f"{bucket}/a.wav", *names[1:]]


def sentence(*arguments: str, capsys) -> str:
    """What a command prints that ends with exit code 1: one line."""
    assert run(["predict", *arguments]) == 1
    printed = capsys.readouterr()
    assert not printed.out
    (line,) = printed.err.splitlines()
    return line


def test_a_place_that_cannot_be_read_is_one_sentence(bucket, tmp_path, capsys):
    to = ["--cluster", "local", "--out", str(tmp_path / "out")]
    assert "no-such-bucket/list.csv: cannot be read: there is no such file, folder or bucket" in sentence(
        "s3://no-such-bucket/list.csv", *to, capsys=capsys
    )
    assert "no-such-bucket" in sentence("s3://no-such-bucket/x.wav", *to, capsys=capsys)
    assert "there is no such file" in sentence(f"{bucket}/list.csv", *to, capsys=capsys)
    write_bytes(f"{bucket}/list.csv", b"path\na.wav\n")
    assert "has no column file (its columns are path)" in sentence(f"{bucket}/list.csv", *to, capsys=capsys)
    assert "there is no file system for nowhere://" in sentence("nowhere://x/a.wav", *to, capsys=capsys)
    assert "cannot be" in sentence(
        str(tmp_path / "x.wav"), "--cluster", "local", "--out", "s3://no-such-bucket/out", capsys=capsys
    )


def test_credentials_in_a_path_are_refused_and_not_printed(s3, tmp_path, capsys):
    line = sentence("s3://key:secret@bucket/x.wav", "--cluster", "local", "--out", "out", capsys=capsys)
    assert "holds credentials" in line
    assert "secret@" not in line


def test_missing_credentials_are_one_sentence(bucket, without_credentials, tmp_path, capsys):
    line = sentence(f"{bucket}/list.csv", "--cluster", "local", "--out", str(tmp_path), capsys=capsys)
    assert "there are no credentials; set them in the environment of every node" in line


def test_an_object_that_does_not_exist_has_no_stamp(bucket):
    write_bytes(f"{bucket}/a.wav", b"1")
    before, missing, elsewhere = stamps_of([f"{bucket}/a.wav", f"{bucket}/b.wav", f"{bucket}/no/c.wav"])
    write_bytes(f"{bucket}/a.wav", b"2")
    assert before
    assert stamps_of([f"{bucket}/a.wav"]) != [before]
    assert missing == elsewhere == ()
    with pytest.raises(ClusterError):
        stamps_of(["s3://no-such-bucket/a.wav"])
