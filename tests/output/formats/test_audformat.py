from __future__ import annotations

import io

import pytest

from serenade.output.formats.audformat import write_audformat


def test_pandas_reads_the_times(timeline, failure, layout):
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(
        io.StringIO("".join(write_audformat([timeline("a.wav"), failure("b")], layout())))
    )
    assert list(frame.columns[:3]) == ["file", "start", "end"]
    assert frame["start"][1] == "0 days 00:00:02.500000"
    assert list(pandas.to_timedelta(frame["end"]).dt.total_seconds()) == [2.5, 5.0, 7.5, 10.0, 3661.25]
    assert set(frame["file"]) == {"a.wav"}


def test_a_name_is_a_path_and_never_a_formula(segment, layout):
    text = "".join(write_audformat([[segment(0, 1, {"anger": 1.0}, file="=1.wav")]], layout()))
    assert text.splitlines()[1].startswith("./=1.wav,")


def test_audformat_reads_it(timeline, segment, layout, tmp_path):
    """Its own reader: a table indexed by file, start and end."""
    audformat = pytest.importorskip("audformat")
    names = ("file", "start", "end")
    path = tmp_path / "a.csv"
    path.write_text("".join(write_audformat([timeline("a.wav"), timeline("b.wav")], layout())))
    frame = audformat.utils.read_csv(path)
    assert audformat.is_segmented_index(frame)
    assert list(frame.index.names) == list(names)
    assert frame.index.get_level_values("start").total_seconds().tolist() == [0, 2.5, 5, 7.5, 10] * 2
    assert audformat.utils.duration(frame).total_seconds() == pytest.approx(2 * 3661.25)
