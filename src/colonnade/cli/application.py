"""The command line: its options, its first command, and what it says of faults."""

from __future__ import annotations

import sys
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from colonnade import __version__
from colonnade.cli.commands import CommandsWhenCalled
from colonnade.cli.display import err, out
from colonnade.cli.files import check_place
from colonnade.records import ColonnadeError, InputError

INTERRUPTED = 130
"""Exit status after Ctrl-C."""

application = typer.Typer(
    cls=CommandsWhenCalled,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From the written policy to the guarded release of a language model.",
)


def _show_version(asked: bool) -> None:
    if asked:
        out.print(f"colonnade {__version__}", markup=False)
        raise typer.Exit


@application.callback()
def _before_any_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Nothing but what the options say themselves."""


@application.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet, or is empty.")],
) -> None:
    """Write a small workspace to start from."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(
            "this is not an empty folder.", file=directory, mend="Choose another name; nothing was written."
        )
    check_place(directory)
    try:
        _copy(resources.files("colonnade.cli") / "starter", directory)
    except OSError as fault:
        what = f"this folder cannot be made or written into: {fault.strerror or fault}."
        raise InputError(what, file=directory, mend="Choose another place.") from None
    place = quote(str(directory))
    out.print(f"Wrote {directory}. Next, the whole job, which takes some minutes: colonnade run {place}", markup=False)
    serving = f"colonnade serve {place} --upstream NAME@URL"
    out.print(f"To guard a model behind a server, no run is needed: {serving}", markup=False)


def main() -> None:
    """Run a command; what goes wrong is a sentence on stderr and an exit status."""
    try:
        # Named here, so that 'python -m colonnade' is called as the script is.
        application(prog_name="colonnade")
    except ColonnadeError as fault:
        err.print("[red]error[/] ", end="")
        err.print(fault.sentence, markup=False)
        sys.exit(fault.exit_status)
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        err.print(f"error {where}{fault.strerror or fault}. What was finished is kept; start again.", markup=False)
        sys.exit(ColonnadeError.exit_status)
    except SystemExit as left:
        # The command line library turns Ctrl-C into this status before anything here could see it, and says nothing.
        if left.code == INTERRUPTED:
            err.print("stopped; what was finished is kept. The same command goes on from there.")
        raise


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for part in source.iterdir():
        if part.is_dir():
            _copy(part, target / part.name)
        else:
            (target / part.name).write_bytes(part.read_bytes())
