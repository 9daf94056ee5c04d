"""What a change says and touches, before it is made."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.options import JsonOption, WorkspaceArgument
from colonnade.cli.policy.application import policy_application
from colonnade.guard import read_guard_configuration
from colonnade.pipeline import open_workspace
from colonnade.pipeline.agreement import agreement
from colonnade.pipeline.comparison import Side, side_of
from colonnade.pipeline.impact import Impact, impact_of
from colonnade.store import store_to_read

_MOST_CELLS = 40


@policy_application.command("diff")
def diff(
    workspace: WorkspaceArgument = Path(),
    before: Annotated[
        str, typer.Option("--from", metavar="REV|FOLDER", help="The older policies: a git revision, or a workspace.")
    ] = "HEAD",
    after: Annotated[
        str, typer.Option("--to", metavar="REV|FOLDER", help="The newer ones; by default the files as they are.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Show a change by clause and facet, and all that it would make stale. Nothing is written."""
    opened = open_workspace(workspace)
    configuration = read_guard_configuration(workspace / "guard.yaml")
    old = side_of(opened, before, configuration)
    new = side_of(opened, after, configuration) if after else Side(opened, configuration)
    today = datetime.now(UTC).date()
    with store_to_read(workspace) as store:
        agreed = agreement(old.workspace, store, today)
        attested = agreed._replace(rewordings=agreement(new.workspace, store, today).rewordings)
        found = impact_of(
            old.workspace, new.workspace, store, new.configuration, attested, today, earlier=old.configuration
        )
        found = found._replace(unread=(*old.unread, *new.unread, *found.unread))
        ran = bool(store.catalogue.known())
    if as_json:
        print(json.dumps(_plain(found)))
    else:
        _show(found, ran)


def _show(found: Impact, ran: bool) -> None:
    for sentence in found.unread:
        out.print(f"note: {sentence}", markup=False)
    if not found.changes:
        out.print("no clause changed.")
        _show_cells(found)
        _show_approvals(found)
        return
    for change in found.changes:
        note = "" if change.binds_after or change.binds_before else " (not binding)"
        out.print(
            f"{change.kind} {change.clause}: {change.title}{note}  {change.file}, line {change.line}", markup=False
        )
        if change.kind == "changed" and change.binds_before != change.binds_after:
            out.print(f"    {'it binds from now on' if change.binds_after else 'it binds no longer'}")
        for facet in change.facets if change.kind == "changed" else ():
            for words in facet.words or ("changed",):
                out.print(f"    {facet.facet:<11}{words}", markup=False)
    out.print(f"\nstale: {len(found.steps)} steps" if ran else "\nstale: nothing has run yet")
    for step in found.steps:
        read = (
            f"reads {', '.join(step.reads)}" if step.reads else "rests on a stale step; kept if that comes out the same"
        )
        made = ", ".join(f"{count} {name}" if count else name for name, count in step.made)
        named = f"; {step.of_clauses} of these name a changed clause" if step.of_clauses else ""
        out.print(f"    {step.step:<24}{read}", markup=False)
        out.print(f"    {'':<24}made {made}{named}", markup=False)
    _show_cells(found)
    _show_approvals(found)


def _show_cells(found: Impact) -> None:
    if found.cells is None:
        out.print("\nguard: nobody can tell which cells change their answer")
        return
    if not (found.cells or found.changes):
        return
    out.print(f"\nguard: {len(found.cells)} cells change their answer")
    for cell in found.cells[:_MOST_CELLS]:
        who = f"{cell.topic}, {cell.level}, {cell.tier}, {cell.purpose}, {cell.region}"
        out.print(f"    {who}: {cell.before} -> {cell.after}", markup=False)
    if len(found.cells) > _MOST_CELLS:
        out.print(f"    and {len(found.cells) - _MOST_CELLS} more; '--json' lists them all")


def _show_approvals(found: Impact) -> None:
    for policy, people in found.approvals:
        out.print(f"\napprovals of {policy} by {', '.join(people)} would no longer count", markup=False)


def _plain(found: Impact) -> dict[str, object]:
    return {
        "changes": [
            change._asdict() | {"facets": [facet._asdict() for facet in change.facets]} for change in found.changes
        ],
        "steps": [step._asdict() for step in found.steps],
        "cells": None if found.cells is None else [cell._asdict() for cell in found.cells],
        "approvals": dict(found.approvals),
        "unread": list(found.unread),
    }
