"""The command `serenade`: its subcommands, errors and exit codes.

0 done, 1 unusable input, 2 wrong arguments, 130 interrupted.
"""

from __future__ import annotations

import difflib
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from serenade.errors import SerenadeError, missing_extra
from serenade.streams import never_fail_on_a_character

COMMANDS = (
    "demo",
    "predict",
    "inspect",
    "audit",
    "prepare",
    "train",
    "sweep",
    "curve",
    "evaluate",
    "compare",
    "report",
    "ensemble",
    "export",
    "card",
    "push",
    "listen",
    "serve",
    "page",
    "list",
    "originals",
)
"""In the order of `serenade --help`."""

_TRAINING = {
    "audit",
    "card",
    "compare",
    "curve",
    "demo",
    "ensemble",
    "evaluate",
    "export",
    "originals",
    "prepare",
    "push",
    "sweep",
    "train",
}
"""Commands that need the extra `train`."""

_HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class _Commands(TyperGroup):
    """Every command is a function, or a group of commands, in a module of its own."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"serenade.cli.{cmd_name}")
        entry = getattr(module, "app", None) or getattr(module, cmd_name)
        if isinstance(entry, typer.Typer):
            command: Any = typer.main.get_group(entry)
        else:
            group = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
            group.command(name=cmd_name, context_settings=dict(_HELP_NAMES))(entry)
            command = typer.main.get_command(group)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve the command's name, with a suggestion for a name that is almost right."""
        near = difflib.get_close_matches(args[0], COMMANDS, n=1) if args[0] not in COMMANDS else []
        if near:
            ctx.fail(f"there is no command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Commands,
    add_completion=True,
    context_settings=_HELP_NAMES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(is_requested: bool) -> None:
    if is_requested:
        from serenade.version import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def serenade(
    version: Annotated[
        bool,
        # Eager: it is handled before a missing command is an error.
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Speech emotion recognition: predict, train on speaker-independent splits, evaluate, export."""


def main() -> None:
    """Run the command and exit with its exit code."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run the command; an error that a user can cause is one line on stderr.

    Args:
        arguments: arguments without the program's name; None: those of the process.

    Returns:
        The exit code.
    """
    # PyTorch's threads busy-wait by default: on shared cores training is then many times slower. Read when
    # PyTorch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    words = sys.argv[1:] if arguments is None else arguments
    never_fail_on_a_character()
    try:
        typer.main.get_command(app).main(arguments, prog_name="serenade")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if code == 130:
            # The option would remove what is done.
            how = "without --overwrite" if "--overwrite" in words else "again"
            print(f"serenade: interrupted; run the same command {how} to continue", file=sys.stderr)
        return code
    except SerenadeError as error:
        print(f"serenade: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as missing:
        extra = missing_extra(
            missing, needed_by="this command", trains=bool(_TRAINING.intersection(words[:1]))
        )
        if extra is None:
            raise
        print(f"serenade: {extra}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main()
