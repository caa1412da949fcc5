from __future__ import annotations

import csv
import io
from dataclasses import replace

from serenade.output.formats.audacity import write_audacity


def test_three_columns_between_tabs(timeline, layout):
    """Audacity's own format: what its import reads is a table with tabs, without a header."""
    text = "".join(write_audacity([timeline("a.wav")], layout()))
    rows = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [(float(start), float(end), label) for start, end, label in rows] == [
        (0.0, 5.0, "anger 70%"),
        (7.5, 10.0, "anger? 34%"),
        (10.0, 3661.25, "neutral 70%"),
    ]


def test_the_speaker_stands_before_the_emotion_and_no_name_adds_a_column(segment, layout):
    ann = replace(segment(0, 1, {"a\tb": 1.0}), speaker="Ann\tB")
    (line,) = "".join(write_audacity([[ann]], layout())).splitlines()
    assert line.count("\t") == 2
    assert line.split("\t")[2].startswith("Ann")
