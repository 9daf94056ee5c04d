"""Every command."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from colonnade import __version__
from colonnade.audit import format_trace
from colonnade.audit import resolve as resolve_digest
from colonnade.audit import trace as trace_digest
from colonnade.cli.access import access_application
from colonnade.cli.audit import audit_application
from colonnade.cli.capability import capability_application
from colonnade.cli.display import QuietReporter, TerminalReporter, counted, err, out, show_decision
from colonnade.cli.evaluate import evaluate_application
from colonnade.cli.files import check_place
from colonnade.cli.guard import guard_application
from colonnade.cli.inspection import inspect_application
from colonnade.cli.judge import judge_application
from colonnade.cli.keys import keys_application
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument
from colonnade.cli.policy import policy_application
from colonnade.cli.prompts import prompts_application
from colonnade.cli.serve import serve
from colonnade.cli.trying import try_text
from colonnade.cli.verifying import verify
from colonnade.pipeline import check_workspace, open_workspace
from colonnade.pipeline import plan as make_plan
from colonnade.pipeline import run as run_pipeline
from colonnade.pipeline.agreement import agreement
from colonnade.pipeline.impact import touched_by
from colonnade.pipeline.impact import why as why_stale
from colonnade.pipeline.steps import STEPS
from colonnade.pipeline.system_prompts import read_system_prompts_of
from colonnade.records import ColonnadeError, InputError, Outcome
from colonnade.store import Store

HELD = 3
"""Exit status where the decision is to hold or to withhold."""

INTERRUPTED = 130
"""Exit status after Ctrl-C."""

application = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From the written policy to the guarded release of a language model.",
)

application.add_typer(policy_application, name="policy")
application.add_typer(judge_application, name="judge")
application.add_typer(inspect_application, name="inspect")
application.add_typer(prompts_application, name="prompts")
application.add_typer(capability_application, name="capability")
application.add_typer(evaluate_application, name="evaluate")
application.add_typer(audit_application, name="audit")
application.add_typer(access_application, name="access")
application.add_typer(keys_application, name="keys")
application.command()(serve)
application.command()(verify)
application.add_typer(guard_application, name="guard")


def _show_version(asked: bool) -> None:
    if asked:
        out.print(f"colonnade {__version__}", markup=False)
        raise typer.Exit


@application.callback()
def _before_any_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Nothing but what the options say themselves."""


@application.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet, or is empty.")],
) -> None:
    """Write a small workspace to start from."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(
            "this is not an empty folder.", file=directory, mend="Choose another name; nothing was written."
        )
    check_place(directory)
    try:
        _copy(resources.files("colonnade.cli") / "starter", directory)
    except OSError as fault:
        what = f"this folder cannot be made or written into: {fault.strerror or fault}."
        raise InputError(what, file=directory, mend="Choose another place.") from None
    out.print(f"Wrote {directory}. Next: colonnade run {directory}", markup=False)


@application.command()
def check(workspace: WorkspaceArgument = HERE) -> None:
    """Read every file of a workspace and say what is wrong, without running anything."""
    opened = open_workspace(workspace)
    check_workspace(opened)
    readings = read_system_prompts_of(opened)
    out.print(f"{len(opened.policies.active)} active clauses; every file can be read.")
    for reading in readings:
        out.print(reading.sentence, markup=False)


@application.command()
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
            out.print(f"Who has to sign: colonnade policy review {workspace}", markup=False)
        if finished.decision:
            show_decision(finished.decision)
            out.print(f"\nReport: {finished.report}", markup=False)
    raise typer.Exit(0 if finished.decision and finished.decision.outcome is Outcome.RELEASE else HELD)


@application.command()
def plan(
    workspace: WorkspaceArgument = HERE,
    why: Annotated[
        str, typer.Option("--why", metavar="DIGEST", help="Say of this one artefact whether it holds, and if not, why.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Say what is stale and why, without running anything."""
    opened = open_workspace(workspace)
    store = Store(workspace)
    try:
        if why:
            told = why_stale(opened, store, resolve_digest(store, why))
            print(json.dumps(told) if as_json else "\n".join(told))
            return
        rows = make_plan(opened, store)
    finally:
        store.close()
    if as_json:
        print(json.dumps([{"step": row.step.name, "state": row.state, "reasons": row.reasons} for row in rows]))
        return
    colours = {"fresh": "green", "stale": "yellow", "waiting": "dim"}
    for row in rows:
        shown = "; ".join(row.reasons[:4]) + (f"; and {len(row.reasons) - 4} more" if len(row.reasons) > 4 else "")
        out.print(f"[{colours[row.state]}]{row.state:<8}[/] {row.step.name:<24}", end="")
        out.print(shown, markup=False)


@application.command()
def impact(
    name: Annotated[str, typer.Argument(metavar="CLAUSE[.FACET]", help="For instance cyber.malware.rubric.")],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="The workspace.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """List everything that rests on a clause, or on one facet of it: what a change would make stale."""
    opened = open_workspace(workspace)
    store = Store(workspace)
    try:
        rewordings = agreement(opened, store, datetime.now(UTC).date()).rewordings
        rows = touched_by(store, opened.policies, name, rewordings)
    finally:
        store.close()
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


@application.command()
def trace(
    digest: Annotated[str, typer.Argument(help="A digest of an artefact, a run or a record; its beginning is enough.")],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="The workspace.")] = Path(),
) -> None:
    """Walk from any artefact back to the prose it came from."""
    opened = open_workspace(workspace)
    store = Store(workspace)
    try:
        reworded = agreement(opened, store, datetime.now(UTC).date()).reworded(opened.policies)
        out.print(format_trace(trace_digest(store, digest, opened.policies, reworded)), markup=False)
    finally:
        store.close()


application.command(name="try")(try_text)


def main() -> None:
    """Run a command; what goes wrong is a sentence on stderr and an exit status."""
    try:
        # Named here, so that 'python -m colonnade' is called as the script is.
        application(prog_name="colonnade")
    except ColonnadeError as fault:
        err.print("[red]error[/] ", end="")
        err.print(fault.sentence, markup=False)
        sys.exit(fault.exit_status)
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        err.print(f"error {where}{fault.strerror or fault}. What was finished is kept; start again.", markup=False)
        sys.exit(ColonnadeError.exit_status)
    except SystemExit as left:
        # The command line library turns Ctrl-C into this status before anything here could see it, and says nothing.
        if left.code == INTERRUPTED:
            err.print("stopped; what was finished is kept. The same command goes on from there.")
        raise


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for part in source.iterdir():
        if part.is_dir():
            _copy(part, target / part.name)
        else:
            (target / part.name).write_bytes(part.read_bytes())
