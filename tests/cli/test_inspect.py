"""`serenade inspect`, as typer runs it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from serenade.cli.inspect import inspect
from serenade.errors import CorpusError
from serenade.synthetic.cremad import make_cremad

app = typer.Typer()
app.command()(inspect)
app.callback()(lambda: None)


@pytest.fixture(scope="module")
def trapped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trapped")
    make_cremad(folder, speakers=2, sentences=("DFA",), rng=np.random.default_rng(0), defects=True)
    return folder


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_findings_are_named_and_are_no_failure(trapped):
    result = run("inspect", trapped)
    assert result.exit_code == 0, result.output
    assert "12 clips, 2 speakers (6 clips each), language en" in result.stdout
    assert "16 kHz; mono" in result.stdout
    assert "Git-LFS pointers instead of sound (1): run `git lfs pull`" in result.stdout
    assert "AudioWAV/1001_DFA_FEA_XX.wav" in result.stdout
    assert "sounds under two labels (1)" in result.stdout
    assert "AudioWAV/1001_DFA_ANG_XX.wav = AudioWAV/1001_DFA_DIS_XX.wav" in result.stdout
    assert "silent files (1)" in result.stdout
    assert "tabulatedVotes.csv was not found" in result.stdout
    assert result.stderr == ""


def test_json_is_all_there_is_on_stdout(trapped):
    result = run("inspect", trapped, "--format", "json")
    content = json.loads(result.stdout)
    assert (content["corpus"], content["clips"], content["usable"]) == ("synthetic", 12, 10)
    assert len(content["durations_s"]) == 11


def test_many_names_are_cut_short(tmp_path):
    (tmp_path / "m.csv").write_text("file,emotion\n" + "".join(f"{n}.wav,joy\n" for n in range(7)))
    result = run("inspect", tmp_path / "m.csv")
    assert "files that are not there (7)" in result.stdout
    assert "… and 4 more" in result.stdout
    # Nothing usable: the message is the command's, its status 1.
    assert isinstance(result.exception, CorpusError)
    assert result.exit_code == 1


def test_a_clean_corpus_says_so(tmp_path):
    make_cremad(tmp_path, speakers=1, sentences=("TSI",), rng=np.random.default_rng(0))
    assert "✓ every file is there" in run("inspect", tmp_path, "--corpus", "cremad").stdout


def test_an_unknown_format_is_a_wrong_argument(tmp_path):
    assert run("inspect", tmp_path, "--format", "xml").exit_code == 2


def test_tables_that_lie_elsewhere(trapped, tmp_path):
    clips = tmp_path / "a" / "b" / "clips"
    clips.mkdir(parents=True)
    shutil.copy(trapped / "AudioWAV" / "1001_DFA_ANG_XX.wav", clips)
    assert "VideoDemographics.csv was not found" in run("inspect", clips).stdout
    result = run("inspect", clips, "--metadata", trapped)
    assert result.exit_code == 0, result.output
    assert "VideoDemographics.csv was not found" not in result.stdout
