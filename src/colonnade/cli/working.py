"""The whole job: check a workspace, run it, plan, and ask what rests on what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from colonnade.cli.display import QuietReporter, TerminalReporter, counted, out, show_decision
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument
from colonnade.pipeline import check_workspace, open_workspace
from colonnade.pipeline import plan as make_plan
from colonnade.pipeline import run as run_pipeline
from colonnade.pipeline.agreement import agreement
from colonnade.pipeline.impact import touched_by
from colonnade.pipeline.impact import why as why_stale
from colonnade.pipeline.steps import STEPS
from colonnade.pipeline.system_prompts import read_system_prompts_of
from colonnade.records import Outcome
from colonnade.store import store_to_read

HELD = 3
"""Exit status where the decision is to hold or to withhold."""


def check(workspace: WorkspaceArgument = HERE) -> None:
    """Read every file of a workspace and say what is wrong, without running anything."""
    opened = open_workspace(workspace)
    check_workspace(opened)
    readings = read_system_prompts_of(opened)
    out.print(f"{len(opened.policies.active)} active clauses; every file can be read.")
    for reading in readings:
        out.print(reading.sentence, markup=False)


def run(workspace: WorkspaceArgument = HERE, as_json: JsonOption = False) -> None:
    """Do the whole job: policy, training, evaluation, gate, guard, report. Ends with 3 unless released."""
    reporter = QuietReporter() if as_json else TerminalReporter([step.name for step in STEPS])
    try:
        finished = run_pipeline(open_workspace(workspace), reporter)
    finally:
        reporter.stop()
    if as_json:
        result = {
            "decision": finished.decision.model_dump(mode="json") if finished.decision else None,
            "rebuilt": finished.rebuilt,
            "waiting": finished.waiting,
            "report": str(finished.report) if finished.report else None,
            "seconds": round(finished.seconds, 2),
        }
        print(json.dumps(result))
    else:
        out.print(f"\n{len(finished.rebuilt)} of {len(finished.runs)} steps rebuilt in {finished.seconds:.1f} s.")
        for sentence in finished.waiting:
            out.print(f"{sentence}.", markup=False)
        if finished.waiting:
            out.print(f"Who has to sign: colonnade policy review {quote(str(workspace))}", markup=False)
        if finished.decision:
            show_decision(finished.decision)
            out.print(f"\nReport: {finished.report}", markup=False)
    raise typer.Exit(0 if finished.decision and finished.decision.outcome is Outcome.RELEASE else HELD)


def plan(
    workspace: WorkspaceArgument = HERE,
    why: Annotated[
        str, typer.Option("--why", metavar="DIGEST", help="Say of this one artefact whether it holds, and if not, why.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Say what is stale and why, without running anything."""
    opened = open_workspace(workspace)
    with store_to_read(workspace) as store:
        if why:
            from colonnade.audit import resolve as resolve_digest  # with the whole room, which a plan has no use for

            told = why_stale(opened, store, resolve_digest(store, why))
            print(json.dumps(told) if as_json else "\n".join(told))
            return
        rows = make_plan(opened, store)
    if as_json:
        print(json.dumps([{"step": row.step.name, "state": row.state, "reasons": row.reasons} for row in rows]))
        return
    colours = {"fresh": "green", "stale": "yellow", "waiting": "dim"}
    for row in rows:
        shown = "; ".join(row.reasons[:4]) + (f"; and {len(row.reasons) - 4} more" if len(row.reasons) > 4 else "")
        out.print(f"[{colours[row.state]}]{row.state:<8}[/] {row.step.name:<24}", end="")
        out.print(shown, markup=False)


def impact(
    name: Annotated[str, typer.Argument(metavar="CLAUSE[.FACET]", help="For instance cyber.malware.rubric.")],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="The workspace.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """List everything that rests on a clause, or on one facet of it: what a change would make stale."""
    opened = open_workspace(workspace)
    with store_to_read(workspace) as store:
        rewordings = agreement(opened, store, datetime.now(UTC).date()).rewordings
        rows = touched_by(store, opened.policies, name, rewordings)
    if as_json:
        print(json.dumps([row._asdict() for row in rows]))
        return
    if not rows:
        out.print(f"Nothing that was made so far rests on {name}.", markup=False)
        return
    for row in rows:
        records = f"{row.members} records, {row.of_clause} of this clause" if row.members else ""
        how = "reads it" if row.direct else "rests on it"
        out.print(f"{row.step:<24}{row.name:<16}{how:<12}{records:<36}{row.artefact[:19]}", markup=False)
    direct = len({row.step for row in rows if row.direct})
    steps = len({row.step for row in rows})
    out.print(f"{counted(len(rows), 'artefact')} of {counted(steps, 'step')}; {direct} of these read it themselves.")


def trace(
    digest: Annotated[str, typer.Argument(help="A digest of an artefact, a run or a record; its beginning is enough.")],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="The workspace.")] = Path(),
) -> None:
    """Walk from any artefact back to the prose it came from."""
    from colonnade.audit import format_trace  # with the whole room, which the other commands here have no use for
    from colonnade.audit import trace as trace_digest

    opened = open_workspace(workspace)
    with store_to_read(workspace) as store:
        reworded = agreement(opened, store, datetime.now(UTC).date()).reworded(opened.policies)
        out.print(format_trace(trace_digest(store, digest, opened.policies, reworded)), markup=False)
