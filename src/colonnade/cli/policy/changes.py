"""What a change says and touches, before it is made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from colonnade.cli.display import out
from colonnade.cli.options import JsonOption, WorkspaceArgument
from colonnade.cli.policy.application import policy_application
from colonnade.guard import read_guard_configuration
from colonnade.pipeline import open_workspace
from colonnade.pipeline.agreement import agreement
from colonnade.pipeline.comparison import Side, side_of
from colonnade.pipeline.impact import Impact, folded, impact_of
from colonnade.records import Level
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
        regions = new.workspace.launch.regions
        _show(found, ran, _All(new.configuration.tiers, new.configuration.purposes, tuple(map(str, regions))))


class _All(NamedTuple):
    """Every tier, purpose and region that there is."""

    tiers: Sequence[str]
    purposes: Sequence[str]
    regions: Sequence[str]


def _show(found: Impact, ran: bool, everything: _All) -> None:
    for sentence in found.unread:
        out.print(f"note: {sentence}", markup=False)
    if not found.changes:
        out.print("no clause changed.")
        _show_cells(found, everything)
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
    _show_cells(found, everything)
    _show_approvals(found)


def _show_cells(found: Impact, everything: _All) -> None:
    if found.cells is None:
        out.print("\nguard: nobody can tell which cells change their answer")
        return
    if not (found.cells or found.changes):
        return
    out.print(f"\nguard: {len(found.cells)} cells change their answer")
    rows = folded(found.cells)
    for row in rows[:_MOST_CELLS]:
        tiers = _in_words("tier", row.tiers, everything.tiers)
        purposes = _in_words("purpose", row.purposes, everything.purposes)
        regions = _in_words("region", row.regions, everything.regions)
        who = f"{row.topic}, {_levels_in_words(row.levels)}, {tiers}, {purposes}, {regions}"
        out.print(f"    {who}: {row.before} -> {row.after}", markup=False)
    if len(rows) > _MOST_CELLS:
        out.print(f"    and {len(rows) - _MOST_CELLS} lines more; '--json' lists every cell")


def _in_words(kind: str, some: Sequence[str], every: Sequence[str]) -> str:
    return f"every {kind}" if len(some) > 1 and set(some) == set(every) else " or ".join(some)


def _levels_in_words(levels: Sequence[str]) -> str:
    every = [level.value for level in Level]
    levels = sorted(levels, key=every.index)
    if len(levels) == len(every):
        return "every level"
    above = every[every.index(levels[0]) :]
    return f"{levels[0]} and above" if len(levels) > 1 and levels == above else " or ".join(levels)


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
