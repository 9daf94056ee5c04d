"""One library of policies, several products: what a product's policies come to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from colonnade.cli.display import out
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument
from colonnade.cli.policy.application import policy_application
from colonnade.cli.policy.reviews import show_review
from colonnade.pipeline.agreement import day_in
from colonnade.policy import read_policies
from colonnade.policy.profiles import read_profile, resolve_profile
from colonnade.policy.review_progress import Progress, progress
from colonnade.policy.reviews import read_people, reviewed_profile
from colonnade.records import Origin, ResolvedProfile
from colonnade.store.statements import counting, statements_in


@policy_application.command("profile")
def show_profile(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The id of a profile in profiles/.")],
    workspace: WorkspaceArgument = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show the policies that a product has, their digest, and where each changed value came from."""
    profile, located = read_profile(workspace, name)
    resolved = resolve_profile(read_policies(workspace), profile, located)
    state = profile_review(workspace, resolved, str(located.file))
    if as_json:
        content = _content(resolved) | {"review": state.review.model_dump(mode="json")}
        print(json.dumps(content, ensure_ascii=False))
        return
    clauses = resolved.policies.clauses
    where = "every region" if profile.region == "*" else f"region {profile.region}"
    out.print(f"{profile.id}: {profile.title} ({where}), {len(clauses)} clauses", markup=False)
    out.print(f"digest {resolved.digest}\n", markup=False)
    changed = [row for row in resolved.origins if row.before is not None]
    for clause in clauses:
        out.print(f"{clause.id:<32}{clause.boundary}, ceiling {clause.ceiling or 'none'}, {clause.severity}")
        for row in changed:
            if row.clause == clause.id:
                _show_change(row)
    for identifier in resolved.left_out:
        out.print(f"{identifier:<32}left out: it does not hold in the region {profile.region}", markup=False)
    for need in resolved.needs_quorum:
        quorum = ", ".join(f"{role} ({number})" for role, number in need.quorum)
        out.print(f"\nneeds approval by {quorum} of policy {need.policy}: {need.clause}, {need.what}", markup=False)
    if resolved.needs_quorum:
        out.print()
        show_review(state)
    else:
        out.print("\nnothing has to be approved")


def profile_review(workspace: Path, resolved: ResolvedProfile, file: str = "") -> Progress:
    """What was signed of it so far; nothing is written."""
    people = read_people(workspace)
    said = counting(statements_in(workspace), people) if people is not None else ()
    return progress(reviewed_profile(resolved, file), people, said, day_in(workspace, datetime.now(UTC).date()))


def _show_change(row: Origin) -> None:
    by = f" ({row.by})" if row.by else ""
    out.print(f"    {row.field}: {row.before} became {row.value}", markup=False)
    out.print(f"        {row.file}, line {row.line}: {row.because}{by}", markup=False)


def _content(resolved: ResolvedProfile) -> dict[str, Any]:
    places = [{"file": row.file, "line": row.line} for row in resolved.origins]
    content = resolved.model_dump(mode="json")
    content["origins"] = [row | place for row, place in zip(content["origins"], places, strict=True)]
    return {"digest": resolved.digest, "subject": resolved.subject, "quorum": resolved.quorum, **content}
