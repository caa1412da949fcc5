"""Prediction on a real cluster of several nodes equals that of one process."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'serenade[cluster]'")
pytest.importorskip("pyarrow")

from serenade import load_model
from serenade.cli.main import run
from serenade.cluster.predict import predict_on_cluster
from serenade.cluster.results import ResultFolder, read_results
from serenade.cluster.rows import rows_of, table_of
from serenade.cluster.worker import PredictSettings
from serenade.errors import ClusterError, OutputError

pytestmark = pytest.mark.xdist_group("ray")  # one cluster for all of them


@pytest.fixture(scope="module")
def files(voices, tmp_path_factory) -> list[str]:
    """Twelve recordings, one that is no sound, and one that is missing."""
    bad = tmp_path_factory.mktemp("bad") / "bad.wav"
    bad.write_text("no sound")
    return [*map(str, voices), str(bad), str(bad.with_name("gone.wav"))]


def one_process(files, model_file, **timeline) -> list[dict]:
    """The rows of the same predictions without a cluster."""
    model = load_model(model_file)
    results = (
        model.timeline_files(files, **timeline)
        if timeline
        else ([result] for result in model.predict_files(files))
    )
    rows = [row for file, found in zip(files, results, strict=True) for row in rows_of(found, file=file)]
    return table_of(rows, labels=model.labels, model={}).to_pylist()


def rows_in(folder) -> list[dict]:
    return read_results(str(folder)).to_pylist()


def chunk_files(folder) -> dict[str, int]:
    """When each chunk was written, by its name."""
    return {file.name: file.stat().st_mtime_ns for file in Path(folder).glob("*.parquet")}


def test_rows_equal_those_of_one_process(cluster, files, model_file, tmp_path):
    seen = []
    result = predict_on_cluster(
        files,
        str(tmp_path / "out"),
        cluster=cluster.address,
        model=model_file,
        per_chunk=4,
        progress=seen.append,
    )
    assert rows_in(tmp_path / "out") == one_process(files, model_file)
    assert (result.chunks, result.counts.recordings, result.counts.failed) == (4, 14, 2)
    assert len(chunk_files(tmp_path / "out")) == 4
    assert [row["file"] for row in result.failed] == files[-2:]
    assert [progress.done for progress in seen][-1] == 14
    assert len(seen) == 5


def test_the_command_writes_what_it_writes_in_one_process(cluster, files, model_file, tmp_path, capsys):
    manifest = tmp_path / "list.csv"
    manifest.write_text("emotion,file\n" + "".join(f"anger,{file}\n" for file in files))
    options = ["--model", str(model_file)]
    assert run(["predict", *files, *options, "--out", str(tmp_path / "one.csv")]) == 0
    capsys.readouterr()
    to = ["--cluster", cluster.address, "--out", str(tmp_path / "out"), "--chunk", "5"]
    assert run(["predict", str(manifest), *options, *to]) == 0
    printed = capsys.readouterr()
    assert "recordings           14" in printed.out
    assert "not predicted      2" in printed.out
    assert f"{files[-1]}: there is no such file; check the path" in printed.err
    expected = list(csv.DictReader(io.StringIO((tmp_path / "one.csv").read_text())))
    found = rows_in(tmp_path / "out")
    assert [row["file"] for row in found] == [row["file"] for row in expected]
    for row, cells in zip(found, expected, strict=True):
        for name, cell in cells.items():
            value = row[name]
            same = float(cell) == value if isinstance(value, float) else cell == (value or "")
            assert same, (row["file"], name, cell, value)


def test_a_timeline_equals_that_of_one_process(cluster, files, model_file, tmp_path):
    settings = PredictSettings(model_sha256="", timeline=True, window_s=2.0, hop_s=1.0)
    predict_on_cluster(
        files, str(tmp_path / "out"), cluster=cluster.address, model=model_file, settings=settings
    )
    rows = rows_in(tmp_path / "out")
    assert rows == one_process(files, model_file, window_s=2.0, hop_s=1.0)
    assert len(rows) > 2 * len(files)


def test_an_interrupted_run_continues(cluster, files, model_file, tmp_path):
    def stop(progress):
        if progress.chunks == 2:
            raise KeyboardInterrupt

    how = {"cluster": cluster.address, "model": model_file, "per_chunk": 3}
    with pytest.raises(KeyboardInterrupt):
        predict_on_cluster(files, str(tmp_path / "out"), **how, progress=stop)
    with pytest.raises(ClusterError, match="not a finished folder"):
        read_results(str(tmp_path / "out"))
    before = chunk_files(tmp_path / "out")
    assert len(before) == 2
    torn = tmp_path / "out" / min(before)
    torn.write_bytes(torn.read_bytes()[:-20])
    result = predict_on_cluster(files, str(tmp_path / "out"), **how)
    after = chunk_files(tmp_path / "out")
    assert after[max(before)] == before[max(before)]  # written once
    assert after[min(before)] != before[min(before)]  # a torn file is no chunk
    assert result.earlier.recordings in (2, 3)
    assert rows_in(tmp_path / "out") == one_process(files, model_file)
    assert predict_on_cluster(files, str(tmp_path / "out"), **how).earlier.recordings == 14


def test_a_manifest_may_grow_and_nothing_else_is_replaced(cluster, files, model_file, tmp_path):
    how = {"cluster": cluster.address, "model": model_file, "per_chunk": 3}
    predict_on_cluster(files[:4], str(tmp_path / "out"), **how)
    before = chunk_files(tmp_path / "out")
    result = predict_on_cluster(files[:7], str(tmp_path / "out"), **how)
    assert result.earlier.recordings == 3
    assert len(before.keys() & chunk_files(tmp_path / "out").keys()) == 1
    assert rows_in(tmp_path / "out") == one_process(files[:7], model_file)
    with pytest.raises(OutputError, match="predictions of other recordings"):
        predict_on_cluster(files[8:], str(tmp_path / "out"), **how)
    labels = PredictSettings(model_sha256="", labels=("anger", "fear"))
    with pytest.raises(OutputError, match="of another run \\(labels"):
        predict_on_cluster(files[:7], str(tmp_path / "out"), **how, settings=labels)
    predict_on_cluster(files[8:], str(tmp_path / "out"), **how, overwrite=True)
    assert rows_in(tmp_path / "out") == one_process(files[8:], model_file)


def test_a_killed_node_costs_nothing_but_time(cluster, files, model_file, tmp_path):
    node = cluster.add_node()
    killed = []

    def kill(progress):
        if progress.chunks == 2 and not killed:
            killed.append(node)
            cluster.kill(node)

    predict_on_cluster(
        files,
        str(tmp_path / "out"),
        cluster=cluster.address,
        model=model_file,
        per_chunk=1,
        progress=kill,
    )
    assert killed
    assert len(chunk_files(tmp_path / "out")) == len(files)
    assert rows_in(tmp_path / "out") == one_process(files, model_file)
    about = json.loads((tmp_path / "out" / "_run.json").read_text())
    assert len(ResultFolder(str(tmp_path / "out")).keys) == len(about["chunks"])


def test_a_client_on_another_machine(cluster, files, model_file, tmp_path):
    command = [sys.executable, "-m", "serenade", "predict", *files, "--model", str(model_file)]
    to = ["--cluster", cluster.client, "--out", str(tmp_path / "out")]
    for _ in range(3):  # Ray waits half a minute for its own process, which busy cores can exceed
        done = subprocess.run([*command, *to], capture_output=True, text=True, env=os.environ, check=False)
        if "cannot connect to the Ray cluster" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    assert rows_in(tmp_path / "out") == one_process(files, model_file)


@pytest.mark.parametrize(
    ("sent", "options", "how"),
    [(signal.SIGINT, ["--overwrite"], "without --overwrite"), (signal.SIGTERM, [], "again")],
)
def test_an_interrupted_command_can_be_continued(
    cluster, files, model_file, tmp_path, capsys, sent, options, how
):
    """Ctrl-C, and the signal of batch systems: one sentence, and the chunks that are done stay."""
    out = tmp_path / "out"
    (tmp_path / "list.txt").write_text(
        "\n".join(f"{folder}{file}" for folder in ("", "//") for file in files)
    )
    arguments = ["predict", str(tmp_path / "list.txt"), "--model", str(model_file), "--chunk", "1"]
    arguments += ["--cluster", cluster.address, "--out", str(out)]
    command = [sys.executable, "-m", "serenade", *arguments, *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
    until = time.monotonic() + 300
    while not chunk_files(out) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(sent)
    _, printed = process.communicate(timeout=120)
    assert process.returncode == 130, printed
    assert printed.strip() == f"serenade: interrupted; run the same command {how} to continue"
    before = chunk_files(out)
    assert {file.name for file in out.iterdir()} == {*before, "_run.json"}
    assert run(arguments) == 0
    assert f"by an earlier run  {len(before)}\n" in capsys.readouterr().out
    assert chunk_files(out).items() >= before.items()
    assert run(arguments) == 0
    printed = capsys.readouterr()
    assert "this run             nothing was left to do; --overwrite predicts all again" in printed.out
    assert "done by an earlier run: 28 of 28 recordings" in printed.err
