"""What the commands of ``colonnade judge`` hang on, and what several of them show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out

judge_application = typer.Typer(no_args_is_help=True, help="Hold graders against people, and correct their rates.")

WorkspaceArgument = Annotated[Path, typer.Argument(metavar="[WORKSPACE]", help="A workspace with a finished run.")]


def show_unscored(rows: Sequence[tuple[str, str, int]]) -> None:
    """What graders could not judge, by their own word."""
    for grader, reason, count in rows:
        out.print(f"{grader} left {count} unscored: {reason}", markup=False)
