"""Every command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import QuietReporter, TerminalReporter, err, out, show_decision
from colonnade.pipeline import open_workspace
from colonnade.pipeline import plan as make_plan
from colonnade.pipeline import run as run_pipeline
from colonnade.records import ColonnadeError, Outcome
from colonnade.store import Store

HELD = 3
"""Exit status where the decision is to hold or to withhold."""

application = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="From the written policy to the guarded release of a language model.")

WorkspaceArgument = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="A folder with launch.yaml and policies/.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@application.command()
def run(workspace: WorkspaceArgument, as_json: JsonOption = False) -> None:
    """Do the whole job: policy, training, evaluation, gate, guard, report. Ends with 3 unless released."""
    reporter = QuietReporter() if as_json else TerminalReporter()
    try:
        finished = run_pipeline(open_workspace(workspace), reporter)
    finally:
        reporter.stop()
    if as_json:
        print(json.dumps({"decision": finished.decision.model_dump(mode="json"), "rebuilt": finished.rebuilt, "seconds": round(finished.seconds, 2)}))
    else:
        out.print(f"\n{len(finished.rebuilt)} of {len(finished.runs)} steps rebuilt in {finished.seconds:.1f} s.")
        show_decision(finished.decision)
    raise typer.Exit(0 if finished.decision.outcome is Outcome.RELEASE else HELD)


@application.command()
def plan(workspace: WorkspaceArgument, as_json: JsonOption = False) -> None:
    """Say what is stale and why, without running anything."""
    opened = open_workspace(workspace)
    store = Store(workspace)
    rows = make_plan(opened, store)
    store.close()
    if as_json:
        print(json.dumps([{"step": row.step.name, "state": row.state, "reasons": row.reasons} for row in rows]))
        return
    colours = {"fresh": "green", "stale": "yellow", "waiting": "dim"}
    for row in rows:
        out.print(f"[{colours[row.state]}]{row.state:<8}[/] {row.step.name:<24} {'; '.join(row.reasons[:4])}{' ...' if len(row.reasons) > 4 else ''}")


def main() -> None:
    """Run a command; what goes wrong is a sentence on stderr and an exit status."""
    try:
        application(standalone_mode=True)
    except ColonnadeError as fault:
        err.print(f"[red]error[/] ", end="")
        err.print(fault.sentence, markup=False)
        sys.exit(fault.exit_status)
    except KeyboardInterrupt:
        err.print("stopped; finished steps are kept.")
        sys.exit(130)
