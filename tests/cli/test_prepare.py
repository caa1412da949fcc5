from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

from serenade.cli.main import run
from serenade.features.store import Store

WITHOUT_PANDAS = "import sys; sys.modules['pandas'] = None; from serenade.cli.main import main; main()"


class Ran(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Prepare = Callable[..., Ran]


@pytest.fixture
def serenade_prepare(capsys: pytest.CaptureFixture[str]) -> Prepare:
    def ran(*arguments: str | Path) -> Ran:
        status = run(["prepare", *map(str, arguments)])
        return Ran(status, *capsys.readouterr())

    return ran


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for emotion in ("ANG", "SAD", "NEU"):
        soundfile.write(folder / f"1001_DFA_{emotion}_XX.wav", 0.1 * rng.normal(size=8000), 16_000)
    return folder


def test_a_summary_on_stdout_and_nothing_on_stderr(
    serenade_prepare: Prepare, clips: Path, tmp_path: Path
) -> None:
    out = tmp_path / "store"
    ran = serenade_prepare(clips, "--corpus", "cremad", "--out", out, "--augment", "2", "--jobs", "1")
    assert ran.returncode == 0, ran.stderr
    assert "3 clips and 6 variants, 0.00 h: 9 ok" in ran.stdout
    assert str(out) in ran.stdout
    assert ran.stderr == ""
    assert len(Store.open(out)) == 9


def test_run_again_it_says_that_it_is_done(serenade_prepare: Prepare, clips: Path, tmp_path: Path) -> None:
    serenade_prepare(clips, "--corpus", "cremad", "--out", tmp_path / "store", "--jobs", "1")
    ran = serenade_prepare(clips, "--corpus", "cremad", "--out", tmp_path / "store", "--jobs", "1")
    assert ran.returncode == 0
    assert "already prepared: all 3 clips" in ran.stderr


def test_a_bad_clip_is_named_and_exits_with_0_or_strictly_with_1(
    serenade_prepare: Prepare, clips: Path, tmp_path: Path
) -> None:
    (clips / "1002_DFA_ANG_XX.wav").write_bytes(b"no sound")
    for strict, status in (([], 0), (["--strict"], 1)):
        ran = serenade_prepare(
            clips, "--corpus", "cremad", "--out", tmp_path / "store", "--jobs", "1", *strict
        )
        assert ran.returncode == status
        assert "1002_DFA_ANG_XX.wav: unreadable: " in ran.stderr
        assert "1 unreadable" in ran.stdout


def test_incomplete_recordings_and_ends_outside_them_are_counted_and_named(
    serenade_prepare: Prepare, clips: Path, tmp_path: Path
) -> None:
    """As `inspect` does; they are used, so that --strict does not refuse them."""
    names = sorted(file.name for file in clips.iterdir())
    cut = clips / names[0]
    cut.write_bytes(cut.read_bytes()[:8000])
    rows = [f"{names[0]},anger,1,,", f"{names[1]},fear,1,0.1,0.4"]
    rows += [f"{names[2]},joy,{n:02},0.{n},{90 + n}" for n in range(4)]
    (clips / "m.csv").write_text("file,emotion,speaker,start,end\n" + "\n".join(rows) + "\n")
    ran = serenade_prepare(clips / "m.csv", "--out", tmp_path / "store", "--jobs", "1", "--strict")
    assert ran.returncode == 0, ran.stderr
    assert "6 clips and 0 variants, 0.00 h: 6 ok" in ran.stdout
    assert "\n1 clip of incomplete files: used as far as they go\n" in ran.stdout
    assert "\n4 clips with an end after that of the recording: cut there\n" in ran.stdout
    assert (
        "\nwarning: 1 speaker with several spellings, each counted as one person (1 (2 clips) = 01 (1 clip))"
        in (ran.stdout)
    )
    warnings = ran.stderr.splitlines()
    assert warnings[0] == (
        f"{cut}: warning: the file is cut short: it holds 7,956 of the 16,000 bytes that its header states"
    )
    outside = f"{clips / names[2]}: warning: the end {{}} s is after the end of the recording (0.5 s)"
    assert warnings[1:] == [outside.format(90 + n) for n in range(4)]


def test_warnings_beyond_the_first_are_counted(
    serenade_prepare: Prepare, clips: Path, tmp_path: Path
) -> None:
    name = next(clips.iterdir()).name
    rows = [f"{name},fear,1,0.0{n:02},{90 + n}" for n in range(12)]
    (clips / "m.csv").write_text("file,emotion,speaker,start,end\n" + "\n".join(rows) + "\n")
    ran = serenade_prepare(clips / "m.csv", "--out", tmp_path / "store", "--jobs", "1")
    assert len(ran.stderr.splitlines()) == 11
    assert ran.stderr.splitlines()[-1] == f"… and 2 more: column note of {tmp_path / 'store' / 'index.csv'}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fe.json", '{"n_mels": 40, "hop": 160}'),
        ("fe.toml", "n_mels = 40\nhop = 160"),
        ("recipe.toml", "name = 'x'\n[front_end]\nn_mels = 40\nhop = 160"),
    ],
)
def test_front_end_from_a_file(
    serenade_prepare: Prepare, clips: Path, tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    out = tmp_path / "store"
    ran = serenade_prepare(
        clips, "--corpus", "cremad", "--out", out, "--jobs", "1", "--front-end", tmp_path / name
    )
    assert ran.returncode == 0, ran.stderr
    front_end = Store.open(out).front_end
    assert (front_end.n_mels, front_end.hop) == (40, 160)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"n_mel": 40}', "did you mean 'n_mels'"),
        ("{", "neither JSON nor TOML"),
        ("[]", "does not have the fields"),
    ],
)
def test_a_wrong_front_end_is_one_sentence(
    serenade_prepare: Prepare, clips: Path, tmp_path: Path, content: str, sentence: str
) -> None:
    (tmp_path / "fe.json").write_text(content)
    ran = serenade_prepare(clips, "--out", tmp_path / "store", "--front-end", tmp_path / "fe.json")
    assert ran.returncode == 1
    assert sentence in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_what_cannot_be_used_is_one_sentence(serenade_prepare: Prepare, clips: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments in (
        [empty, "--out", tmp_path / "store"],
        [tmp_path / "none", "--out", tmp_path / "store"],
        [clips, "--corpus", "cremad", "--out", clips],
        [clips, "--corpus", "cremad", "--out", clips / "1001_DFA_ANG_XX.wav"],
        [clips, "--corpus", "cremed", "--out", tmp_path / "store"],
        [clips, "--corpus", "cremad", "--out", tmp_path / "store", "--metadata", empty],
        [clips, "--corpus", "ravdess", "--out", tmp_path / "store", "--metadata", empty],
        [clips, "--corpus", "cremad", "--out", tmp_path / "store", "--speakers-from", "nobody"],
    ):
        ran = serenade_prepare(*arguments)
        assert ran.returncode == 1, arguments
        assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr


@pytest.mark.parametrize("arguments", [[], ["--augment", "9"], ["--jobs", "0"]])
def test_wrong_arguments_exit_with_2(
    serenade_prepare: Prepare, clips: Path, tmp_path: Path, arguments: list[str]
) -> None:
    out = ["--out", tmp_path / "store"] if arguments else []
    assert serenade_prepare(clips, *out, *arguments).returncode == 2
    assert not (tmp_path / "store").exists()


def test_without_pandas_it_says_what_to_install(clips: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_PANDAS, "prepare", str(clips), "--out", str(tmp_path / "s")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "pip install 'serenade[train]'" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_metadata_of_another_corpus_than_cremad(
    serenade_prepare: Prepare, clips: Path, tmp_path: Path
) -> None:
    """Issue 18, 2.15: with the corpus's name and without."""
    folder = tmp_path / "nemo"
    folder.mkdir()
    (clips / "1001_DFA_ANG_XX.wav").rename(folder / "WR0_anger_1.wav")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "data.tsv").write_text(
        "file_id\temotion\traw_text\tspeaker_id\tgender\tage\nWR0_anger_1.wav\tanger\tA\tWR0\tmale\t23\n"
    )
    for number, name in enumerate((["--corpus", "nemo"], [])):
        out = tmp_path / f"store{number}"
        ran = serenade_prepare(folder, *name, "--metadata", tmp_path / "tables", "--out", out, "--jobs", "1")
        assert ran.returncode == 0, ran.stderr
        index = Store.open(out).index
        assert index[["corpus", "sex", "age"]].to_numpy().tolist() == [["nemo", "male", 23]]


def test_speakers_from_file_names(serenade_prepare: Prepare, clips: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    rows = "".join(f"{file},anger\n" for file in sorted(clips.glob("*.wav")))
    table.write_text(f"clip,class\n{rows}")
    ran = serenade_prepare(table, "--out", tmp_path / "a", "--jobs", "1")
    assert ran.stdout.count("a split is then random by file") == 1
    ran = serenade_prepare(
        table, "--speakers-from", "name:^([0-9]+)_", "--out", tmp_path / "b", "--jobs", "1"
    )
    assert ran.returncode == 0, ran.stderr
    assert set(Store.open(tmp_path / "b").index["speaker"]) == {"1001"}
    assert "random by file" not in ran.stdout
