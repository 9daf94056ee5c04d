"""What is due, and what applied on a day: sources of law and feedback, exceptions, reviews."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from colonnade.cli.display import err, out
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument
from colonnade.cli.policy.application import PROBLEMS, policy_application
from colonnade.policy import read_launch, read_policies, read_product
from colonnade.policy.due import AHEAD_DAYS, STALE_AFTER_DAYS, Due, placed
from colonnade.policy.due import due as find_due
from colonnade.policy.revisions import read_revision
from colonnade.policy.sources import (
    Binding,
    Registry,
    Standing,
    TextCheck,
    binding_on,
    check_text,
    known_regions,
    next_event,
    read_registry,
    region_hint,
    resting_on,
    standing_on,
)
from colonnade.records import InputError

CENTURY = 36500

DayOption = Annotated[
    str, typer.Option("--on", metavar="YYYY-MM-DD", help="As of this day; today where none is given.")
]
_VERDICTS = {"same": "same text", "drift": "the text changed", "unkept": "the entry keeps no digest"}


@policy_application.command("due")
def show_due(
    workspace: WorkspaceArgument = HERE,
    days: Annotated[
        int, typer.Option(min=0, max=CENTURY, help="A source not checked for longer is due.")
    ] = STALE_AFTER_DAYS,
    ahead: Annotated[
        int, typer.Option(min=0, max=CENTURY, help="What changes or ends within so many days is due.")
    ] = AHEAD_DAYS,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=FILE", help="Compare a text with the digest that its entry keeps; may be repeated."),
    ] = None,
    on: DayOption = "",
    as_json: JsonOption = False,
) -> None:
    """List what has to be looked at again: sources, exceptions, reviews. Ends with 1 if there is anything."""
    registry = read_registry(workspace)
    texts = tuple(_check(registry, argument) for argument in text or ())
    rows = placed(find_due(read_policies(workspace), registry, _day(on), stale_after_days=days, ahead_days=ahead))
    if as_json:
        shown = [row.model_dump(mode="json") for row in rows]
        print(json.dumps({"due": shown, "texts": [check._asdict() for check in texts]}))
    else:
        _show_due(rows, texts)
    drifted = any(check.verdict == "drift" for check in texts)
    raise typer.Exit(PROBLEMS if rows or drifted else 0)


def _show_due(rows: tuple[Due, ...], texts: tuple[TextCheck, ...]) -> None:
    policy = ""
    for row in rows:
        if row.policy != policy:
            policy = row.policy
            out.print(policy, markup=False)
        out.print(f"  {row.kind:<20}{row.sentence} {row.mend}", markup=False)
        place = f"{row.file}, line {row.line}" if row.line else row.file
        out.print(f"  {'':<20}{place}; clauses: {', '.join(row.clauses)}", markup=False)
    for check in texts:
        out.print(f"text of {check.source}: {_VERDICTS[check.verdict]} ({check.digest})", markup=False)
    drifted = sum(check.verdict == "drift" for check in texts)
    things = "1 thing is due" if len(rows) == 1 else f"{len(rows)} things are due"
    out.print(f"{things}, and {drifted} of {len(texts)} texts changed." if drifted else f"{things}.")


def _check(registry: Registry, argument: str) -> TextCheck:
    identifier, equals, file = argument.partition("=")
    if not (identifier and equals and file):
        raise InputError(f"'{argument}' does not say which text to compare.", mend="Write --text ID=FILE.")
    return check_text(registry, identifier, Path(file))


@policy_application.command("applies")
def show_applying(
    workspace: WorkspaceArgument = HERE,
    on: DayOption = "",
    region: Annotated[
        str, typer.Option(help="Where, such as EU, DE or US-CA; by default the first region of launch.yaml.")
    ] = "",
    revision: Annotated[
        str,
        typer.Option(metavar="REV", help="Read the policies from this git revision; by default the files as they are."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Say what applied on a day in a region: clauses, exceptions, and sources with their status then."""
    day, registry = _day(on), read_registry(workspace)
    policies = read_revision(workspace, revision).policies if revision else read_product(workspace)
    launch_regions = read_launch(workspace).regions
    region = region or launch_regions[0]
    hint = region_hint(region, known_regions(policies, registry.entries.values(), launch_regions))
    clauses = binding_on(policies, day, region)
    sources = standing_on(registry.entries.values(), day, region)
    resting = resting_on(policies)
    if as_json:
        shown = {
            "day": day.isoformat(),
            "region": region,
            "hint": hint,
            "clauses": [_clause_row(row) for row in clauses],
            "sources": [_source_row(row, day, resting) for row in sources],
        }
        print(json.dumps(shown))
    else:
        _show_applying(day, region, clauses, sources, resting)
        if hint:
            err.print("[yellow]note[/] ", end="")
            err.print(hint, markup=False)


def _show_applying(
    day: date,
    region: str,
    clauses: tuple[Binding, ...],
    sources: tuple[Standing, ...],
    resting: Mapping[str, tuple[str, ...]],
) -> None:
    out.print(f"On {day} in {region}: {len(clauses)} clauses", markup=False)
    for row in clauses:
        out.print(f"  {row.clause.id:<34}{row.clause.boundary:<12}{row.clause.title}", markup=False)
        for exception in row.exceptions:
            limits = " and ".join(part for part in (exception.when.tier, exception.when.purpose) if part)
            out.print(f"      exception {exception.id} for {limits}, until {exception.expires}", markup=False)
    for title, rows in (
        ("Sources in force", [row for row in sources if row.event.binds]),
        ("Not yet", [row for row in sources if not row.event.binds and not row.event.ended]),
        ("At their end", [row for row in sources if row.event.ended]),
    ):
        if rows:
            out.print(f"{title}: {len(rows)}")
        for source in rows:
            used = f"  <- {', '.join(resting[source.entry.id])}" if source.entry.id in resting else ""
            head = f"  {source.entry.id:<34}{source.event.status:<12}since {source.event.since}"
            coming = next_event(source.entry, day)
            then = f" ({coming.status} from {coming.since})" if coming else ""
            unread = "  [unverified]" if source.entry.taken_from else ""
            out.print(f"{head}  {source.entry.title}{then}{unread}{used}", markup=False)


def _clause_row(row: Binding) -> dict[str, Any]:
    exceptions = [exception.model_dump(mode="json") for exception in row.exceptions]
    clause = row.clause
    fields = {"id": clause.id, "policy": clause.admin.policy, "title": clause.title, "boundary": clause.boundary}
    return {**fields, "exceptions": exceptions}


def _source_row(row: Standing, day: date, resting: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    coming = next_event(row.entry, day)
    return {
        "id": row.entry.id,
        "title": row.entry.title,
        "citation": row.entry.citation,
        "status": row.event.status,
        "since": row.event.since.isoformat(),
        "binds": row.event.binds,
        "superseded_by": row.event.superseded_by,
        "note": row.event.note,
        "taken_from": row.entry.taken_from,
        "next": {"status": coming.status, "from": coming.since.isoformat()} if coming else None,
        "policies": resting.get(row.entry.id, ()),
    }


def _day(text: str) -> date:
    if not text:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is not a day.", mend="Write it like 2027-06-30.") from None
