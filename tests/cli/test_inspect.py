"""`serenade inspect`, as typer runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from serenade.cli.inspect import inspect
from serenade.errors import CorpusError
from serenade.synthetic.cremad import make_cremad

app = typer.Typer()
app.command()(inspect)
app.callback()(lambda: None)


@pytest.fixture(scope="module")
def defective(tmp_path_factory):
    folder = tmp_path_factory.mktemp("defective")
    make_cremad(folder, speakers=2, sentences=("DFA",), rng=np.random.default_rng(0), defects=True)
    return folder


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_problems_are_named_and_are_no_failure(defective):
    result = run("inspect", defective)
    assert result.exit_code == 0, result.output
    assert "12 clips, 2 speakers (6 clips each), language en" in result.stdout
    assert "16 kHz; mono" in result.stdout
    assert "Git LFS pointers instead of recordings (1): run `git lfs pull`" in result.stdout
    assert "AudioWAV/1001_DFA_FEA_XX.wav" in result.stdout
    assert "sounds under two labels (1)" in result.stdout
    assert "AudioWAV/1001_DFA_ANG_XX.wav = AudioWAV/1001_DFA_DIS_XX.wav: anger, disgust" in result.stdout
    assert "silent files (1)" in result.stdout
    assert "tabulatedVotes.csv was not found" in result.stdout
    assert result.stderr == ""


def test_only_json_is_on_stdout(defective):
    result = run("inspect", defective, "--format", "json")
    content = json.loads(result.stdout)
    assert (content["corpus"], content["clips"], content["usable"]) == ("synthetic", 12, 10)
    assert len(content["durations_s"]) == 11


def test_a_long_list_of_files_is_cut(tmp_path):
    (tmp_path / "m.csv").write_text("file,emotion\n" + "".join(f"{n}.wav,joy\n" for n in range(7)))
    result = run("inspect", tmp_path / "m.csv")
    assert "missing files (7)" in result.stdout
    assert "… and 4 more" in result.stdout
    assert isinstance(result.exception, CorpusError)
    assert result.exit_code == 1


def test_a_clean_corpus_says_so(tmp_path):
    make_cremad(tmp_path, speakers=1, sentences=("TSI",), rng=np.random.default_rng(0))
    assert "✓ every file exists" in run("inspect", tmp_path, "--corpus", "cremad").stdout


def test_an_unknown_format_is_a_wrong_argument(tmp_path):
    assert run("inspect", tmp_path, "--format", "xml").exit_code == 2


def test_metadata_in_another_folder(defective, tmp_path):
    clips = tmp_path / "a" / "b" / "clips"
    clips.mkdir(parents=True)
    shutil.copy(defective / "AudioWAV" / "1001_DFA_ANG_XX.wav", clips)
    assert "VideoDemographics.csv was not found" in run("inspect", clips).stdout
    result = run("inspect", clips, "--metadata", defective)
    assert result.exit_code == 0, result.output
    assert "VideoDemographics.csv was not found" not in result.stdout


ROWS = [(f"rec/spk{who}/{n:03}.wav", ("happy", "sad")[n], who) for who in (1, 2, 3) for n in (0, 1)]


@pytest.fixture
def recordings(tmp_path):
    """Six recordings of 1.5 s, by three speakers."""
    rng = np.random.default_rng(0)
    for name, _, _ in ROWS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, 0.1 * rng.standard_normal(12_000), 8000)
    return tmp_path


def write_table(file, rows, head="file,emotion,speaker"):
    file.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return file


def test_one_file_under_two_labels(recordings):
    """Issue 18, 2.8, first input."""
    twice = write_table(recordings / "twice.csv", [ROWS[0], (ROWS[0][0], "sad", 1), *ROWS[2:]])
    output = run("inspect", twice).stdout
    assert "sounds under two labels (1)" in output
    assert "rec/spk1/000.wav: happiness, sadness" in output


def test_one_file_twice_or_by_two_speakers(recordings):
    twice = write_table(recordings / "twice.csv", [*ROWS, ROWS[0], (f"./{ROWS[3][0]}", "sad", 3)])
    output = run("inspect", twice).stdout
    assert "clips that are listed more than once (1)" in output
    assert "sounds under two speakers (1)" in output
    assert "rec/spk2/001.wav: 2, 3" in output


def test_times_outside_the_recording(recordings):
    """Issue 18, 2.8, second input."""
    rows = [(*ROWS[0], 1, 0.5), (*ROWS[2], 0.5, 99), (*ROWS[4], 50, 60), (*ROWS[5], 0.5, 1.5)]
    times = write_table(recordings / "times.csv", rows, "file,emotion,speaker,start,end")
    output = run("inspect", times).stdout
    assert "clips with wrong times (2): correct the columns start and end" in output
    assert "clips that end after their recording (1): they are used up to its end" in output
    assert "rec/spk1/000.wav: the end 0.5 s is not after the start 1 s" in output
    assert "rec/spk2/000.wav: the end 99 s is after the end of the recording (1.5 s)" in output
    assert "rec/spk3/000.wav: the start 50 s is after the end of the recording (1.5 s)" in output
    content = json.loads(run("inspect", times, "--format", "json").stdout)
    assert content["usable"] == 2


def test_a_table_of_wrong_times_alone_cannot_be_used(recordings):
    times = write_table(recordings / "times.csv", [(*ROWS[0], 1, 0.5)], "file,emotion,speaker,start,end")
    result = run("inspect", times)
    assert result.exit_code == 1
    assert "has no usable file (1 file checked)" in str(result.exception)


def test_several_paths_are_checked_together(recordings):
    """Manifests of one folder are one corpus, whose speakers are counted once in any spelling."""
    train = write_table(recordings / "train.csv", ROWS[::2])
    test = write_table(recordings / "test.csv", [(name, label, f"0{who}") for name, label, who in ROWS[1::2]])
    result = run("inspect", train, test)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{train}, {test}: corpus {recordings.name}\n")
    assert "6 clips, 3 speakers (2 clips each)" in result.stdout
    assert "speakers with several spellings (3): each is counted as one person" in result.stdout
    assert "      1 (1 clip) = 01 (1 clip)" in result.stdout
    assert "2 manifests or folders below" in result.stdout
    content = json.loads(run("inspect", train, test, "--format", "json").stdout)
    assert content["paths"] == [str(train), str(test)]
    assert content["corpora"] == [content["corpus"]] == [recordings.name]
    assert content["speakers"] == {"1": 2, "2": 2, "3": 2}
    assert content["merged_speakers"][0] == {
        "corpus": recordings.name,
        "name": "1",
        "spellings": {"1": 1, "01": 1},
    }


def test_folders_of_several_corpora(tmp_path):
    for name, seed in (("one", 0), ("two", 1)):
        make_cremad(tmp_path / name, speakers=1, sentences=("TSI",), rng=np.random.default_rng(seed))
        (tmp_path / name / "synthetic-corpus.txt").unlink(missing_ok=True)
    gone = write_table(tmp_path / "two" / "gone.csv", [("gone.wav", "joy", "anna")])
    result = run("inspect", tmp_path / "one", gone)
    assert result.exit_code == 0, result.output
    assert ": corpus cremad, licence ODbL" in result.stdout
    assert "; corpus two\n" in result.stdout
    assert "      two/gone.wav\n" in result.stdout
    content = json.loads(run("inspect", tmp_path / "one", gone, "--format", "json").stdout)
    assert content["corpora"] == ["cremad", "two"]


def test_the_usage_names_paths():
    assert "PATH…" in run("inspect", "--help").stdout


def test_what_is_no_file_is_called_what_it_is(recordings):
    os.mkfifo(recordings / "pipe.wav")
    (recordings / "loop.wav").symlink_to("loop.wav")
    (recordings / "broken.wav").symlink_to("gone.wav")
    names = ("/dev/zero", "rec", "pipe.wav", "loop.wav", "broken.wav", "gone.wav", f"{'x' * 300}.wav")
    table = write_table(recordings / "m.csv", [*ROWS, *((name, "happy", 1) for name in names)])
    content = json.loads(run("inspect", table, "--format", "json").stdout)
    assert content["usable"] == 6
    assert content["unreadable"] == {
        "/dev/zero": "is a device, not a recording",
        str(recordings / "rec"): "is a folder, not a recording",
        str(recordings / "pipe.wav"): "is a pipe, not a recording",
        str(recordings / "loop.wav"): "cannot be opened: Too many levels of symbolic links",
        str(recordings / f"{'x' * 300}.wav"): "cannot be opened: File name too long",
    }
    assert content["missing"] == [str(recordings / "broken.wav"), str(recordings / "gone.wav")]
    output = run("inspect", table).stdout
    assert "missing files (2)" in output
    assert "      broken.wav: is a link to gone.wav\n" in output
    assert "unreadable files (5)" in output
    assert "      /dev/zero: is a device, not a recording\n" in output


def test_other_warnings_of_a_file(recordings):
    samples, rate_hz = soundfile.read(recordings / ROWS[0][0])
    soundfile.write(recordings / ROWS[0][0], np.stack([samples, -samples], 1), rate_hz)
    output = run("inspect", write_table(recordings / "m.csv", ROWS)).stdout
    assert "files with a warning (1): listen to them" in output
    assert "      rec/spk1/000.wav: channel 2 is inverted; its sign was changed before mixing\n" in output


def test_an_incomplete_file(recordings):
    file = recordings / ROWS[0][0]
    file.write_bytes(file.read_bytes()[:12_000])
    output = run("inspect", write_table(recordings / "m.csv", ROWS)).stdout
    assert "incomplete files (1): copy them again, or remove them" in output
    assert "rec/spk1/000.wav: the file is cut short" in output


def test_windows_paths(recordings):
    """Issue 18, 2.8, third input."""
    rows = [(name.replace("/", "\\"), *rest) for name, *rest in ROWS]
    output = run("inspect", write_table(recordings / "windows.csv", rows)).stdout
    assert "missing" not in output
    assert "6 Windows paths resolved" in output


def test_speakers_from_file_names(recordings):
    table = write_table(recordings / "m.csv", [row[:2] for row in ROWS], "clip,class")
    output = run("inspect", table).stdout
    assert "speakers unknown" in output
    assert output.count("a split is then random by file") == 1
    output = run("inspect", table, "--speakers-from", "folder").stdout
    assert "3 speakers (2 clips each)" in output
    assert "random by file" not in output


def test_a_name_with_escape_codes_is_shown_escaped(recordings):
    table = write_table(recordings / "m.csv", [("\x1b[31mgone.wav", "joy", "\x1b[31mred"), *ROWS])
    output = run("inspect", table).stdout
    assert "\x1b" not in output
    assert "\\x1b[31mgone.wav" in output


def test_without_pandas_it_says_what_to_install():
    program = (
        "import sys; sys.modules['pandas'] = None\n"
        "from serenade.cli.main import run\n"
        "sys.exit(run(['inspect', '.']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "serenade: reading a corpus needs pandas; install it with: pip install 'serenade[report]'\n"
    )
