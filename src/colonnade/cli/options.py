"""What many commands ask for in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HERE = Path()

WorkspaceArgument = Annotated[
    Path, typer.Argument(metavar="[WORKSPACE]", help="A folder with launch.yaml and policies/; by default this one.")
]
WorkspaceOption = Annotated[Path, typer.Option("--workspace", "-w", help="The workspace.")]
PersonOption = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who signs: an id of people.yaml.")]
KeyOption = Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key, outside the workspace.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
