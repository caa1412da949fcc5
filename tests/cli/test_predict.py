from __future__ import annotations

import csv
import io
import json
import re
import resource
import runpy
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from serenade.errors import MissingExtra, ModelError, OutputError, UnsupportedMedia

TOY = runpy.run_path(str(Path(__file__).parents[1] / "toy_model.py"))
run = runpy.run_path(str(Path(__file__).with_name("predict_runner.py")))["run"]


def test_the_other_files_of_a_folder_with_a_bad_one_are_predicted(calls, model):
    result = run(calls, "--model", model)
    lines = result.stdout.splitlines()
    assert lines[0].split()[:2] == ["file", "emotion"]
    assert lines[0].split()[2:] == list(TOY["LABELS"])
    assert len(lines) == 6
    assert sum("error: cannot be decoded" in line for line in lines) == 1
    assert result.stderr.splitlines()[0].startswith(f"{calls / 'bad.wav'}: ")
    assert "4 recordings predicted" in result.stderr
    assert "1 not readable; model toy 3 (MIT)" in result.stderr


def test_strict_and_nothing_answered_exit_with_1(calls, model):
    run(calls, "--model", model, "--strict", code=1)
    run(calls / "bad.wav", "--model", model, code=1)
    run(calls / "gone.wav", "--model", model, code=1)
    run(calls / "a.wav", "--model", model, "--strict")


def test_csv_shows_every_class(calls, model):
    rows = list(csv.DictReader(io.StringIO(run(calls, "-m", model, "--format", "csv").stdout)))
    assert [Path(row["file"]).name for row in rows] == ["a.wav", "b.flac", "bad.wav", "c.ogg", "d.wav"]
    for row in rows:
        if row["error"]:
            continue
        scores = {label: float(row[f"score_{label}"]) for label in TOY["LABELS"]}
        assert sum(scores.values()) == pytest.approx(1, abs=1e-6)
        assert max(scores, key=scores.get) == row["emotion"]


def test_the_format_follows_the_name_of_the_output(calls, model, tmp_path):
    run(calls / "a.wav", "-m", model, "-o", tmp_path / "a.json")
    (answer,) = json.loads((tmp_path / "a.json").read_text())
    assert answer["quality"]["duration_s"] == 1.0
    run(calls / "sub" / "d.wav", "-m", model, "-o", tmp_path / "d.vtt")
    assert (tmp_path / "d.vtt").read_text().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_an_interrupted_run_is_continued(calls, model, tmp_path, suffix, monkeypatch):
    from serenade.inference.model import Model

    whole, broken = tmp_path / f"whole.{suffix}", tmp_path / f"broken.{suffix}"
    run(calls, "-m", model, "-o", whole)
    predict_files = Model.predict_files
    predicted = []

    def interrupted(self, files, **how):
        for i, result in enumerate(predict_files(self, files, **how)):
            if i == 3:
                raise KeyboardInterrupt
            yield result

    def counted(self, files, **how):
        predicted.extend(files)
        return predict_files(self, files, **how)

    monkeypatch.setattr(Model, "predict_files", interrupted)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - click turns it into an Abort
        run(calls, "-m", model, "-o", broken)
    assert not broken.exists()
    monkeypatch.setattr(Model, "predict_files", counted)
    result = run(calls, "-m", model, "-o", broken)
    assert [file.name for file in predicted] == ["c.ogg", "d.wav"]
    assert re.search(
        "4 recordings predicted.*, 1 not readable, 3 of these by an earlier run; model", result.stderr
    )
    assert broken.read_text() == whole.read_text()


def test_a_finished_output_is_not_computed_again(calls, model, tmp_path, monkeypatch):
    from serenade.inference.model import Model

    out = tmp_path / "many.csv"
    run(calls, "-m", model, "-o", out)
    before = out.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Model, "predict_files", None)
        again = run(calls, "-m", model, "-o", out)
        assert again.stderr.splitlines()[0] == f"{out} is complete already; --overwrite predicts all again"
        assert "4 recordings predicted" in again.stderr
        assert "1 not readable, 5 of these by an earlier run" in again.stderr
        run(calls, "-m", model, "-o", out, "--strict", code=1)
    with pytest.raises(OutputError, match=r"is the output of another run \(timeline off, now on\)"):
        run(calls, "-m", model, "-o", out, "--timeline")
    other = TOY["write_toy_model"](tmp_path / "other" / "model.onnx", bias=np.array([1.0, 0, 0, 0]))
    with pytest.raises(
        OutputError, match=r"another run \(model file [0-9a-f]{8}, now [0-9a-f]{8}\); choose another"
    ):
        run(calls, "-m", other, "-o", out)
    TOY["write_voice"](calls / "new.wav", 1.0)
    with pytest.raises(OutputError, match=r"another run \(1 recording added\)"):
        run(calls, "-m", model, "-o", out)
    assert out.read_bytes() == before
    assert "5 recordings predicted" in run(calls, "-m", model, "-o", out, "--overwrite").stderr
    assert len(out.read_text().splitlines()) == 7


def test_the_summary_counts_recordings_and_segments(calls, model, tmp_path):
    TOY["write_voice"](tmp_path / "long.wav", 60.0)
    result = run(tmp_path / "long.wav", calls / "a.wav", calls / "bad.wav", "-m", model, "--timeline")
    rows = [line for line in result.stdout.splitlines()[1:] if "error: " not in line]
    unsure = sum("unsure" in row for row in rows)
    details = f" ({unsure} unsure)" if unsure else ""
    last = result.stderr.splitlines()[-1]
    assert (
        last == f"2 recordings predicted in {len(rows)} segments{details}, 1 not readable; model toy 3 (MIT)"
    )
    assert len(rows) == 25


def test_a_table_on_a_terminal_shows_an_error_once(calls, model, monkeypatch):
    run_of = run(calls / "gone*.wav", "-m", model, code=1)
    error = "no file matches this pattern, and none has this name; check it"
    assert (run_of.stdout.count(error), run_of.stderr.count(error)) == (1, 1)
    monkeypatch.setattr("serenade.cli.predict._is_terminal", lambda: True)
    run_of = run(calls / "gone*.wav", "-m", model, code=1)
    assert (run_of.stdout.count(error), run_of.stderr.count(error)) == (1, 0)
    assert "1 not readable" in run_of.stderr
    run_of = run(calls / "gone*.wav", "-m", model, "--format", "csv", code=1)
    assert run_of.stderr.count(error) == 1


def test_every_format_is_offered(calls, model, monkeypatch):
    from serenade.output.format import FORMATS

    monkeypatch.setenv("COLUMNS", "200")
    help_text = run("--help").stdout
    assert f"[{'|'.join(FORMATS)}]" in help_text
    wrong = run(calls, "-m", model, "--format", "jsnol", code=2).stderr
    assert "there is no output format 'jsnol'; did you mean 'jsonl'?" in wrong
    for suffix, name in (("txt", "table"), ("ndjson", "jsonl")):
        wrong = run(calls, "-m", model, "--format", suffix, code=2).stderr
        assert f"there is no output format '{suffix}'; did you mean '{name}'?" in wrong
    run(calls / "a.wav", "-m", model, "--format", "CSV")


def test_timeline_shows_times(calls, model, tmp_path):
    long = TOY["write_voice"](tmp_path / "long.wav", 12.0)
    lines = run(long, "-m", model, "--timeline").stdout.splitlines()
    assert lines[0].split()[:4] == ["file", "start", "end", "emotion"]
    assert [line.split()[1] for line in lines[1:]] == [
        "0:00:00.0", "0:00:02.5", "0:00:05.0", "0:00:07.5", "0:00:10.0",
    ]  # fmt: skip


def test_window_and_hop_are_options_of_the_timeline(calls, model, tmp_path):
    long = TOY["write_voice"](tmp_path / "long.wav", 6.0)

    def starts(*options):
        result = run(long, "-m", model, "--timeline", "--format", "csv", *options)
        return [float(row["start"]) for row in csv.DictReader(io.StringIO(result.stdout))]

    assert starts("--window", 4, "--hop", 1.5) == [0, 1.5, 3, 4.5]
    assert starts("--window", 4) == [0, 2, 4]
    assert starts("--hop", 1) == [0, 1, 2, 3, 4, 5]
    assert run(long, "-m", model, "--format", "vtt", "--window", 4).stdout.startswith("WEBVTT")
    with pytest.raises(ModelError, match=r"takes windows of 0\.25 to 60 s, not 90 s"):
        run(long, "-m", model, "--timeline", "--window", 90)
    for option in ("--window", "--hop"):
        ran = run(long, "-m", model, option, 4, code=2)
        assert f"Invalid value for {option}: needs --timeline; add it" in ran.stderr


def test_standard_input_is_a_recording(calls, model, tmp_path):
    command = [sys.executable, "-m", "serenade.cli.main", "predict", "-", "-m", model]
    for name in ("a.wav", "sub/c.ogg"):
        content = (calls / name).read_bytes()
        expected = json.loads(run(calls / name, "-m", model, "--format", "jsonl").stdout)
        done = subprocess.run([*command, "--format", "jsonl"], input=content, capture_output=True, check=True)
        assert json.loads(done.stdout) == expected | {"file": "-"}
        # A file of an earlier run is replaced: the content may be another.
        subprocess.run(
            [*command, "-o", tmp_path / "out.jsonl"], input=content, capture_output=True, check=True
        )
        assert json.loads((tmp_path / "out.jsonl").read_text()) == expected | {"file": "-"}
    bad = subprocess.run(command, input=b"not sound", capture_output=True, text=False)
    assert bad.returncode == 1
    assert bad.stderr.decode().splitlines()[0].startswith("-: cannot be decoded as sound")
    for option in ("--figures", "--explain"):
        assert run("-", "-m", model, option, tmp_path, code=2).stderr


def test_an_empty_name_is_refused(model):
    with pytest.raises(UnsupportedMedia, match="the path of a recording is empty"):
        run("", "-m", model)


def test_what_a_folder_holds_besides_recordings_is_counted(calls, model):
    (calls / "notes.txt").write_text("notes")
    assert "5 recordings, 1 other file skipped (1 .txt)" in run(calls, "-m", model).stderr


def test_a_file_that_is_cut_short_is_predicted_with_a_warning(calls, model, tmp_path):
    content = (calls / "a.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[: len(content) // 2])
    for options in ([], ["--timeline"], ["-o", tmp_path / "x.csv"], ["-o", tmp_path / "x.csv"]):
        errors = run(tmp_path / "cut.wav", "-m", model, *options).stderr.splitlines()
        assert any(re.match(r".*cut\.wav: the file is cut short", line) for line in errors), errors
        assert "1 with a warning" in errors[-1]


def test_a_track_can_be_chosen(model, tmp_path):
    file = tmp_path / "two.mkv"
    voice = TOY["voice"](2.0)
    with av.open(str(file), "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for stream, sound in zip(streams, (voice, np.zeros_like(voice)), strict=True):
            frame = av.AudioFrame.from_ndarray((sound[None] * 32_767).astype(np.int16), "s16", "mono")
            frame.sample_rate = 16_000
            for packet in [*stream.encode(frame), *stream.encode()]:
                container.mux(packet)

    def state(*options):
        return json.loads(run(file, "-m", model, "--format", "jsonl", *options).stdout)["state"]

    assert (state(), state("--track", 1), state("--track", 2)) == ("ok", "ok", "no_speech")
    assert "has no audio track 3" in run(file, "-m", model, "--track", 3, code=1).stderr


def test_a_model_of_text_has_no_timeline_and_ignores_recordings(calls, tmp_path):
    model = TOY["write_toy_text_model"](tmp_path / "text.onnx")
    assert "sadness" in run("--text", "Oh no!", "-m", model).stdout
    result = run(calls / "a.wav", "--text", "Oh no!", "-m", model)
    assert "the model takes text only, and the recording is ignored" in result.stderr
    for options in (["--timeline"], ["--format", "vtt"]):
        with pytest.raises(ModelError, match="has no timeline; use a model of sound alone"):
            run(calls / "a.wav", "-m", model, *options)
    with pytest.raises(ModelError, match="takes a text as input, and there is none"):
        run(calls / "a.wav", "-m", model)
    assert "no timeline" in run("--text", "Oh no!", "-m", model, "--timeline", code=2).stderr


@pytest.mark.slow
def test_figures_are_pictures(calls, model, tmp_path):
    pytest.importorskip("matplotlib")
    run(calls / "sub", calls / "bad.wav", "-m", model, "--figures", tmp_path / "pictures")
    pictures = sorted((tmp_path / "pictures").rglob("*.png"))
    assert [p.name for p in pictures] == ["c.png", "d.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") and p.stat().st_size > 10_000 for p in pictures)


def test_explanations_lie_beside_no_recording(calls, model, tmp_path):
    pytest.importorskip("matplotlib")
    run(calls / "a.wav", "-m", model, "--explain", tmp_path / "why")
    assert sorted(file.name for file in (tmp_path / "why").iterdir()) == ["a.json", "a.png"]
    (tmp_path / "x.png").write_bytes((calls / "a.wav").read_bytes())
    with pytest.raises(OutputError, match=r"x\.png: is an input of this command"):
        run(tmp_path / "x.png", "-m", model, "--explain", tmp_path)


def test_figures_without_matplotlib_are_refused_before_any_work(calls, model, tmp_path, monkeypatch):
    monkeypatch.setattr("serenade.output.figures.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="figures need matplotlib; install it: pip install"):
        run(calls, "-m", model, "--figures", tmp_path / "pictures", "-o", tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


def test_without_a_model_the_bundled_one_is_used(calls):
    assert "model serenade-base" in run(calls).output


BLOCKER = """
import sys
class Blocked:
    names = {"torch", "pandas", "sklearn", "scipy", "matplotlib", "librosa", "onnx", "numba"}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)
sys.meta_path.insert(0, Blocked())
import typer
from serenade.cli.predict import predict
app = typer.Typer(rich_markup_mode=None)
app.command()(predict)
app()
"""


def test_it_runs_without_any_training_library(calls, model):
    command = [sys.executable, "-c", BLOCKER, str(calls), "--model", str(model), "--format", "jsonl"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum("emotion" in answer for answer in answers) == 4
    assert "\x1b" not in done.stderr  # no bar where stderr is no terminal


# Not ru_maxrss, which begins with what the parent held.
LONG = """
import sys
from serenade.cli.main import run
status = run(["predict", sys.argv[1], "--model", sys.argv[2], "--format", "json"])
peak_kib = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(int(peak_kib) // 1024, file=sys.stderr)
sys.exit(status)
"""


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--timeline"]], ids=["whole", "timeline"])
def test_three_hours_take_little_memory(tmp_path: Path, options: list[str]) -> None:
    file = tmp_path / "meeting.wav"
    minute = TOY["voice"](60.0)
    with soundfile.SoundFile(file, "w", 16_000, 1) as out:
        for _ in range(180):
            out.write(minute)
    model = TOY["write_toy_model"](tmp_path / "model" / "model.onnx")
    code = LONG.replace('"json"]', f'"json", *{options!r}]')
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ran = subprocess.run(
        [sys.executable, "-c", code, file, model], capture_output=True, text=True, timeout=900
    )
    took_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert ran.returncode == 0, ran.stderr
    peak_mib = int(ran.stderr.strip().splitlines()[-1])
    print(f"3 hours {options}: {peak_mib} MiB, {took_s:.0f} s of the processor")
    assert peak_mib < 500
    assert took_s < 3 * 3600 / 20
