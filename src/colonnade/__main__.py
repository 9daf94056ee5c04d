"""``python -m colonnade``: the command line, where its script is not on the path."""

from __future__ import annotations

from colonnade.cli import main

main()
