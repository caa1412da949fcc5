"""`serenade list`, each of its commands."""

from __future__ import annotations

import pytest

from serenade import list_models, load_model
from serenade.cli.list import TABLES

NAMES = {what: [row[0] for row in table()[1]] for what, table in TABLES.items() if what != "models"}


@pytest.mark.parametrize("what", NAMES)
def test_every_registered_name_is_listed(serenade, what):
    ran = serenade("list", what)
    assert ran.status == 0
    rows = [line.split()[0] for line in ran.stdout.splitlines() if line[:1].strip()]
    assert set(NAMES[what]) <= set(rows)


def test_corpora_with_their_licences(serenade):
    assert "CC-BY-NC-SA-4.0" in serenade("list", "corpora", "rav*").stdout


def test_every_bundled_model_is_listed_with_size_licence_corpora_and_labels(serenade, monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")
    head, *lines = serenade("list", "models").stdout.splitlines()
    assert head.split() == ["name", "version", "size", "licence", "trained", "on", "labels"]
    rows = {line.split()[0]: line for line in lines}
    assert list(rows) == list_models()
    assert list_models()[0] == load_model().spec.name == "serenade-base"
    for name, line in rows.items():
        model = load_model(name)
        assert f"{model.file.stat().st_size / 1e6:.1f} MB" in line
        assert f"{model.spec.license}  " in line
        assert line.rstrip().endswith(", ".join(model.spec.labels))
        assert ", ".join(corpus["name"] for corpus in model.spec.corpora) in line


def test_a_terminal_of_80_columns_breaks_lines_between_words(serenade, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = serenade("list", "models").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    words = {word for line in lines for word in line.split()}
    expected = {word for name in list_models() for word in load_model(name).spec.license.split()}
    assert expected <= words


@pytest.mark.parametrize("what", NAMES)
def test_a_pattern_without_a_match_is_a_wrong_argument(serenade, what):
    ran = serenade("list", what, "zz*")
    assert ran.status == 2
    assert "no name matches 'zz*'" in ran.stderr
    assert NAMES[what][0] in ran.stderr


def test_a_command_that_is_almost_right(serenade):
    assert "did you mean 'predict'?" in serenade("predcit").stderr
