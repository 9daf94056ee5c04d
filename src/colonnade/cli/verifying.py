"""``colonnade verify``: what a workspace claims, derived again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from colonnade.audit import Verification
from colonnade.audit import verify as verify_workspace
from colonnade.audit.written import Written
from colonnade.cli.display import out
from colonnade.cli.options import HERE
from colonnade.pipeline import open_workspace
from colonnade.pipeline.meaning import meaning
from colonnade.pipeline.steps import STEPS
from colonnade.records import ColonnadeError, Run

BROKEN = 1
"""Exit status where verification found a problem."""


def verify(
    workspace: Annotated[
        Path,
        typer.Argument(metavar="[WORKSPACE]", help="A folder that 'colonnade run' worked in; by default this one."),
    ] = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")] = False,
) -> None:
    """Check every digest, chain and signature, and count again what follows from other records. Ends with 1 if wrong.

    What could not be counted again is named with the reason: it is not vouched for. Nothing is written.
    """
    found = verify_workspace(workspace, written_in(workspace))
    if as_json:
        print(json.dumps(found._asdict()))
    else:
        _show(found)
    raise typer.Exit(BROKEN if found.problems else 0)


def written_in(workspace: Path) -> Written:
    """Policies, launch and people as they stand there; or why they cannot be read, which stops no verification."""
    try:
        opened = open_workspace(workspace)
    except ColonnadeError as fault:
        return Written(why=f"what people wrote cannot be read: {fault.sentence}")
    except OSError as fault:
        return Written(why=f"what people wrote cannot be read: {fault.strerror or fault}")
    return Written(opened.folder, opened.launch, opened.policies, opened.library, opened.people, _has_other_code)


def _has_other_code(run: Run) -> bool:
    """Whether the step means something else now than when the run was made."""
    functions = {step.name: step.function for step in STEPS}
    return run.step not in functions or meaning(functions[run.step]) != run.code


def _show(found: Verification) -> None:
    for problem in found.problems:
        out.print("[red]problem[/] ", end="")
        out.print(problem, markup=False)
    size = f"{found.artefacts} artefacts ({found.bytes / 1e6:.1f} MB)"
    out.print(f"{found.entries} ledger entries, {found.runs} runs, {size}.")
    out.print(f"{found.recomputed} records counted again{_listed(found.counted)}.", markup=False)
    if found.why_not:
        out.print(f"{found.not_recomputed} could not be counted again, and are not vouched for:")
        for sentence in found.why_not:
            out.print(f"  {sentence}", markup=False)
    if found.kept:
        out.print(f"Of these the bytes are right, and nothing is counted again{_listed(found.kept)}.", markup=False)
    out.print(f"{len(found.problems)} problems. Head of the ledger: {found.head}")


def _listed(counts: Mapping[str, int]) -> str:
    shown = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return f": {shown}" if shown else ""
