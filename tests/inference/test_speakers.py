"""What `--speakers` names."""

from __future__ import annotations

from pathlib import Path

import pytest

from serenade.errors import UnsupportedMedia
from serenade.inference.speakers import Speakers, Turn, read_speaker_column, read_speakers

RTTM = """;; made by a diarizer
SPKR-INFO call 1 <NA> <NA> <NA> unknown Ann <NA> <NA>
SPEAKER call 1 0.0 4.0 <NA> <NA> Ann <NA> <NA>
SPEAKER call 1 4.0 3.0 <NA> <NA> Bob <NA> <NA>
SPEAKER talk.wav 1 0 100 <NA> <NA> Ann <NA> <NA>
SPEAKER other 1 0 1 <NA> <NA> Eve <NA> <NA>
"""


@pytest.fixture
def files(tmp_path):
    return [tmp_path / "calls" / name for name in ("call.wav", "talk.wav", "sub/a.wav", "sub2/deep/b.wav")]


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_speaker_of_a_time_is_the_one_who_talks_most():
    turns = [Turn(speaker="A", end=4.0), Turn(speaker="B", start=3.0, end=9.0), Turn(speaker="A", start=8.5)]
    speakers = Speakers(turns={"x": turns})
    assert speakers.of("x", start=0, end=5) == "A"
    assert speakers.of("x", start=2, end=8) == "B"
    assert speakers.of("x", start=100, end=101) == "A"
    assert speakers.of("x", start=3.0, end=4.0) == ""  # both, equally long
    assert speakers.of("y", start=0, end=5) == ""


def test_rttm_names_recordings_with_or_without_suffix(tmp_path, files):
    speakers = read_speakers(written(tmp_path / "turns.rttm", RTTM), files)
    assert speakers.unknown == ("other",)
    assert [speakers.of(str(files[0]), start=start, end=start + 2) for start in (0, 4, 8)] == [
        "Ann",
        "Bob",
        "",
    ]
    assert speakers.of(str(files[1]), start=50, end=52) == "Ann"


def test_csv_names_whole_recordings_or_times(tmp_path, files):
    text = "file,start,end,speaker\ncalls/call.wav,,,Ann\ntalk.wav,0,5,Ann\ntalk.wav,5.0,9.0,Bob\na,,,\n"
    speakers = read_speakers(written(tmp_path / "s.csv", "\ufeff" + text), files)
    assert speakers.of(str(files[0]), start=1000, end=1001) == "Ann"
    assert [speakers.of(str(files[1]), start=start, end=start + 1) for start in (1, 6, 9)] == [
        "Ann",
        "Bob",
        "",
    ]
    assert speakers.unknown == ()
    short = read_speakers(written(tmp_path / "t.csv", "speaker,file\nAnn,call.wav\n"), files)
    assert short.of(str(files[0]), start=0, end=1) == "Ann"


def test_each_sub_folder_of_the_folder_that_was_passed_is_a_speaker(tmp_path, files):
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
    calls = tmp_path / "calls"
    speakers = read_speakers("folder", files, folders=[calls])
    names = [speakers.of(str(file), start=0, end=1) for file in files]
    assert names == ["", "", str(calls / "sub"), str(calls / "sub2")]
    both = read_speakers("folder", files[1:], folders=[calls / "sub", calls])
    names = [both.of(str(file), start=0, end=1) for file in files[1:]]
    assert names == [str(calls), str(calls / "sub"), str(calls / "sub2")]
    assert read_speakers("folder", files[2:]).of(str(files[2]), start=0, end=1) == str(calls / "sub")
    with pytest.raises(UnsupportedMedia, match="the recordings are in no sub-folder"):
        read_speakers("folder", files[:2], folders=[calls])


def test_a_column_of_the_table_of_texts(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("text,who\nHello,Ann\nBye,\n")
    speakers = read_speaker_column("column:who", table, ["1", "2"])
    assert [speakers.of(name, start=0, end=1) for name in ("1", "2")] == ["Ann", ""]
    with pytest.raises(UnsupportedMedia, match=r"t\.csv: has no column 'whom', but 'text', 'who'"):
        read_speaker_column("column:whom", table, ["1", "2"])


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("s.csv", "file,name\na,b\n", "has no column 'speaker', but 'file', 'name'"),
        ("s.csv", "", "has no column 'file' and no column 'speaker', but nothing"),
        ("s.csv", "file,speaker\n", "has no speakers"),
        ("s.csv", "file,speaker\n,Ann\n", "line 2 has no file"),
        ("s.csv", "file,speaker,start\ncall.wav,Ann,soon\n", "line 2 has 'soon' where seconds are needed"),
        ("s.csv", "file,speaker,start,end\ncall.wav,Ann,5,4\n", "line 2 ends at 4 s, before its start"),
        (
            "s.csv",
            "file,speaker,start,end\ncall.wav,Ann,5,inf\n",
            "line 2 has 'inf' where seconds are needed",
        ),
        (
            "s.csv",
            "file,speaker\ncall.wav,Ann\nb.wav,Ann\ncall.wav,Bob\n",
            "s.csv: lines 2 and 4 name two speakers of 'call.wav', 'Ann' and 'Bob', without times; add",
        ),
        ("s.csv", "file,speaker\nx.wav,Ann\n", "names none of the 4 recordings; it names 'x.wav'"),
        ("s.rttm", "hello\n", "has no line that begins with SPEAKER"),
        ("s.rttm", "SPEAKER call 1 0\n", "line 1 has 4 of the 8 fields of RTTM|line 1 has 4 fields"),
        ("s.rttm", "SPEAKER call 1 -1 2 <NA> <NA> A <NA>\n", "line 1 has '-1' where seconds are needed"),
        ("s.rttm", "SPEAKER call 1 nan 2 <NA> <NA> A <NA>\n", "line 1 has 'nan' where seconds are needed"),
        ("s.txt", "", "takes an RTTM file .* not '"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, files, name, text, reason):
    with pytest.raises(UnsupportedMedia, match=reason) as error:
        read_speakers(written(tmp_path / name, text), files)
    assert "\n" not in str(error.value)


def test_a_file_that_is_missing_or_not_text_is_named(tmp_path, files):
    with pytest.raises(UnsupportedMedia, match=r"s\.csv: there is no such file"):
        read_speakers(str(tmp_path / "s.csv"), files)
    (tmp_path / "b.rttm").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnsupportedMedia, match=r"b\.rttm: is not readable as UTF-8 text"):
        read_speakers(str(tmp_path / "b.rttm"), files)


def test_a_name_that_fits_two_recordings_is_refused(tmp_path):
    files = [tmp_path / "mon" / "a.wav", tmp_path / "tue" / "a.wav"]
    with pytest.raises(UnsupportedMedia, match="names 'a', which could be 2 recordings"):
        read_speakers(written(tmp_path / "s.rttm", RTTM.replace("call", "a")), files)
    table = written(tmp_path / "s.csv", "file,speaker\nmon/a.wav,Ann\ntue/a.wav,Bob\n")
    speakers = read_speakers(table, files)
    assert [speakers.of(str(file), start=0, end=1) for file in files] == ["Ann", "Bob"]
