"""Outputs of `serenade predict`: no input is overwritten; devices, pipes, odd names, two runs at once."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from serenade.errors import OutputError

TOY = runpy.run_path(str(Path(__file__).parents[1] / "toy_model.py"))
run = runpy.run_path(str(Path(__file__).with_name("predict_runner.py")))["run"]


class TestInputsAreKept:
    """An output never overwrites an input."""

    @pytest.fixture(autouse=True)
    def unchanged(self, calls, model):
        files = [*(file for file in calls.rglob("*") if file.is_file()), model]
        before = {file: file.read_bytes() for file in files}
        yield
        assert {file: file.read_bytes() for file in files} == before

    @pytest.mark.parametrize(
        "format", ["csv", "json", "table", "vtt", "srt", "textgrid", "rttm", "audformat"]
    )
    @pytest.mark.parametrize("how", ["itself", "symlink", "hard link", "detour"])
    def test_the_recording(self, calls, model, tmp_path, format, how):
        out = {"itself": calls / "a.wav", "detour": calls / "sub" / ".." / "a.wav"}.get(how, tmp_path / "out")
        if how == "symlink":
            out.symlink_to(calls / "a.wav")
        elif how == "hard link":
            os.link(calls / "a.wav", out)
        with pytest.raises(OutputError, match="is an input of this command and would be overwritten"):
            run(calls / "a.wav", "-m", model, "--format", format, "-o", out)
        assert out.exists()

    def test_a_recording_with_the_name_of_its_captions(self, calls, model, tmp_path):
        folder = tmp_path / "odd"
        folder.mkdir()
        (folder / "a.vtt").write_bytes((calls / "a.wav").read_bytes())
        (folder / "b.wav").write_bytes((calls / "a.wav").read_bytes())
        with pytest.raises(OutputError, match=r"a\.vtt: is an input of this command"):
            run(folder / "a.vtt", folder / "b.wav", "-m", model, "--format", "vtt", "-o", folder)
        assert sorted(file.name for file in folder.iterdir()) == ["a.vtt", "b.wav"]
        run(folder / "b.wav", "-m", model, "--format", "srt", "-o", folder)
        assert (folder / "b.srt").exists()

    def test_the_model(self, calls, model):
        with pytest.raises(OutputError, match=r"model\.onnx: is an input of this command"):
            run(calls, "-m", model, "--format", "csv", "-o", model)
        (model.parent / "config.json").touch()
        with pytest.raises(OutputError, match="is a file in a folder that this command reads"):
            run(calls, "-m", model.parent, "--format", "csv", "-o", model.parent / "config.json")

    def test_figures(self, calls, model, tmp_path):
        pytest.importorskip("matplotlib")
        (tmp_path / "x.png").write_bytes((calls / "a.wav").read_bytes())
        with pytest.raises(OutputError, match=r"x\.png: is an input of this command"):
            run(tmp_path / "x.png", "-m", model, "--figures", tmp_path)
        assert (tmp_path / "x.png").read_bytes() == (calls / "a.wav").read_bytes()


class TestStreams:
    """Devices, pipes and open streams are written to as they are."""

    def predict(self, *arguments, **options):
        command = [sys.executable, "-m", "serenade.cli.main", "predict", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, **options)

    @pytest.mark.parametrize("out", [["-o", "/dev/stdout"], ["-o", "-"], []])
    def test_stdout(self, calls, model, out):
        done = self.predict(calls / "a.wav", "-m", model, "--format", "jsonl", *out)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["file"] == str(calls / "a.wav")
        assert os.path.islink("/dev/stdout")

    def test_a_full_device(self, calls, model):
        done = self.predict(calls / "a.wav", "-m", model, "--format", "csv", "-o", "/dev/full")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "/dev/full: cannot be written: the disk is full" in done.stderr

    def test_a_full_stdout(self, calls, model):
        with open("/dev/full", "w") as full:
            command = [sys.executable, "-m", "serenade.cli.main", "predict", calls / "a.wav", "-m", model]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr) == (1, done.stderr.splitlines()[0] + "\n")
        assert "standard output: cannot be written: the disk is full" in done.stderr

    def test_a_named_pipe(self, calls, model, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
            done = self.predict(calls, "-m", model, "--format", "jsonl", "-o", tmp_path / "pipe")
            received, _ = reader.communicate(timeout=60)
        assert done.returncode == 0, done.stderr
        assert len(received.splitlines()) == 5

    def test_a_link_is_written_through(self, calls, model, tmp_path):
        (tmp_path / "real").mkdir()
        (tmp_path / "out.csv").symlink_to("real/target.csv")
        run(calls, "-m", model, "-o", tmp_path / "out.csv")
        assert (tmp_path / "out.csv").is_symlink()
        assert len((tmp_path / "real" / "target.csv").read_text().splitlines()) == 6

    def test_a_planted_part_is_not_written_through(self, calls, model, tmp_path):
        victim = tmp_path / "victim"
        (tmp_path / "out.csv.part").symlink_to(victim)
        with pytest.raises(OutputError, match="it is a link where no link is allowed"):
            run(calls, "-m", model, "-o", tmp_path / "out.csv")
        assert not victim.exists()


class TestNames:
    """A name that is not UTF-8, that a terminal acts on, or that is very long never ends a run."""

    NAMES = (
        os.fsdecode(b"caf\xe9.wav"),
        "\U0001f642.wav",
        "\x1b[31mred\n.wav",
        "é" * 125 + "x.wav",
        "=1.wav",
    )

    @pytest.fixture
    def odd(self, tmp_path):
        folder = tmp_path / "odd"
        folder.mkdir()
        for name in self.NAMES:
            soundfile.write(os.fsencode(folder / name), TOY["voice"](0.5), 16_000, format="WAV")
        return folder

    @pytest.mark.parametrize("format", ["csv", "json", "jsonl", "rttm", "table", "audformat"])
    def test_one_file_for_all(self, odd, model, tmp_path, format):
        run(odd, "-m", model, "--format", format, "-o", tmp_path / "out")
        (tmp_path / "out").read_bytes().decode("utf-8")

    @pytest.mark.parametrize("format", ["vtt", "srt", "textgrid"])
    def test_one_file_each(self, odd, model, tmp_path, format):
        run(odd, "-m", model, "--format", format, "-o", tmp_path / "out")
        assert len(os.listdir(tmp_path / "out")) == len(self.NAMES)

    @pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
    @pytest.mark.parametrize("format", ["table", "csv", "json"])
    def test_any_terminal(self, odd, model, encoding, format):
        done = subprocess.run(
            [sys.executable, "-m", "serenade.cli.main", "predict", odd, "-m", model, "--format", format],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 0, done.stderr
        text = done.stdout.decode(encoding)
        if format == "json":
            assert len(json.loads(text)) == len(self.NAMES)
        assert format == "csv" or "\x1b" not in text
        assert b"\x1b" not in done.stderr

    def test_the_longest_output_name(self, odd, model, tmp_path):
        for suffix in (".csv", ".json"):
            out = tmp_path / ("é" * ((255 - len(suffix)) // 2) + suffix)
            run(odd, "-m", model, "-o", out)
            assert out.exists()


RACE = """
import sys
from serenade.cli.main import run
from serenade.inference.model import Model
whole = Model.predict_files
def slow(self, files, **how):
    for result in whole(self, files, **how):
        print("predicting", flush=True)
        sys.stdin.readline()
        yield result
Model.predict_files = slow
sys.exit(run(["predict", *sys.argv[1:]]))
"""


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json", "txt"])
def test_two_runs_into_one_file_lose_nothing(calls, model, tmp_path, suffix):
    """While a run writes, a second one exits with an error; nothing is lost, and nothing is left behind."""
    out = tmp_path / "o" / f"both.{suffix}"
    command = [sys.executable, "-c", RACE, str(calls), "-m", str(model), "-o", str(out)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as first:
        assert first.stdout.readline() == "predicting\n"
        second = subprocess.run(command, input="\n" * 9, capture_output=True, text=True)
        assert second.returncode == 1
        assert "another serenade predict is writing this file; wait until it ends, or choose" in second.stderr
        _, log = first.communicate("\n" * 9)
    assert first.returncode == 0
    assert "4 recordings predicted" in log
    text = out.read_text()
    assert all(name in text for name in ("a.wav", "b.flac", "bad.wav", "c.ogg", "d.wav"))
    assert [name for name in os.listdir(out.parent) if not name.endswith(".run.json")] == [out.name]


@pytest.mark.slow
def test_runs_that_start_together_never_share_a_file(calls, model, tmp_path):
    """Seven races: exactly the runs that say so have written the file, and it is always whole."""
    for suffix in ("csv", "jsonl") * 4:
        out = tmp_path / f"race.{suffix}"
        command = [sys.executable, "-m", "serenade.cli.main", "predict", calls, "-m", model, "-o", out]
        both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        logs = [process.communicate()[1] for process in both]
        for process, log in zip(both, logs, strict=True):
            refused = "another serenade predict is writing this file" in log
            assert process.returncode == int(refused), log
        assert any(process.returncode == 0 for process in both)
        assert len(out.read_text().splitlines()) == (6 if suffix == "csv" else 5)
        out.unlink()


def test_captions_of_many_recordings_go_into_a_folder(calls, model, tmp_path):
    for arguments in (
        ["--format", "vtt"],
        ["-o", tmp_path / "x.vtt"],
        ["--format", "vtt", "-o", calls / "bad.wav"],
    ):
        with pytest.raises(
            OutputError, match="vtt has one file per recording, and there are 5 recordings; name a"
        ):
            run(calls, "-m", model, *arguments)
    assert not (tmp_path / "x.vtt").exists()
    run(calls, "-m", model, "--format", "vtt", "-o", tmp_path / "captions")
    run(calls / "a.wav", "-m", model, "--format", "srt", "-o", tmp_path / "one")
    assert [p.name for p in (tmp_path / "one").iterdir()] == ["a.srt"]
    run(calls / "bad.wav", "-m", model, "-o", tmp_path / "bad.vtt", code=1)
    assert not (tmp_path / "bad.vtt").exists()
    made = sorted(
        p.relative_to(tmp_path / "captions").as_posix() for p in (tmp_path / "captions").rglob("*.vtt")
    )
    assert made == ["a.vtt", "b.vtt", "sub/c.vtt", "sub/d.vtt"]


@pytest.mark.parametrize("format", ["csv", "json", "table"])
def test_a_folder_is_no_output_file(calls, model, format):
    with pytest.raises(OutputError, match="is a folder; name a file with --out"):
        run(calls, "-m", model, "--format", format, "-o", calls)


@pytest.mark.parametrize("name", ["x.xlsx", "x.wav", "answers"])
def test_an_unknown_suffix_is_refused_before_any_work(calls, model, tmp_path, name):
    refused = run(calls, "-m", model, "-o", tmp_path / name, code=2).stderr
    assert re.search(r"use one of \.audformat, \.csv, \.eaf, \.json, .*or choose with --format", refused)
    assert not (tmp_path / name).exists()
    run(calls / "a.wav", "-m", model, "--format", "csv", "-o", tmp_path / name)
