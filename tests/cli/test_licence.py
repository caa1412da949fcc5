"""The licence of a bundled model is printed once, on stderr."""

from __future__ import annotations

import pytest

from serenade import list_models, load_model
from serenade.cli import licence
from serenade.corpora import licence_of


@pytest.fixture(autouse=True)
def first_use(monkeypatch):
    monkeypatch.setattr(licence, "_printed", set())


@pytest.mark.parametrize("name", list_models())
def test_the_first_use_in_a_process_prints_the_licence_in_one_line(serenade, voices, name):
    first, second = (serenade("predict", voices[3], "--model", name, "--format", "json") for _ in range(2))
    (line,) = [line for line in first.stderr.splitlines() if line.startswith(f"{name}: ")]
    assert line == f"{name}: licence {load_model(name).spec.license}, not for commercial use"
    assert "licence" not in second.stderr
    assert first.stdout == second.stdout
    assert "commercial" not in first.stdout


@pytest.mark.parametrize("name", list_models())
def test_a_model_has_the_conditions_of_its_corpora(name):
    spec = load_model(name).spec
    assert {corpus["license"] for corpus in spec.corpora} == {licence_of(c["name"]) for c in spec.corpora}
    assert ("-NC" in spec.license) == any("-NC" in corpus["license"] for corpus in spec.corpora)
    assert not any("-ND" in corpus["license"] for corpus in spec.corpora)


def test_other_models_have_none(serenade, voices, model_file):
    assert "licence" not in serenade("predict", voices[3], "--model", model_file).stderr
