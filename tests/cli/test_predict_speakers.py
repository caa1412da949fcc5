"""`serenade predict --speakers`."""

from __future__ import annotations

import csv
import json
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from serenade import load_model
from serenade.output import adapted as adapted_module

TOY = runpy.run_path(str(Path(__file__).parents[1] / "toy_model.py"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return TOY["write_toy_adapted_model"](tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture
def calls(tmp_path):
    """Two speakers recorded quietly, one with two clips, one clip of nobody; even numbers are anger."""
    folder = tmp_path / "calls"
    TOY["write_speaker"](folder / "ann")
    TOY["write_speaker"](folder / "bob", level=0.09)
    TOY["write_speaker"](folder / "eve", clips=2)
    TOY["write_voice"](folder / "nobody.wav", 1.2, level=0.08)
    return folder


def results_of(text):
    return [json.loads(line) for line in text.splitlines()]


def emotion_of(results):
    return {"/".join(Path(row["file"]).parts[-2:]): row["emotion"] for row in results}


def test_each_sub_folder_is_adapted_to_its_own_recordings(serenade, calls, model):
    plain = serenade("predict", calls, "-m", model, "--format", "jsonl")
    assert set(emotion_of(results_of(plain.stdout)).values()) == {"neutral"}
    assert "adapted" not in plain.stderr
    ran = serenade("predict", calls, "-m", model, "--speakers", "folder", "--format", "jsonl")
    assert ran.status == 0, ran.stderr
    results = results_of(ran.stdout)
    assert [row["file"] for row in results] == [row["file"] for row in results_of(plain.stdout)]
    for name, emotion in emotion_of(results).items():
        speaker, number = name.split("/")
        is_angry = speaker in ("ann", "bob") and int(number[0]) % 2 == 0
        assert emotion == ("anger" if is_angry else "neutral"), name
    weights = {Path(row["file"]).parent.name: row.get("adaptation") for row in results}
    assert weights["ann"] > 0.8
    assert (weights["eve"], weights["calls"]) == (0, None)
    assert (
        "19 recordings predicted, 16 adapted to their speaker, 2 not adapted: too few clips or too similar "
        "ones, 1 not adapted: without a speaker"
    ) in ran.stderr
    assert "adapted to 2 of 3 speakers" in ran.stderr


def test_recordings_that_are_not_adapted_keep_their_scores(serenade, calls, model):
    plain, ran = (
        results_of(serenade("predict", calls, "-m", model, "--format", "jsonl", *more).stdout)
        for more in ((), ("--speakers", "folder"))
    )
    for before, after in zip(plain, ran, strict=True):
        if not after.pop("adaptation", 0):
            after.pop("speaker", None)
            assert after == before


def test_it_equals_a_model_that_enrols_the_speaker(serenade, calls, model):
    ran = serenade("predict", calls / "ann", "-m", model, "--speakers", "folder", "--format", "jsonl")
    assert "the recordings are in no sub-folder" in ran.stderr
    table = calls / "speakers.csv"
    table.write_text("file,speaker\n" + "".join(f"ann/{n}.wav,Ann\n" for n in range(8)))
    ran = serenade("predict", calls / "ann", "-m", model, "--speakers", table, "--format", "jsonl")
    files = sorted((calls / "ann").glob("*.wav"))
    adapted = load_model(model).enrol(files)
    assert results_of(ran.stdout) == [
        replace(adapted.predict(file), speaker="Ann").to_dict() for file in files
    ]


def test_the_windows_of_a_timeline_belong_to_who_talks(serenade, calls, model, toy, tmp_path):
    import numpy as np
    import soundfile

    loud = [toy.voice(5, level=0.08 / (6 if n % 2 else 1), seed=n) for n in range(8)]
    bright = [toy.voice(5, level=0.6, seed=n) for n in range(2)]
    soundfile.write(tmp_path / "talk.wav", np.concatenate([*loud, *bright]), 16_000)
    (tmp_path / "talk.rttm").write_text(
        "SPEAKER talk 1 0 40 <NA> <NA> Ann <NA> <NA>\nSPEAKER talk 1 40 10 <NA> <NA> Bob <NA> <NA>\n"
        "SPEAKER gone 1 40 10 <NA> <NA> Bob <NA> <NA>\n"
    )
    arguments = ("predict", tmp_path / "talk.wav", "-m", model, "--format", "jsonl")
    ran = serenade(*arguments, "--timeline", "--hop", "5", "--speakers", tmp_path / "talk.rttm")
    rows = results_of(ran.stdout)
    assert [row["emotion"] for row in rows] == ["anger", "neutral"] * 4 + ["anger"] * 2
    assert [row["adaptation"] > 0 for row in rows] == [True] * 8 + [False] * 2
    assert "talk.rttm: 'gone' not among the recordings" in ran.stderr
    assert "10 segments (8 adapted to their speaker, 2 not adapted: too few" in ran.stderr
    whole = serenade(*arguments, "--speakers", tmp_path / "talk.rttm")
    (row,) = results_of(whole.stdout)
    assert 0 < row["adaptation"] < 1


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
def test_a_file_is_the_same_as_stdout_and_nothing_is_left_beside_it(serenade, calls, model, tmp_path, suffix):
    arguments = ("predict", calls, "-m", model, "--speakers", "folder")
    out = tmp_path / "out" / f"o{suffix}"
    ran = serenade(*arguments, "-o", out)
    assert ran.status == 0, ran.stderr
    assert out.read_text() == serenade(*arguments, "--format", suffix[1:]).stdout
    left = {file.name for file in out.parent.iterdir()}
    assert left - {out.name, f".{out.name}.run.json"} == set()


def test_an_interrupted_run_is_continued_in_either_pass(serenade, calls, model, tmp_path, monkeypatch):
    out = tmp_path / "o.jsonl"
    arguments = ("predict", calls, "-m", model, "--speakers", "folder")
    expected = serenade(*arguments, "--format", "jsonl").stdout
    predicted = []
    extend = adapted_module.ResumableFile.extend

    def counted(self, recordings):
        for recording in extend(self, recordings):
            predicted.append(recording[0].file)
            if len(predicted) == 5:
                raise KeyboardInterrupt
            yield recording

    monkeypatch.setattr(adapted_module.ResumableFile, "extend", counted)
    assert serenade(*arguments, "-o", out).status == 130
    assert not out.exists()
    first = list(predicted)
    assert len(first) == 5
    # The second run predicts the others and is interrupted when it has adapted some.
    adapted = adapted_module.AdaptedPredictions._adapted
    seen = []

    def interrupted(self, recording):
        seen.append(recording[0].file)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return adapted(self, recording)

    monkeypatch.setattr(adapted_module.AdaptedPredictions, "_adapted", interrupted)
    assert serenade(*arguments, "-o", out).status == 130
    assert not out.exists()
    monkeypatch.setattr(adapted_module.AdaptedPredictions, "_adapted", adapted)
    again = []
    first_pass = load_model(model).segments_files

    def recorded(self, files, **options):
        files = list(files)
        again.extend(files)
        return first_pass(files, **options)

    monkeypatch.setattr("serenade.inference.model.Model.segments_files", recorded)
    ran = serenade(*arguments, "-o", out)
    assert ran.status == 0, ran.stderr
    assert again == []
    assert out.read_text() == expected
    assert "of these by an earlier run" in ran.stderr
    assert {file.name for file in tmp_path.iterdir()} == {"calls", "o.jsonl", ".o.jsonl.run.json"}
    assert "is complete already" in serenade(*arguments, "-o", out).stderr


def test_other_recordings_or_speakers_are_another_run(serenade, calls, model, tmp_path):
    out, table = tmp_path / "o.csv", tmp_path / "s.csv"
    table.write_text("file,speaker\n" + "".join(f"calls/ann/{n}.wav,Ann\n" for n in range(8)))
    arguments = ("predict", calls, "-m", model, "--speakers", table, "-o", out)
    assert serenade(*arguments).status == 0
    table.write_text(table.read_text().replace("7.wav,Ann", "7.wav,Bob"))
    ran = serenade(*arguments)
    assert ran.is_one_sentence()
    assert "is the output of another run (file of speakers " in ran.stderr
    assert serenade(*arguments, "--overwrite").status == 0
    TOY["write_voice"](calls / "ann" / "8.wav", 1.2)
    ran = serenade(*arguments)
    assert "is the output of another run (recordings " in ran.stderr
    assert serenade(*arguments, "--overwrite").status == 0
    assert len(list(csv.DictReader(out.open()))) == 20


def test_a_recording_that_cannot_be_read_is_named_and_the_others_are_adapted(serenade, calls, model):
    (calls / "ann" / "0.wav").write_text("not sound")
    ran = serenade("predict", calls, "-m", model, "--speakers", "folder", "--format", "jsonl")
    assert ran.status == 0
    assert results_of(ran.stdout)[0]["error"]["code"] == "unsupported_media"
    assert f"{calls / 'ann' / '0.wav'}: " in ran.stderr
    assert "15 adapted to their speaker" in ran.stderr


def test_what_cannot_be_is_one_sentence(serenade, calls, model, tmp_path):
    toy = TOY["write_toy_model"](tmp_path / "plain.onnx")
    ran = serenade("predict", calls, "-m", toy, "--speakers", "folder")
    assert ran.is_one_sentence()
    assert "has no speaker adaptation" in ran.stderr
    ran = serenade("predict", calls, "-m", model, "--speakers", "nonsense")
    assert ran.is_one_sentence()
    assert "--speakers takes an RTTM file" in ran.stderr
    table = tmp_path / "s.csv"
    table.write_text("file,speaker\ncalls/ann/0.wav,Ann\n")
    ran = serenade("predict", calls, "-m", model, "--speakers", table, "-o", table)
    assert ran.is_one_sentence()
    assert "would be overwritten" in ran.stderr
    assert serenade("predict", calls, "-m", model, "--speakers", "column:x").status == 2
    assert serenade("predict", calls, "-m", model, "--speakers", table, "--figures", tmp_path).status == 2


def test_a_column_of_the_table_of_utterances(serenade, calls, model, tmp_path):
    files = sorted((calls / "ann").glob("*.wav"))
    table = tmp_path / "t.csv"
    table.write_text("file,actor\n" + "".join(f"{file},Ann\n" for file in files))
    arguments = ("predict", "--text", table, "-m", model, "--format", "jsonl")
    ran = serenade(*arguments, "--speakers", "column:actor")
    assert ran.status == 0, ran.stderr
    assert [row["emotion"] for row in results_of(ran.stdout)] == ["anger", "neutral"] * 4
    assert "8 adapted to their speaker" in ran.stderr
    assert "has no column 'actress'" in serenade(*arguments, "--speakers", "column:actress").stderr
