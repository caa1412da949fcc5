"""YAML headers from anywhere: small files stay small, and nothing is run."""

from __future__ import annotations

import pytest

from serenade.errors import CorpusError

pytest.importorskip("yaml")

from serenade.corpora.yaml_text import read_yaml

BOMB = "\n".join(
    ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30))]
)
MERGES = "\n".join(
    ["a0: &a0 {x: 1}", *(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 30))]
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "it unfolds into millions of values"),
        (MERGES, "it unfolds into millions of values"),
        ("a: &a [*a]", "it refers to itself"),
        ("a: &a {b: *a}", "it refers to itself"),
        ("[" * 5_000, "recursion"),
        ("a: !!python/object/apply:os.system [exit 1]", "could not determine a constructor"),
        ("a: !!timestamp soon", "is not a readable header of a database"),
        ("a: 2026-13-45", "month must be in 1..12"),
        ("a: !!bool soon", "is not a readable header of a database"),
        ("a: !!int ''", "is not a readable header of a database"),
        ("? [a]\n: b", "found unhashable key"),
        ("a: [b", "is not a readable header of a database"),
        ("a: 1\n---\nb: 2", "but found another document"),
        ("\udcff", "codec can't decode"),
        ("a: \0", "special characters are not allowed"),
    ],
)
def test_each_fault_is_one_sentence(tmp_path, text, reason):
    (tmp_path / "db.yaml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CorpusError, match=reason) as caught:
        read_yaml(tmp_path / "db.yaml", what="a database")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_aliases_of_ordinary_size_are_read(tmp_path):
    (tmp_path / "db.yaml").write_text("\ufeffa: &a {b: [1, x]}\nc: *a\nd: {<<: *a, e: null}\n")
    same = {"b": [1, "x"]}
    assert read_yaml(tmp_path / "db.yaml", what="it") == {"a": same, "c": same, "d": same | {"e": None}}
