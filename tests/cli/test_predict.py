from __future__ import annotations

import csv
import io
import json
import resource
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import typer
from typer.testing import CliRunner

from serenade.cli.predict import predict
from serenade.errors import MissingExtra, ModelError, OutputError

TOY = runpy.run_path(str(Path(__file__).parents[1] / "toy_model.py"))
app = typer.Typer()
app.command()(predict)
app.callback()(lambda: None)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return TOY["write_toy_model"](tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture
def calls(tmp_path):
    """A folder of four recordings and one file that only looks like one."""
    folder = tmp_path / "calls"
    for i, name in enumerate(("a.wav", "b.flac", "sub/c.ogg", "sub/d.wav")):
        TOY["write_voice"](folder / name, 1.0 + i / 2, seed=i, level=0.1 + 0.2 * i)
    (folder / "bad.wav").write_text("not sound")
    return folder


def run(*arguments, code=0):
    result = CliRunner().invoke(app, ["predict", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def test_a_folder_with_a_bad_file_answers_the_others(calls, model):
    result = run(calls, "--model", model)
    lines = result.stdout.splitlines()
    assert lines[0].split()[:2] == ["file", "emotion"]
    assert lines[0].split()[2:] == list(TOY["LABELS"])
    assert len(lines) == 6
    assert sum("cannot be read" in line for line in lines) == 1
    assert result.stderr.splitlines()[0].startswith(f"{calls / 'bad.wav'}: ")
    assert "4 answered" in result.stderr
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


def test_captions_of_many_recordings_go_into_a_folder(calls, model, tmp_path):
    with pytest.raises(OutputError, match="vtt is one file a recording; name a folder with --out"):
        run(calls, "-m", model, "--format", "vtt")
    run(calls, "-m", model, "--format", "vtt", "-o", tmp_path / "captions")
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


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_an_interrupted_run_is_continued(calls, model, tmp_path, suffix, monkeypatch):
    from serenade.inference.predictor import Predictor

    whole, broken = tmp_path / f"whole.{suffix}", tmp_path / f"broken.{suffix}"
    run(calls, "-m", model, "-o", whole)
    predict_files = Predictor.predict_files
    asked = []

    def interrupted(self, files, **how):
        for i, answer in enumerate(predict_files(self, files, **how)):
            if i == 3:
                raise KeyboardInterrupt
            yield answer

    def counted(self, files, **how):
        asked.extend(files)
        return predict_files(self, files, **how)

    monkeypatch.setattr(Predictor, "predict_files", interrupted)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - click turns it into an Abort
        run(calls, "-m", model, "-o", broken)
    assert not broken.exists()
    monkeypatch.setattr(Predictor, "predict_files", counted)
    result = run(calls, "-m", model, "-o", broken)
    assert [file.name for file in asked] == ["c.ogg", "d.wav"]
    assert "went on where an earlier run ended: 3 were answered already" in result.stderr
    assert "4 answered" in result.stderr
    assert "1 not readable" in result.stderr
    assert broken.read_text() == whole.read_text()


def test_timeline_shows_times(calls, model, tmp_path):
    long = TOY["write_voice"](tmp_path / "long.wav", 12.0)
    lines = run(long, "-m", model, "--timeline").stdout.splitlines()
    assert lines[0].split()[:4] == ["file", "start", "end", "emotion"]
    assert [line.split()[1] for line in lines[1:]] == [
        "0:00:00.0", "0:00:02.5", "0:00:05.0", "0:00:07.5", "0:00:10.0",
    ]  # fmt: skip


@pytest.mark.slow
def test_figures_are_pictures(calls, model, tmp_path):
    pytest.importorskip("matplotlib")
    run(calls / "sub", calls / "bad.wav", "-m", model, "--figures", tmp_path / "pictures")
    pictures = sorted((tmp_path / "pictures").rglob("*.png"))
    assert [p.name for p in pictures] == ["c.png", "d.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") and p.stat().st_size > 10_000 for p in pictures)


def test_figures_without_matplotlib_are_refused_before_any_work(calls, model, tmp_path, monkeypatch):
    monkeypatch.setattr("serenade.output.figures.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="figures need matplotlib; install it: pip install"):
        run(calls, "-m", model, "--figures", tmp_path / "pictures", "-o", tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


def test_without_a_model_one_sentence_says_so(calls):
    with pytest.raises(ModelError, match=r"name one: --model RUN or --model m\.onnx$"):
        run(calls)


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
app = typer.Typer()
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
def test_three_hours_are_heard_in_little_memory(tmp_path: Path, options: list[str]) -> None:
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
