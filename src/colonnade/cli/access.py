"""``colonnade access ...``: who may have more than the ceiling, for what, until when, and what they made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from colonnade.cli.audit_options import (
    KeysOption,
    SecretOption,
    SecretVariableOption,
    WordsOption,
    find_log,
    key_ring,
)
from colonnade.cli.display import counted, out, visible
from colonnade.cli.options import HERE, JsonOption, KeyOption, PersonOption, WorkspaceArgument
from colonnade.guard.access.alerting import AlertStanding
from colonnade.guard.access.capping import Tally
from colonnade.pipeline import access as grants
from colonnade.pipeline import open_workspace
from colonnade.pipeline.access import Signer
from colonnade.pipeline.access_book import read_book
from colonnade.pipeline.access_words import Words, words_of_uses
from colonnade.pipeline.feedback import Sealed
from colonnade.pipeline.workspace import Workspace
from colonnade.records import (
    Act,
    Digest,
    Grant,
    GrantStanding,
    GrantState,
    GrantUse,
    InputError,
    Level,
    RateCaps,
    digest_bytes,
)
from colonnade.records.grant import LONGEST_EMERGENCY

access_application = typer.Typer(no_args_is_help=True, help="Grant, watch and end specialised access.")

LAST_DAY = date.max - timedelta(days=1)
_NAME = "has letters, digits, '.', '_', '@' and '-', and begins with a letter or a digit."
_WRONG = {
    "id": "the id of a grant has small letters, digits and '-', and begins with a letter.",
    "because": "the reason is too short: say in a sentence what the grant is needed for.",
    "subject": f"the subject of a grant {_NAME}",
    "topics": f"a topic {_NAME}",
    "purposes": f"a purpose {_NAME}",
    "adapters": f"the name of an adapter {_NAME}",
}
GrantArgument = Annotated[str, typer.Argument(metavar="GRANT", help="The grant's id.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it stands in the ledger.")]


@access_application.command("request")
def request(
    name: Annotated[str, typer.Argument(metavar="GRANT", help="An id for it, such as pentest-2027.")],
    subject: Annotated[str, typer.Option("--subject", help="Who may use it: the principal that an API key names.")],
    topics: Annotated[list[str], typer.Option("--topic", metavar="TOPIC", help="A clause, or a node above clauses.")],
    highest: Annotated[Level, typer.Option("--level", help="How specific an answer may be.")],
    purposes: Annotated[list[str], typer.Option("--purpose", help="What for: a purpose of guard.yaml.")],
    evidence: Annotated[
        Path, typer.Option("--evidence", metavar="FILE", help="What supports it; only its digest is kept.")
    ],
    reason: ReasonOption,
    workspace: WorkspaceArgument = HERE,
    until: Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="The last day, within a year.")] = "",
    starts: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="The first day; by default today.")] = "",
    adapters: Annotated[list[str] | None, typer.Option("--adapter", help="An adapter the holder may ask for.")] = None,
    per_minute: Annotated[int, typer.Option(min=1, help="Uses within a minute; one more suspends it.")] = 10,
    per_day: Annotated[int, typer.Option(min=1, help="Uses within a day.")] = 200,
    specific_per_day: Annotated[int, typer.Option(min=1, help="Of these at actionable or recipe.")] = 50,
    break_glass: Annotated[
        bool, typer.Option("--break-glass", help="For an emergency: one signature, minutes, every use reviewed.")
    ] = False,
    minutes: Annotated[
        int | None,
        typer.Option(min=1, max=60, help="How long a break-glass lasts once it is signed; by default an hour."),
    ] = None,
) -> None:
    """Ask for more than the ceiling, for somebody, for a purpose, until a day. Two people have to sign it.

    With --break-glass one signature is enough, for an hour at most; it has to be signed by the next day.
    """
    opened, today = open_workspace(workspace), grants.now().date()
    _check_end(break_glass, until, minutes)
    caps = RateCaps(per_minute=per_minute, per_day=per_day, specific_per_day=specific_per_day)
    first = _day(starts) if starts else today
    try:
        grant = Grant(
            id=name,
            subject=subject,
            topics=tuple(topics),
            highest=highest,
            purposes=tuple(purposes),
            adapters=tuple(adapters or ()),
            starts=first,
            until=_day(until) if until else min(first, LAST_DAY) + timedelta(days=1),
            minutes=(minutes or LONGEST_EMERGENCY) if break_glass else None,
            caps=caps,
            evidence=_evidence(evidence),
            because=reason,
        )
    except ValidationError as fault:
        raise _wrong(fault) from None
    row = grants.request_grant(opened, grant, grants.now())
    _show(row)
    _show_caps(row.grant, (), grants.now())


@access_application.command("approve")
def approve(
    name: GrantArgument,
    person: PersonOption,
    key: KeyOption,
    workspace: WorkspaceArgument = HERE,
    reason: ReasonOption = "",
) -> None:
    """Sign a grant as it stands, under the boundaries as they stand. It needs two, neither of them its subject.

    A break-glass needs one, and begins to run with it.
    """
    _show(_signed(workspace, Act.APPROVE, name, Signer(person, key, reason)))


@access_application.command("refuse")
def refuse(
    name: GrantArgument, person: PersonOption, key: KeyOption, reason: ReasonOption, workspace: WorkspaceArgument = HERE
) -> None:
    """Refuse a grant, with the reason; it is not active while a refusal stands."""
    _show(_signed(workspace, Act.REFUSE, name, Signer(person, key, reason)))


@access_application.command("revoke")
def revoke(
    name: GrantArgument, person: PersonOption, key: KeyOption, reason: ReasonOption, workspace: WorkspaceArgument = HERE
) -> None:
    """End a grant for good; a running service knows within a second."""
    _show(_signed(workspace, Act.REVOKE, name, Signer(person, key, reason)))


@access_application.command("list")
def show_grants(workspace: WorkspaceArgument = HERE, as_json: JsonOption = False) -> None:
    """Show every grant: who, what, until when, where it stands and why; and the appeals that wait."""
    opened = open_workspace(workspace)
    book = read_book(workspace, opened.people)
    rows = grants.standings(opened, grants.now(), book)
    waiting = grants.open_appeals(book, rows)
    uses: dict[str, list[GrantUse]] = {row.grant.id: [] for row in rows}
    for use in grants.uses_of(opened):
        uses.setdefault(use.grant, []).append(use)
    moment = book.not_before(grants.now())
    if as_json:
        content = {
            "grants": [
                row.model_dump(mode="json")
                | {
                    "uses": len(uses[row.grant.id]),
                    "caps": [
                        each._asdict() | {"remaining": each.remaining}
                        for each in Tally(uses[row.grant.id]).used(row.grant.caps, moment)
                    ],
                }
                for row in rows
            ],
            "appeals": [row.model_dump(mode="json") for row in waiting],
        }
        print(json.dumps(content, ensure_ascii=False))
        return
    for row in rows:
        _show(row)
        out.print(f"{'':<12}used {counted(len(uses[row.grant.id]), 'time')}", markup=False)
        if row.state not in (GrantState.SUSPENDED, GrantState.REVOKED, GrantState.EXPIRED):
            _show_caps(row.grant, uses[row.grant.id], moment)
    for entry in waiting:
        out.print(f"appeal about {entry.grant} by {entry.by}, {entry.at:%Y-%m-%d}: {_line(entry.what)}", markup=False)
    if not rows:
        out.print("No grant was asked for.")


@access_application.command("review")
def review(
    workspace: WorkspaceArgument = HERE,
    name: Annotated[str, typer.Option("--grant", help="The grant whose use is judged.")] = "",
    number: Annotated[int, typer.Option("--use", min=0, help="The number of the use.")] = 0,
    within: Annotated[
        bool | None, typer.Option("--within/--outside", help="The verdict; outside the purpose suspends the grant.")
    ] = None,
    person: Annotated[str, typer.Option("--as", metavar="PERSON", help="Who signs the verdict.")] = "",
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="Their private key.")] = None,
    reason: ReasonOption = "",
    with_words: Annotated[bool, typer.Option("--words", help="Show what was said, if you hold the keys.")] = False,
    log: WordsOption = None,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    as_json: JsonOption = False,
) -> None:
    """List the uses that wait for a person; or sign a verdict on one, with --grant, --use and --within or --outside.

    With --words what was said is shown, each text held against the commitment in the log of uses; it takes the
    people's keys and the secret that they are wrapped with, of this workspace's service or named with options.
    """
    opened = open_workspace(workspace)
    if within is not None:
        if not (name and person and key):
            raise InputError("a verdict needs a grant, a person and a key.", mend="Give '--grant', '--as' and '--key'.")
        signer = Signer(person, key, reason or ("within the purpose" if within else ""))
        grants.judge_use(opened, name, number, within, signer, grants.now())
        out.print(f"signed: use {number} of '{name}' is {'within' if within else 'outside'} its purpose", markup=False)
        return
    if name or person or key is not None:
        raise InputError("there is no verdict to sign.", mend="Add '--within' or '--outside', or leave out the rest.")
    queue = grants.review_queue(opened)
    wanted = with_words or log is not None or keys is not None or secret is not None or secret_variable
    sealed = _sealed(opened, log, keys, secret, secret_variable) if wanted else None
    words = words_of_uses(queue, sealed, grants.access_key(workspace)) if sealed is not None else {}
    if as_json:
        rows = [
            use.model_dump(mode="json") | ({"words": words[use].text, "state": words[use].state} if words else {})
            for use in queue
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for use in queue:
        out.print(
            f"{use.grant:<20}use {use.number:<6}{use.at:%Y-%m-%d %H:%M}  {use.topic} at {use.level},"
            f" for {use.purpose} ({use.side})",
            markup=False,
        )
        out.print(f"{'':<20}{_said(words[use]) if words else f'commitment {use.text}'}", markup=False)
    out.print(f"{counted(len(queue), 'use waits', 'uses wait')} for review.")


@access_application.command("alerts")
def alerts(
    workspace: WorkspaceArgument = HERE,
    everything: Annotated[bool, typer.Option("--all", help="Those that were answered, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the patterns over weeks and accounts that wait for a person's answer."""
    rows = grants.alerts_of(open_workspace(workspace))
    shown = [row for row in rows if everything or row.state == "open"]
    if as_json:
        content = [
            {"id": row.alert.id, "state": row.state, "by": row.by, "reason": row.reason}
            | row.alert.model_dump(mode="json")
            for row in shown
        ]
        print(json.dumps(content, ensure_ascii=False))
        return
    for row in shown:
        _show_alert(row)
    waiting = sum(row.state == "open" for row in rows)
    out.print(f"{counted(waiting, 'alert waits', 'alerts wait')} for an answer.")


@access_application.command("alert")
def answer(
    name: Annotated[str, typer.Argument(metavar="ALERT", help="The alert's id; 'alerts' lists them.")],
    person: PersonOption,
    key: KeyOption,
    reason: ReasonOption,
    workspace: WorkspaceArgument = HERE,
    uphold: Annotated[
        bool | None,
        typer.Option("--uphold/--dismiss", help="To uphold it suspends the grants of those whom it is about."),
    ] = None,
) -> None:
    """Answer an alert, signed; the newest answer counts."""
    if uphold is None:
        raise InputError("it is not said what the answer is.", mend="Add '--uphold' or '--dismiss'.")
    _show_alert(grants.answer_alert(open_workspace(workspace), name, uphold, Signer(person, key, reason), grants.now()))


@access_application.command("appeal")
def appeal(
    name: GrantArgument,
    by: Annotated[str, typer.Option("--by", help="Who appeals.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the decision should be looked at again.")],
    workspace: WorkspaceArgument = HERE,
) -> None:
    """Ask for a decision about a grant to be looked at again; 'list' shows it until somebody signs something new."""
    row = grants.appeal(open_workspace(workspace), name, by, reason, grants.now())
    out.print(f"noted: an appeal about '{row.grant}' by {row.by}", markup=False)


def _sealed(workspace: Workspace, log: Path | None, keys: Path | None, secret: Path | None, variable: str) -> Sealed:
    """Where the words lie and what opens them: as somebody says, else where the service of this workspace keeps it."""
    found = find_log(log or workspace.folder)
    return Sealed(found.log, key_ring(found, keys, secret, variable))


def _said(words: Words) -> str:
    if words.state == "found":
        return f"fits its commitment: {_line(words.text)}"
    return "its words were erased" if words.state == "erased" else "no whole text in the log fits its commitment"


def _signed(workspace: Path, act: Act, name: str, signer: Signer) -> GrantStanding:
    return grants.sign_grant(open_workspace(workspace), act, name, signer, grants.now())


def _show(row: GrantStanding) -> None:
    grant = row.grant
    out.print(f"{grant.id:<11} {row.state}: {_line(row.reason)}", markup=False)
    what = f"{', '.join(grant.topics)} up to {grant.highest}, for {', '.join(grant.purposes)}"
    out.print(f"{'':<12}{grant.subject}: {what}, {grant.starts} to {grant.until}", markup=False)
    out.print(f"{'':<12}bound to {row.content}", markup=False)


def _check_end(break_glass: bool, until: str, minutes: int | None) -> None:
    """A grant ends on a day, and a break-glass after minutes."""
    if break_glass and until:
        raise InputError("a break-glass ends by itself.", mend="Leave '--until' out; '--minutes' says how long.")
    if not until and not break_glass:
        raise InputError("a grant needs a last day.", mend="Give '--until YYYY-MM-DD', within a year.")
    if minutes is not None and not break_glass:
        raise InputError("only a break-glass lasts for minutes.", mend="Add '--break-glass', or leave '--minutes' out.")


def _wrong(fault: ValidationError) -> InputError:
    wrong = fault.errors()[0]
    place = str(wrong["loc"][0]) if wrong["loc"] else ""
    what = wrong["msg"].removeprefix("Value error, ")
    return InputError(_WRONG.get(place) or (f"{place}: {what}." if place else f"{what}."), mend="Nothing was written.")


def _show_caps(grant: Grant, uses: Sequence[GrantUse], now: datetime) -> None:
    """How far each cap is used up; one use more suspends the grant, and nobody shall learn of a cap by that."""
    rows = (f"{row.used} of {row.cap} {row.window} ({row.remaining} left)" for row in Tally(uses).used(grant.caps, now))
    out.print(f"{'':<12}caps: {', '.join(rows)}; one use more suspends it", markup=False)


def _line(text: str) -> str:
    """What somebody wrote, in one line that cannot steer a terminal or look like another line."""
    return " ".join(visible(text).split())


def _evidence(file: Path) -> Digest:
    if not file.is_file():
        raise InputError("there is no such file.", file=file, mend="Name the document that supports the request.")
    content = file.read_bytes()
    if not content.strip():
        raise InputError("this file is empty.", file=file, mend="Name the document that supports the request.")
    return digest_bytes(content)


def _show_alert(row: AlertStanding) -> None:
    alert = row.alert
    about = f" on {alert.clause}" if alert.clause else ""
    what = f"{alert.kind}{about} by {', '.join(alert.subjects)}, strength {alert.strength:.2f}"
    out.print(f"{alert.id}  {row.state}: {what}", markup=False)
    rows = f"{alert.since:%Y-%m-%d %H:%M} to {alert.until:%Y-%m-%d %H:%M}; requests {', '.join(alert.rows)}"
    out.print(f"{'':<18}{rows}", markup=False)
    if row.by:
        out.print(f"{'':<18}{row.state} by {row.by}: {_line(row.reason)}", markup=False)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is not a day.", mend="Write it like 2027-06-30.") from None
