"""Tables in a terminal: cells stay on one line where they fit."""

from __future__ import annotations

import pytest

from serenade.cli.text_tables import show_tables
from serenade.evaluation.report.tables import TextTable

TABLE = TextTable(
    title="Scores",
    head=("run", "95 % interval", "minutes per model"),
    rows=(("serenade-base", "68.6 to 80.2", "1.9"),),
)


@pytest.mark.parametrize(
    ("width", "head"), [(36, "run interval model"), (80, "run 95 % interval minutes per model")]
)
def test_only_the_head_is_wrapped(capsys, monkeypatch, width, head):
    monkeypatch.setenv("COLUMNS", str(width))
    show_tables([TABLE], text="")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["serenade-base", "68.6", "to", "80.2", "1.9"] in lines
    assert head.split() in lines


def test_every_character_is_printed_in_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "28")
    show_tables([TABLE], text="")
    printed = "".join(capsys.readouterr().out.split())
    assert "serenade-base" in printed
    assert all(word in printed for word in ("68.6", "80.2", "1.9"))


def test_no_rows(capsys):
    show_tables([TextTable(title="Nothing", head=("run", "UAR"), rows=())], text="end")
    assert "UAR" in capsys.readouterr().out
