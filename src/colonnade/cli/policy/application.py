"""``colonnade policy ...``: everything that is done to policies before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

policy_application = typer.Typer(
    no_args_is_help=True,
    help="Change, review, check and publish policies.",
)

WorkspaceArgument = Annotated[
    Path, typer.Argument(metavar="[WORKSPACE]", help="A folder with launch.yaml and policies/.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
PROBLEMS = 1
"""Exit status where a check found something."""
