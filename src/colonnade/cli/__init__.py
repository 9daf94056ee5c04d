"""The command line: arguments in, calls out, no logic."""

from colonnade.cli.application import main

__all__ = ["main"]
