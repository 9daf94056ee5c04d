"""``colonnade guard ...``: what the guard would do, before it does it."""

from __future__ import annotations

import typer

from colonnade.cli.replay import replay

guard_application = typer.Typer(no_args_is_help=True, help="Try the guard out before it goes live.")
guard_application.command("replay")(replay)
