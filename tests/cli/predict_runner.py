"""`serenade predict` in this process, for the tests of its modules."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from serenade.cli.predict import predict

app = typer.Typer(rich_markup_mode=None)
app.command()(predict)
app.callback()(lambda: None)


def run(*arguments, code=0):
    """The result of the command; an exception other than an exit is raised."""
    result = CliRunner().invoke(app, ["predict", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result
