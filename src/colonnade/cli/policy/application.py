"""``colonnade policy ...``: everything that is done to policies before anything is trained."""

from __future__ import annotations

import typer

policy_application = typer.Typer(
    no_args_is_help=True,
    help="Change, review, check and publish policies.",
)

PROBLEMS = 1
"""Exit status where a check found something."""
