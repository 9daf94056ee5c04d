"""Sign: approve, refuse, withdraw, delegate, attest, accept; and see who still has to."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.policy.application import JsonOption, WorkspaceArgument, policy_application
from colonnade.pipeline import open_workspace
from colonnade.pipeline.agreement import agreement
from colonnade.pipeline.signing import Signing, sign_statement
from colonnade.policy.reviews import review, reviewed_policy
from colonnade.records import Act, InputError, PolicyReview
from colonnade.store import Store
from colonnade.store.statements import counting, new_key, statements

PersonOption = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who signs: an id of people.yaml.")]
KeyOption = Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key, outside the workspace.")]
RoleOption = Annotated[
    str, typer.Option("--role", help="The working group to speak for; needed where there are several.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it stands in every trace.")]
UntilOption = Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="The last day on which it counts.")]
SubjectArgument = Annotated[str, typer.Argument(metavar="POLICY", help="The policy's id, or profile:ID.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="[WORKSPACE]", help="A folder with launch.yaml and policies/.")]
HERE = Path()


@policy_application.command("key")
def make_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; not into a workspace.")],
) -> None:
    """Make a key to sign with, and print the public half for people.yaml."""
    for folder in file.resolve().parents:
        if (folder / "launch.yaml").exists():
            raise InputError("this is inside a workspace.", file=file, mend="Keep private keys elsewhere.")
    out.print(new_key(file), markup=False)


@policy_application.command("review")
def show_reviews(workspace: WorkspaceArgument = HERE, as_json: JsonOption = False) -> None:
    """Show for every policy, and the launch's profile, who approved it and who still has to."""
    opened = open_workspace(workspace)
    store = Store(workspace)
    try:
        today = datetime.now(UTC).date()
        rows = agreement(opened, store, today).reviews
        said = counting(statements(store), opened.people) if opened.people else ()
    finally:
        store.close()
    asked = {row.policy for row in rows}
    others = [reviewed_policy(opened.library, name) for name in opened.library.policies() if name not in asked]
    unbound = review(others, opened.people, said, today)
    if as_json:
        print(json.dumps([row.model_dump(mode="json") for row in (*rows, *unbound)]))
        return
    for row in rows:
        show_review(row)
    if unbound:
        out.print("\nNo clause of these binds, so no run waits for them:")
    for row in unbound:
        show_review(row)


def show_review(row: PolicyReview) -> None:
    """One review, with each working group on a line of its own."""
    until = f" until {row.until}" if row.until else ""
    out.print(f"{row.policy:<24}{row.state}{until}{'  ' + row.note if row.note else ''}", markup=False)
    for role in row.roles:
        said = f"approved by {', '.join(role.approved_by)}" if role.approved_by else ""
        missing = f"{role.missing} missing" if role.missing else ""
        refused = "; ".join(f"refused by {person}: {reason}" for person, reason in role.refused_by)
        out.print(f"    {role.role:<20}{'; '.join(part for part in (said, missing, refused) if part)}", markup=False)


@policy_application.command("approve")
def approve(
    policy: SubjectArgument,
    person: PersonOption,
    key: KeyOption,
    workspace: FolderArgument = HERE,
    role: RoleOption = "",
    until: UntilOption = "",
    reason: ReasonOption = "",
) -> None:
    """Approve a policy as it stands, for a working group."""
    _sign(workspace, Signing(Act.APPROVE, policy, person, role, reason, _day(until)), key)


@policy_application.command("refuse")
def refuse(
    policy: SubjectArgument,
    person: PersonOption,
    key: KeyOption,
    reason: ReasonOption,
    workspace: FolderArgument = HERE,
    role: RoleOption = "",
) -> None:
    """Refuse a policy as it stands, with the reason."""
    _sign(workspace, Signing(Act.REFUSE, policy, person, role, reason), key)


@policy_application.command("withdraw")
def withdraw(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="A policy, CLAUSE.FACET, or a harm.")],
    person: PersonOption,
    key: KeyOption,
    workspace: FolderArgument = HERE,
    role: RoleOption = "",
    reason: ReasonOption = "",
) -> None:
    """Take an earlier answer, attestation or acceptance back."""
    _sign(workspace, Signing(Act.WITHDRAW, subject, person, role, reason), key)


@policy_application.command("delegate")
def delegate(
    policy: SubjectArgument,
    to: Annotated[str, typer.Option("--to", metavar="PERSON", help="Who may answer instead.")],
    person: PersonOption,
    key: KeyOption,
    workspace: FolderArgument = HERE,
    role: RoleOption = "",
    until: UntilOption = "",
) -> None:
    """Let somebody else answer for your working group on this policy as it stands."""
    _sign(workspace, Signing(Act.DELEGATE, policy, person, role, "", _day(until), to), key)


@policy_application.command("attest")
def attest(
    subject: Annotated[
        str, typer.Argument(metavar="CLAUSE.FACET", help="The reworded facet, for instance cyber.malware.text.")
    ],
    person: PersonOption,
    key: KeyOption,
    reason: ReasonOption,
    workspace: FolderArgument = HERE,
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="REV",
            help="The git revision with the older wording; by default what the last run read.",
        ),
    ] = "",
) -> None:
    """Sign that a rewording changes nothing: what depends on the facet stays fresh."""
    _sign(workspace, Signing(Act.ATTEST, subject, person, "", reason, against=against), key)


@policy_application.command("accept")
def accept(
    harm: Annotated[str, typer.Argument(metavar="HARM", help="The harm's id in launch.yaml.")],
    person: PersonOption,
    key: KeyOption,
    until: UntilOption,
    reason: ReasonOption,
    workspace: FolderArgument = HERE,
    role: RoleOption = "",
) -> None:
    """Accept a harm that no clause covers, until a day."""
    _sign(workspace, Signing(Act.ACCEPT, harm, person, role, reason, _day(until)), key)


def _sign(workspace: Path, what: Signing, key: Path) -> None:
    statement = sign_statement(open_workspace(workspace), what, key, datetime.now(UTC))
    until = f" until {statement.expires}" if statement.expires else ""
    out.print(f"signed: {statement.act} of '{statement.subject}' by {statement.person}{until}", markup=False)
    out.print(f"bound to {statement.content}", markup=False)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"'{text}' is not a day.", mend="Write it like 2027-06-30.") from None
