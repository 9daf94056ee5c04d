"""Sign: approve, refuse, withdraw, delegate, attest, accept; and see who still has to."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from colonnade.cli.display import err, out
from colonnade.cli.options import HERE, JsonOption, KeyOption, PersonOption, WorkspaceArgument
from colonnade.cli.policy.application import policy_application
from colonnade.pipeline import open_workspace
from colonnade.pipeline.agreement import day_in
from colonnade.pipeline.signing import Signing, sign_statement
from colonnade.policy.review_progress import Progress, progress
from colonnade.policy.reviews import reviewed_policy, unreachable
from colonnade.records import Act, InputError
from colonnade.store.statements import counting, new_key, public_half, statements_in

RoleOption = Annotated[
    str, typer.Option("--role", help="The working group to speak for; needed where there are several.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it stands in every trace.")]
UntilOption = Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="The last day on which it counts.")]
SubjectArgument = Annotated[str, typer.Argument(metavar="POLICY", help="The policy's id, or profile:ID.")]


@policy_application.command("key")
def make_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; not into a workspace.")],
    public: Annotated[
        bool, typer.Option("--public", help="Make none; print the public half of the key that is there.")
    ] = False,
) -> None:
    """Make a key to sign with, and print the public half for people.yaml."""
    if public:
        out.print(public_half(file), markup=False)
        return
    for folder in file.resolve().parents:
        if (folder / "launch.yaml").exists():
            raise InputError("this is inside a workspace.", file=file, mend="Keep private keys elsewhere.")
    out.print(new_key(file), markup=False)


@policy_application.command("review")
def show_reviews(workspace: WorkspaceArgument = HERE, as_json: JsonOption = False) -> None:
    """Show for every policy, and the launch's profile, who approved it, who still has to, and since when."""
    opened = open_workspace(workspace)
    today = day_in(workspace, datetime.now(UTC).date())
    said = counting(statements_in(workspace), opened.people) if opened.people else ()
    binding = {row.subject for row in opened.reviewed}
    others = [reviewed_policy(opened.library, name) for name in opened.library.policies() if name not in binding]
    rows = [progress(row, opened.people, said, today) for row in (*opened.reviewed, *others)]
    if as_json:
        print(json.dumps([_plain(row, row.review.policy in binding) for row in rows], ensure_ascii=False))
        return
    unbound = [row for row in rows if row.review.policy not in binding]
    for row in rows:
        if unbound and row is unbound[0]:
            out.print("\nNo clause of these binds, so no run waits for them:")
        show_review(row)
        if row.unreachable:
            out.print(f"    {'cannot be filled':<20}{row.unreachable}", markup=False)


def show_review(row: Progress) -> None:
    """One review, with what is asked and each working group on a line of its own."""
    state, waiting = row.review, {asked.role: asked for asked in row.asked}
    since = f" since {row.since:%Y-%m-%d}" if row.since else ""
    until = f" until {state.until}" if state.until else ""
    out.print(f"{state.policy:<24}{state.state}{since}{until}{'  ' + state.note if state.note else ''}", markup=False)
    if state.roles:
        out.print(f"    {'digest of its text':<20}{state.content}", markup=False)
    for role in state.roles:
        said = f"approved by {', '.join(role.approved_by)}" if role.approved_by else ""
        missing = f"{role.missing} missing" if role.missing else ""
        if role.role in waiting:
            able = waiting[role.role].people
            missing += f", asked: {', '.join(able)}" if able else ", and nobody is left who may answer"
        refused = "; ".join(f"refused by {person}: {reason}" for person, reason in role.refused_by)
        out.print(f"    {role.role:<20}{'; '.join(part for part in (said, missing, refused) if part)}", markup=False)


def _plain(row: Progress, binds: bool) -> dict[str, Any]:
    return row.review.model_dump(mode="json") | {
        "binds": binds,
        "file": row.file,
        "unreachable": row.unreachable,
        "since": row.since.isoformat() if row.since else None,
        "asked": [asked._asdict() for asked in row.asked],
        "answers": [
            answer.model_dump(mode="json", include={"act", "person", "role", "reason", "at", "expires"})
            for answer in row.answers
        ],
    }


@policy_application.command("approve")
def approve(
    policy: SubjectArgument,
    person: PersonOption,
    key: KeyOption,
    workspace: WorkspaceArgument = HERE,
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
    workspace: WorkspaceArgument = HERE,
    role: RoleOption = "",
) -> None:
    """Refuse a policy as it stands, with the reason."""
    _sign(workspace, Signing(Act.REFUSE, policy, person, role, reason), key)


@policy_application.command("withdraw")
def withdraw(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="A policy, profile:ID, CLAUSE.FACET, or a harm as harm:ID.")
    ],
    person: PersonOption,
    key: KeyOption,
    reason: ReasonOption,
    workspace: WorkspaceArgument = HERE,
    role: RoleOption = "",
) -> None:
    """Take an earlier answer, attestation or acceptance back."""
    _sign(workspace, Signing(Act.WITHDRAW, subject, person, role, reason), key)


@policy_application.command("delegate")
def delegate(
    policy: SubjectArgument,
    to: Annotated[str, typer.Option("--to", metavar="PERSON", help="Who may answer instead.")],
    person: PersonOption,
    key: KeyOption,
    reason: ReasonOption,
    workspace: WorkspaceArgument = HERE,
    role: RoleOption = "",
    until: UntilOption = "",
) -> None:
    """Let somebody else answer for your working group on this policy as it stands."""
    _sign(workspace, Signing(Act.DELEGATE, policy, person, role, reason, _day(until), to), key)


@policy_application.command("attest")
def attest(
    subject: Annotated[
        str, typer.Argument(metavar="CLAUSE.FACET", help="The reworded facet, for instance cyber.malware.text.")
    ],
    person: PersonOption,
    key: KeyOption,
    reason: ReasonOption,
    workspace: WorkspaceArgument = HERE,
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
    workspace: WorkspaceArgument = HERE,
    role: RoleOption = "",
) -> None:
    """Accept a harm that no clause covers, until a day."""
    _sign(workspace, Signing(Act.ACCEPT, harm, person, role, reason, _day(until)), key)


def _sign(workspace: Path, what: Signing, key: Path) -> None:
    opened = open_workspace(workspace)
    for row in opened.reviewed:
        if fault := unreachable(row, opened.people):
            err.print("[yellow]warning[/] ", end="")
            err.print(f"{row.file}: {fault}", markup=False)
    statement = sign_statement(opened, what, key, datetime.now(UTC))
    until = f" until {statement.expires}" if statement.expires else ""
    group = f" for {statement.role}" if statement.role else ""
    delegate = f" to {statement.to}" if statement.to else ""
    out.print(
        f"signed: {statement.act} '{statement.subject}'{delegate}, by {statement.person}{group}{until}", markup=False
    )
    out.print(f"bound to {statement.content}", markup=False)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"'{text}' is not a day.", mend="Write it like 2027-06-30.") from None
