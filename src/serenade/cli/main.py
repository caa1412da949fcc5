"""The command `serenade`: verbs, loaded when called; errors in one sentence; exit codes.

0 done, 1 what you gave cannot be used, 2 wrong arguments, 130 interrupted.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from serenade.errors import MissingExtra, SerenadeError

VERBS = (
    "demo",
    "inspect",
    "prepare",
    "train",
    "evaluate",
    "report",
    "combine",
    "predict",
    "export",
    "convert",
    "corpora",
    "networks",
    "models",
)
_TRAIN_EXTRA = {
    "jinja2",
    "lightning_fabric",
    "matplotlib",
    "onnx",
    "pandas",
    "safetensors",
    "scipy",
    "threadpoolctl",
    "torch",
}


class _Verbs(TyperGroup):
    """Every verb is a function of its own module, imported when it is called or listed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs, in the order of a day's work."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb as a command, or None."""
        if cmd_name not in VERBS:
            return None
        verb = getattr(import_module(f"serenade.cli.{cmd_name}"), cmd_name)
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        app.command(name=cmd_name)(verb)
        command = typer.main.get_command(app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:
    if asked:
        from serenade.version import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def serenade(
    version: Annotated[
        bool,
        # Eager: it is answered before a verb is missed.
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """Hear emotion in speech: train without leaks, predict anywhere."""


def main() -> None:
    """Run the command and end the process with its exit code."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run the command; what a user can cause ends in one line on stderr.

    Args:
        arguments: without the program's name; `sys.argv` if None.

    Returns:
        The exit code.
    """
    try:
        typer.main.get_command(app).main(arguments, prog_name="serenade")
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        if code == 130:
            print("serenade: interrupted; run the same command again to go on", file=sys.stderr)
        return code
    except SerenadeError as error:
        print(f"serenade: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in _TRAIN_EXTRA:
            raise
        lacking = MissingExtra(f"this needs {missing.name}; install it with: pip install 'serenade[train]'")
        print(f"serenade: {lacking}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main()
