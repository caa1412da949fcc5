"""Options of `serenade predict --cluster` that do not go together; no cluster is needed."""

from __future__ import annotations

import pytest

from serenade.cli.main import run


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--out", "out", "--text", "Oh no!"], "does not go together with --cluster"),
        (["--out", "out", "--jobs", "2"], "does not go together with --cluster"),
        (["--out", "out", "--format", "csv"], "does not go together with --cluster"),
        (["--out", "out", "--speakers", "folder"], "does not go together with --cluster"),
        (["--out", "out", "--window", "3"], "needs --timeline"),
        ([], "needs a folder for the results"),
        (["--out", "-"], "needs a folder for the results"),
        (["--out", ""], "needs a folder for the results"),
    ],
)
def test_wrong_arguments(options, reason, capsys):
    assert run(["predict", "calls", "--cluster", "local", *options]) == 2
    assert reason in " ".join(capsys.readouterr().err.split())


def test_no_recordings_and_no_cluster(capsys):
    assert run(["predict", "--cluster", "local", "--out", "out"]) == 2
    assert run(["predict", "-", "--cluster", "local", "--out", "out"]) == 2
    assert run(["predict", "calls", "--chunk", "3"]) == 2
    assert "needs --cluster" in capsys.readouterr().err
    assert run(["prepare", "calls", "--out", "out", "--cluster", "local", "--jobs", "2"]) == 2
