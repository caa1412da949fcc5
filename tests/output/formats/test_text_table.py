from __future__ import annotations

from rich.cells import cell_len

from serenade.output.format import Layout
from serenade.output.formats.text_table import write_text_table

LABELS = ("anger", "fear", "neutral")


def lines_of(recordings, layout):
    return list(write_text_table(recordings, layout))


def test_a_column_per_label_where_there_is_room(timeline, failure, layout):
    lines = lines_of([timeline("a b.wav")[:3], failure("b.txt")], layout("a b.wav", "b.txt"))
    assert lines[0].split() == ["file", "start", "end", "emotion", *LABELS]
    assert lines[1].split()[2:] == ["0:00:00.0", "0:00:02.5", "anger", "0.80", "0.10", "0.10"]
    assert lines[3].rstrip().endswith("no speech")
    assert lines[4] == 'b.txt    error: is "text",\\nnot sound\n'


def test_a_narrow_table_shows_the_highest_scores_and_says_so(timeline):
    lines = lines_of([[timeline("a b.wav")[3]]], Layout(labels=LABELS, files=["a b.wav"], width=40))
    assert "the 3 highest of 3 scores (--format csv has all)" in lines[0]
    assert lines[1].split(maxsplit=4)[2:] == ["unsure", "(anger)", "anger 0.34  fear 0.33  neutral 0.33\n"]


def test_a_long_path_keeps_its_end(segment, layout):
    path = "/very/long" * 20 + "/clip.wav"
    lines = lines_of([[segment(0, 1, {"anger": 1.0}, file=path)]], Layout(labels=["anger"], files=[path]))
    assert lines[1].startswith("…")
    assert lines[1].split()[0].endswith("/clip.wav")


def test_columns_stay_aligned_whatever_the_names(segment):
    names = ["a.wav", "日本語の録音.wav", "🙂.wav", "\x1b[31mred\n.wav", "長" * 60 + ".wav"]
    recordings = [[segment(0, 1, {"anger": 0.75, "fear": 0.25}, file=name)] for name in names]
    lines = lines_of(recordings, Layout(labels=("anger", "fear"), files=names))
    assert {cell_len(line.partition("0.75")[0]) for line in lines[1:]} == {
        cell_len(lines[1].partition("0.75")[0])
    }
    assert all(line.endswith("\n") and "\n" not in line[:-1] and "\x1b" not in line for line in lines)


def test_what_the_terminal_cannot_show_is_an_escape_and_aligned(segment):
    names = ["é🙂.wav", "長" * 60 + ".wav", "a.wav"]
    recordings = [[segment(0, 1, {"anger": 1.0}, file=name)] for name in names]
    lines = lines_of(recordings, Layout(labels=("anger",), files=names, encoding="ascii"))
    text = "".join(lines).encode("ascii").decode()
    assert r"\xe9\U0001f642.wav" in text
    assert lines[2].startswith("...")
    assert r"\u9577.wav" in text
    assert len({len(line.partition("1.00")[0]) for line in lines[1:]}) == 1
