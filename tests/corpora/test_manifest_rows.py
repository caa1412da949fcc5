"""Manifests in all spellings of CSV, and those that are damaged."""

from __future__ import annotations

import math

import pytest

from serenade.corpora import read_corpus
from serenade.errors import CorpusError

ROWS = [("a.wav", "anger", "anna"), ("b.wav", "fear", "ben"), ("c.wav", "anger", "cleo")]


def text(rows=ROWS, *, separator=",", end="\n", head=("file", "emotion", "speaker")):
    return "".join(separator.join(row) + end for row in (head, *rows))


def read(folder, content, name="m.csv"):
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_corpus(file)


def refused(folder, content):
    """The message of the refusal, without the file."""
    with pytest.raises(CorpusError) as caught:
        read(folder, content)
    assert caught.value.file == str(folder / "m.csv")
    return caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        text(),
        text(end="\r\n"),
        text(end="\r"),
        text(separator=";"),
        text(separator="\t"),
        b"\xef\xbb\xbf" + text(separator=";", end="\r\n").encode(),
        "\n\n" + text(),
        "sep=;\r\n" + text(separator=";", end="\r\n"),
        '"sep=,"\n' + text(),
        text(head=("FILE", "Emotion", "SPEAKER")),
        text(head=("\u00a0file\u200b", "emotion", "speaker\u00a0")),
        text([(f'"{a}" ', f' "{b}" ', f" {c} ") for a, b, c in ROWS]),
        text([(a, f"{b}\u200b", f"\u00a0{c}") for a, b, c in ROWS]),
        text([(*row, "", "") for row in ROWS], head=("file", "emotion", "speaker", "", "")),
        text([(str(i), *row) for i, row in enumerate(ROWS)], head=("", "file", "emotion", "speaker")),
        text(ROWS[:1]) + text(ROWS[1:]),
        text(ROWS[:1]) + text(ROWS[1:], head=("File", "EMOTION", "speaker")),
        text(ROWS[:1]) + "\ufeff" + text(ROWS[1:]),
    ],
)
def test_spellings_of_one_table(tmp_path, content):
    table = read(tmp_path, content)
    assert [file.rsplit("/", 1)[-1] for file in table["file"]] == ["a.wav", "b.wav", "c.wav"]
    assert table["emotion"].tolist() == ["anger", "fear", "anger"]
    assert table["speaker"].tolist() == ["anna", "ben", "cleo"]
    assert "" not in table.columns


def test_repeated_headers_and_unnamed_columns_are_counted(tmp_path):
    assert "1 repeated header line: skipped" in read(tmp_path, text(ROWS[:1]) + text()).attrs["notes"]
    indexed = text([(str(i), *row) for i, row in enumerate(ROWS)], head=("", "file", "emotion", "speaker"))
    assert "1 column without a name: skipped" in read(tmp_path, indexed).attrs["notes"]


def test_the_case_of_the_column_corpus_does_not_matter(tmp_path):
    content = text([(*row, "one") for row in ROWS], head=("file", "emotion", "speaker", "Corpus"))
    assert set(read(tmp_path, content)["corpus"]) == {"one"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_named(tmp_path, encoding):
    """Issue 18, 3.7: with a BOM and without."""
    message = refused(tmp_path, text().encode(encoding))
    assert message == f"is {encoding.upper()} text, not UTF-8; save it as CSV in UTF-8"
    with pytest.raises(CorpusError, match=f"is {encoding.upper()} text"):
        read_corpus(tmp_path)


def test_another_encoding_is_named_with_its_line(tmp_path):
    content = text().encode() + "d.wav,fröhlich,jörg\n".encode("latin-1")
    assert refused(tmp_path, content) == "line 5 is not UTF-8 (byte 0xf6); save it as CSV in UTF-8"


def test_a_nul_character_is_named_with_its_line(tmp_path):
    assert refused(tmp_path, text() + "a\0.wav,joy,x\n") == (
        "line 5 has a NUL character; save it as CSV in UTF-8"
    )


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("column", range(3))
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_an_unclosed_quote_is_found_in_its_line(tmp_path, row, column, separator):
    rows = [list(cells) for cells in ROWS]
    rows[row][column] = f'"{rows[row][column]}'
    message = refused(tmp_path, text(rows, separator=separator))
    assert message == f"line {row + 2} has a quote that is never closed; close it, or remove it"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        # The quote is closed by that of a later row, at the start of a cell or at its end.
        (['"a.wav,anger,anna', 'b.wav,"fear",ben'], "line 2 has text after a closing quote"),
        (
            ['a.wav,anger,"anna', 'b.wav,fear,ben"'],
            "line 2: the cell in column `speaker` contains a further row",
        ),
        (['a.wav,"anger', 'b.wav",fear'], "line 2: the emotion 'anger\\nb.wav' contains a line break"),
        (
            ['x.wav,joy,"two', 'lines"', "b.wav,fear,ben"],
            "line 2: the speaker 'two\\nlines' contains a line break",
        ),
        (["x.wav,joy,z", '"b', '.wav",fear,ben'], "line 3: the file 'b\\n.wav' contains a line break"),
        (['x.wav,"joy', 'ful",z'], "line 2: the emotion 'joy\\nful' contains a line break"),
        (["x.wav,jo\x07y,z"], "line 2: the emotion 'jo\\x07y' contains a control character"),
        (["x.wav,joy\x1b[31m,z"], "line 2: the emotion 'joy\\x1b[31m' contains a control character"),
        (
            ["x.wav,so\u200bso,z"],
            "line 2: the emotion 'so\\u200bso' contains a control character or an invisible",
        ),
        (["x.wav,joy,z", f"y.wav,{'s' * 201},z"], f"line 3: the emotion '{'s' * 40}…' has 201 characters"),
        (
            ["x.wav,joy,z", f"{'a/' * 3000}y.wav,joy,z"],
            f"line 3: the file '{'a/' * 20}…' has 6,005 characters",
        ),
        (["x.wav,joy,z", f"{'y' * 200_000}.wav,joy,z"], "line 3 has a cell of more than 131,072 characters"),
        (['x.wav,joy,"he said "no" again"'], "line 2 has text after a closing quote"),
    ],
)
def test_a_cell_that_cannot_be_right_is_named_with_its_line(tmp_path, rows, message):
    """Issue 18: an unclosed quote takes later rows into its cell."""
    content = "file,emotion,speaker\n" + "".join(f"{row}\n" for row in rows)
    assert refused(tmp_path, content).startswith(message)


def test_lines_are_those_of_the_file_whatever_comes_before(tmp_path):
    rows = ["", 'a.wav,joy,"two', 'lines"', "", "b.wav,joy,x,y"]
    content = "file,emotion,text\n" + "".join(f"{row}\n" for row in rows)
    assert refused(tmp_path, content).startswith("line 6 has 4 cells, and the header 3")


def test_a_row_in_a_cell_of_a_further_column(tmp_path):
    rows = ['a.wav,joy,"hello', "b.wav,fear,what", 'c.wav,fear,bye"', "d.wav,joy,x"]
    content = "file,emotion,text\n" + "".join(f"{row}\n" for row in rows)
    assert refused(tmp_path, content) == (
        "line 2: the cell in column `text` contains a further row (b.wav,fear,what); a quote is not closed"
    )


def test_lines_and_quotes_within_a_transcript_are_kept(tmp_path):
    content = 'file,emotion,text\na.wav,joy,"well,\nyou, there"\nb.wav,joy,5" nails\n'
    assert read(tmp_path, content)["text"].tolist() == ["well,\nyou, there", '5" nails']


def test_a_comment_in_place_of_the_header(tmp_path):
    assert refused(tmp_path, "# my data\n" + text()) == (
        "line 2 has 3 cells, and the header 1 (# my data); name all columns in the first line, and put cells "
        "that contain the separator in quotes"
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "d.wav;joy;x",
            "line 5 is one cell (d.wav;joy;x), and the header has 3; use the same separator in all",
        ),
        (
            '"d.wav,joy,x"',
            "line 5 is one cell (d.wav,joy,x), and the header has 3; use the same separator in all",
        ),
        ("d.wav\tjoy\tx", "line 5 is one cell (d.wav\\tjoy\\tx), and the header has 3"),
    ],
)
def test_a_row_that_is_one_cell(tmp_path, row, message):
    assert refused(tmp_path, text() + row + "\n").startswith(message)
    assert len(read(tmp_path, text() + '"d;a,b;.wav"\n')) == 4


@pytest.mark.parametrize("separator", ["|", " ", '","'])
def test_a_header_that_is_one_cell(tmp_path, separator):
    lines = text(separator=separator).splitlines()
    content = "\n".join(lines) if separator != '","' else "\n".join(f'"{a}"' for a in text().splitlines())
    assert refused(tmp_path, content).startswith(
        f"has one column only (file{separator.strip(chr(34))}emotion"
    )


@pytest.mark.parametrize(
    ("time", "start_s"),
    [
        ("0.5", 0.5),
        (".5", 0.5),
        ("5e-1", 0.5),
        ("500 ms", 0.5),
        ("0:00:00.5", 0.5),
        ('"00:01:05,5"', 65.5),
        ("0 days 00:00:01.500000", 1.5),
        ("NaT", math.nan),
        ("", math.nan),
    ],
)
def test_times_in_all_forms(tmp_path, time, start_s):
    table = read(tmp_path, f"file,emotion,start\na.wav,joy,0\nb.wav,joy,{time}\n")
    assert table["start"].tolist() == pytest.approx([0.0, start_s], nan_ok=True)


@pytest.mark.parametrize("column", ["start", "end", "Onset"])
@pytest.mark.parametrize(
    "time", ["soon", "inf", "1e999", "True", "1_000", "0x10", "1,5", "1:05", "2026-11-28", "1.5.2"]
)
def test_a_bad_time_is_named_with_its_line(tmp_path, column, time):
    content = f'file;emotion;{column}\na.wav;joy;1\nb.wav;joy;"{time}"\n'
    assert refused(tmp_path, content) == (
        f"line 3: the time '{time}' is neither seconds nor h:mm:ss (column `{column}`); write it like 1.5"
    )


def test_accents_in_two_encodings_are_one_label_and_one_file(tmp_path):
    (tmp_path / "caf\u00e9.wav").touch()
    rows = [("cafe\u0301.wav", "go\u0302ut", "x"), ("caf\u00e9.wav", "g\u00f4ut", "x")]
    table = read(tmp_path, text(rows))
    assert set(table["emotion"]) == {"g\u00f4ut"}
    assert set(table["file"]) == {str(tmp_path / "caf\u00e9.wav")}
    assert set(table["source"]) == {"caf\u00e9"}


def test_a_file_name_that_is_too_long_is_unreadable(tmp_path):
    long = "x" * 300 + ".wav"
    table = read(tmp_path, text([(long, "joy", "z"), (f"C:\\{long}", "joy", "z")]))
    assert table["file"].tolist() == [str(tmp_path / long)] * 2
