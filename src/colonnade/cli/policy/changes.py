"""What a change says and touches, before it is made."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.policy.application import JsonOption, WorkspaceArgument, policy_application
from colonnade.guard import read_guard_configuration
from colonnade.pipeline import Workspace, open_workspace
from colonnade.pipeline.agreement import agreement
from colonnade.pipeline.impact import Impact, impact_of
from colonnade.pipeline.workspace import with_library
from colonnade.policy.revisions import Library, is_revision, read_library, read_revision
from colonnade.records import InputError
from colonnade.store import Store

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
    old = with_library(opened, *_library(opened, before))
    new = with_library(opened, *_library(opened, after)) if after else opened
    today = datetime.now(UTC).date()
    store = Store(workspace)
    try:
        agreed = agreement(old, store, today)
        attested = agreed._replace(rewordings=agreement(new, store, today).rewordings)
        configuration = read_guard_configuration(workspace / "guard.yaml")
        found = impact_of(old, new, store, configuration, attested, today)
        ran = bool(store.catalogue.known())
    finally:
        store.close()
    if as_json:
        print(json.dumps(_plain(found)))
    else:
        _show(found, ran)


def _library(opened: Workspace, name: str) -> Library:
    folder = Path(name)
    if (folder / "policies").is_dir():
        return read_library(folder)
    if "/" in name and not is_revision(opened.folder, name):
        raise InputError(
            "there is no such folder with policies, and no such revision.", file=folder, mend="Correct it."
        )
    return read_revision(opened.folder, name)


def _show(found: Impact, ran: bool) -> None:
    if not found.changes:
        out.print("no clause changed.")
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
    out.print(f"\nguard: {len(found.cells)} cells change their answer")
    for cell in found.cells[:_MOST_CELLS]:
        who = f"{cell.topic}, {cell.level}, {cell.tier}, {cell.purpose}, {cell.region}"
        out.print(f"    {who}: {cell.before} -> {cell.after}", markup=False)
    if len(found.cells) > _MOST_CELLS:
        out.print(f"    and {len(found.cells) - _MOST_CELLS} more; '--json' lists them all")
    _show_approvals(found)


def _show_approvals(found: Impact) -> None:
    for policy, people in found.approvals:
        out.print(f"\napprovals of {policy} by {', '.join(people)} would no longer count", markup=False)


def _plain(found: Impact) -> dict[str, object]:
    return {
        "changes": [
            change._asdict() | {"facets": [facet._asdict() for facet in change.facets]} for change in found.changes
        ],
        "steps": [step._asdict() for step in found.steps],
        "cells": [cell._asdict() for cell in found.cells],
        "approvals": dict(found.approvals),
    }
