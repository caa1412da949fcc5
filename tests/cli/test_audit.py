"""`serenade audit`: exit codes and what is printed."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def folders(corpus, tmp_path):
    """Two speakers in train, one in test."""
    for part, speakers in (("train", (1001, 1002)), ("test", (1003,))):
        (tmp_path / part).mkdir()
        for file in corpus.glob("*.wav"):
            if file.name.startswith(tuple(map(str, speakers))):
                shutil.copy(file, tmp_path / part)
    return tmp_path / "train", tmp_path / "test"


def test_clean_is_0_and_a_leak_is_1(serenade, folders, corpus, tmp_path):
    ran = serenade("audit", *folders, "--names-only")
    assert (ran.status, ran.stderr) == (0, "")
    assert "No leak between train (12 clips) and test (6 clips). Not checked: same file" in " ".join(
        ran.stdout.split()
    )
    shutil.copy(corpus / "1001_DFA_ANG_XX.wav", folders[1])
    out = tmp_path / "audit.html"
    ran = serenade("audit", *folders, "--out", out)
    assert ran.status == 1
    assert "1 of 7 clips of test is of 1 speaker" in " ".join(ran.stdout.split())
    assert ran.stdout.splitlines()[-1] == str(out)
    assert out.read_text().startswith("<!DOCTYPE html>")


def test_wrong_arguments(serenade, folders, tmp_path):
    assert serenade("audit", *folders, *folders).status == 2
    assert serenade("audit", *folders, "--out", tmp_path / "a.txt").status == 2
    lists = tmp_path / "list.csv"
    lists.write_text("file,split\n1.wav,train\n2.wav,test\n")
    assert serenade("audit", lists, "--out", lists).is_one_sentence()
    assert lists.read_text().startswith("file,split")
    assert serenade("audit", tmp_path / "none", folders[1]).is_one_sentence()


def test_nothing_compared_is_an_error(serenade, tmp_path):
    for part in ("train", "test"):
        (tmp_path / f"{part}.csv").write_text(f"file\n{part}_gone.wav\n")
    ran = serenade("audit", tmp_path / "train.csv", tmp_path / "test.csv")
    assert ran.is_one_sentence()
    assert "none of the 2 recordings was found, so no sound was compared; name their folder" in ran.stderr
    assert serenade("audit", tmp_path / "train.csv", tmp_path / "test.csv", "--names-only").status == 0


def test_a_time_that_no_recording_has_is_refused(serenade, tmp_path):
    (tmp_path / "list.csv").write_text("file,split,start\na.wav,train,1e300\nb.wav,test,0\n")
    ran = serenade("audit", tmp_path / "list.csv", "--names-only")
    assert ran.is_one_sentence()
    assert "the time '1e300' is neither seconds nor h:mm:ss" in ran.stderr


def test_an_output_that_cannot_be_written_is_found_before_the_work(serenade, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "a.html").mkdir()
    for out in (tmp_path / "file" / "a.html", tmp_path / "a.html"):
        # The lists do not exist, which would be found next.
        ran = serenade("audit", tmp_path / "none", tmp_path / "gone", "--out", out)
        assert ran.is_one_sentence()
        assert f"{out}: cannot be written" in ran.stderr
