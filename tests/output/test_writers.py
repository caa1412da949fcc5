from __future__ import annotations

import csv
import io
import json

import pytest

from serenade.errors import UnsupportedMedia
from serenade.inference.prediction import Failure, ModelName, Prediction, Quality
from serenade.inference.summary import merged
from serenade.output.table import table
from serenade.output.writers import FORMATS, write

LABELS = ("anger", "fear", "neutral")
MODEL = ModelName(name="toy", version="1", license="MIT")


def stretch(start, end, scores, *, file="a b.wav", speech=1.0, unsure_below=0.4):
    quality = Quality(duration_s=end - start, speech_ratio=speech, level_dbfs=-20.0, clipped=False)
    return Prediction.of(
        scores, quality=quality, model=MODEL, start=start, end=end, file=file, unsure_below=unsure_below
    )


ANGRY = {"anger": 0.8, "fear": 0.1, "neutral": 0.1}
CALM = {"anger": 0.1, "fear": 0.2, "neutral": 0.7}
TORN = {"anger": 0.34, "fear": 0.33, "neutral": 0.33}
TIMELINE = [
    stretch(0.0, 2.5, ANGRY),
    stretch(2.5, 5.0, ANGRY | {"anger": 0.6, "fear": 0.3}),
    stretch(5.0, 7.5, {}, speech=0.0),
    stretch(7.5, 10.0, TORN),
    stretch(10.0, 3661.25, CALM),
]
FAILURE = Failure(file="b.txt", error=UnsupportedMedia("is text, not sound", file="b.txt"))


def text(format, recordings):
    return "".join(write(format, recordings, labels=LABELS))


def test_neighbours_of_one_emotion_become_one_stretch():
    runs = [(run.start, run.end, run.emotion, run.state) for run in merged(TIMELINE)]
    assert runs == [
        (0.0, 5.0, "anger", "ok"),
        (5.0, 7.5, None, "no_speech"),
        (7.5, 10.0, "anger", "unsure"),
        (10.0, 3661.25, "neutral", "ok"),
    ]
    assert next(merged(TIMELINE)).confidence == pytest.approx(0.7)


def test_csv_has_a_column_a_label_and_one_for_errors():
    rows = list(csv.DictReader(io.StringIO(text("csv", [[TIMELINE[0]], [TIMELINE[2]], [FAILURE]]))))
    assert list(rows[0]) == [
        "file", "start", "end", "emotion", "confidence", "state",
        "score_anger", "score_fear", "score_neutral", "error",
    ]  # fmt: skip
    assert rows[0] | {"file": ""} == {
        "file": "", "start": "0.0", "end": "2.5", "emotion": "anger", "confidence": "0.8000", "state": "ok",
        "score_anger": "0.8000", "score_fear": "0.1000", "score_neutral": "0.1000", "error": "",
    }  # fmt: skip
    assert (rows[1]["state"], rows[1]["emotion"], rows[1]["score_anger"]) == ("no_speech", "", "")
    assert (rows[2]["file"], rows[2]["state"], rows[2]["error"]) == ("b.txt", "error", "is text, not sound")


def test_json_is_an_array_whatever_the_number():
    assert json.loads(text("json", [])) == []
    assert json.loads(text("json", [[TIMELINE[0]]])) == [TIMELINE[0].to_dict()]
    content = json.loads(text("json", [TIMELINE, [FAILURE]]))
    assert len(content) == 6
    assert content[-1]["error"]["code"] == "unsupported_media"


def test_json_lines_are_one_object_each():
    lines = text("jsonl", [TIMELINE, [FAILURE]]).splitlines()
    assert [json.loads(line)["file"] for line in lines] == ["a b.wav"] * 5 + ["b.txt"]


def test_vtt():
    assert text("vtt", [TIMELINE]) == (
        "WEBVTT\n"
        "\n00:00:00.000 --> 00:00:05.000\nanger 70%\n"
        "\n00:00:07.500 --> 00:00:10.000\nanger? 34%\n"
        "\n00:00:10.000 --> 01:01:01.250\nneutral 70%\n"
    )


def test_srt():
    assert text("srt", [TIMELINE]).startswith(
        "1\n00:00:00,000 --> 00:00:05,000\nanger 70%\n\n2\n00:00:07,500 --> 00:00:10,000\n"
    )


def test_rttm_has_ten_fields_a_line():
    lines = [line.split(" ") for line in text("rttm", [TIMELINE, [FAILURE]]).splitlines()]
    assert {len(line) for line in lines} == {10}
    assert lines[0] == ["SPEAKER", "a_b", "1", "0.000", "5.000", "<NA>", "<NA>", "anger", "0.7000", "<NA>"]
    assert [line[7] for line in lines] == ["anger", "unsure", "neutral"]


def test_textgrid_covers_the_whole_recording_without_gaps():
    lines = [line.strip() for line in text("textgrid", [TIMELINE]).splitlines()]
    assert lines[0] == 'File type = "ooTextFile"'
    assert "intervals: size = 4" in lines
    begins = [float(line.split()[-1]) for line in lines if line.startswith("xmin")][2:]
    ends = [float(line.split()[-1]) for line in lines if line.startswith("xmax")][2:]
    assert begins[1:] == ends[:-1]
    assert [line for line in lines if line.startswith("text")][1] == 'text = ""'


def test_audformat_times_are_read_by_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(io.StringIO(text("audformat", [TIMELINE, [FAILURE]])))
    assert list(frame.columns[:3]) == ["file", "start", "end"]
    assert frame["start"][1] == "0 days 00:00:02.500000"
    assert list(pandas.to_timedelta(frame["end"]).dt.total_seconds()) == [2.5, 5.0, 7.5, 10.0, 3661.25]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_takes_no_answers_at_all(format):
    text(format, [])


def test_table_has_a_column_a_label_where_there_is_room():
    lines = list(table([TIMELINE[:3], [FAILURE]], labels=LABELS, files=["a b.wav", "b.txt"], times=True))
    assert lines[0].split() == ["file", "start", "end", "emotion", *LABELS]
    assert lines[1].split()[2:] == ["0:00:00.0", "0:00:02.5", "anger", "0.80", "0.10", "0.10"]
    assert lines[3].rstrip().endswith("no speech")
    assert lines[4] == "b.txt    cannot be read: is text, not sound\n"


def test_a_narrow_table_shows_the_likeliest_and_says_so():
    lines = list(table([[TIMELINE[3]]], labels=LABELS, files=["a b.wav"], width=40))
    assert "(--format csv has all)" in lines[0]
    assert lines[1].split(maxsplit=4)[2:] == ["unsure", "(anger)", "anger 0.34  fear 0.33  neutral 0.33\n"]


def test_a_long_path_keeps_its_end():
    path = "/very/long" * 20 + "/clip.wav"
    lines = list(table([[stretch(0, 1, CALM, file=path)]], labels=LABELS, files=[path]))
    assert lines[1].startswith("…")
    assert lines[1].split()[0].endswith("/clip.wav")
