"""One library of policies, several products: what a product's policies come to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from colonnade.cli.display import out
from colonnade.cli.policy.application import JsonOption, WorkspaceArgument, policy_application
from colonnade.cli.policy.reviews import show_review
from colonnade.policy import read_policies
from colonnade.policy.profiles import read_profile, resolve_profile
from colonnade.policy.reviews import read_people, review, reviewed_profile
from colonnade.records import Origin, PolicyReview, ResolvedProfile, Statement
from colonnade.store import HOME, Store
from colonnade.store.statements import counting, statements

HERE = Path()


@policy_application.command("profile")
def show_profile(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The id of a profile in profiles/.")],
    workspace: WorkspaceArgument = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show the policies that a product has, their digest, and where each changed value came from."""
    profile, located = read_profile(workspace, name)
    resolved = resolve_profile(read_policies(workspace), profile, located)
    state = profile_review(workspace, resolved)
    if as_json:
        content = _content(resolved) | {"review": state.model_dump(mode="json")}
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


def profile_review(workspace: Path, resolved: ResolvedProfile) -> PolicyReview:
    """What was signed of it so far; a folder in which nothing was ever signed is left as it is."""
    people = read_people(workspace)
    said: tuple[Statement, ...] = ()
    if people is not None and (workspace / HOME).exists():
        store = Store(workspace)
        try:
            said = counting(statements(store), people)
        finally:
            store.close()
    (found,) = review([reviewed_profile(resolved)], people, said, datetime.now(UTC).date())
    return found


def _show_change(row: Origin) -> None:
    by = f" ({row.by})" if row.by else ""
    out.print(f"    {row.field}: {row.before} became {row.value}", markup=False)
    out.print(f"        {row.file}, line {row.line}: {row.because}{by}", markup=False)


def _content(resolved: ResolvedProfile) -> dict[str, Any]:
    places = [{"file": row.file, "line": row.line} for row in resolved.origins]
    content = resolved.model_dump(mode="json")
    content["origins"] = [row | place for row, place in zip(content["origins"], places, strict=True)]
    return {"digest": resolved.digest, "subject": resolved.subject, "quorum": resolved.quorum, **content}
