"""Grants of a workspace: asked for, signed, suspended, appealed and reviewed, each a line of the ledger."""

from __future__ import annotations

import getpass
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from colonnade.guard import read_guard_configuration
from colonnade.guard.access import FileUseLog, check_grant, grant_content, grant_subject, read_uses, use_subject
from colonnade.guard.access.grants import GrantEvent, may_approve, may_review, may_revoke, standing_of_grant
from colonnade.guard.configuration import AccessSettings, LogSettings
from colonnade.guard.recording import recorded_uses
from colonnade.pipeline.agreement import day_in
from colonnade.pipeline.workspace import Workspace
from colonnade.policy.reviews import PEOPLE_FILE
from colonnade.records import (
    Act,
    Appeal,
    BusyError,
    CorruptionError,
    Grant,
    GrantStanding,
    GrantState,
    GrantUse,
    InputError,
    People,
    Record,
    SignedStatement,
    Statement,
    Suspension,
    canonical_json,
)
from colonnade.store import HOME, Ledger, Objects, Store
from colonnade.store.statements import STATED, check_signature, counting, read_key, record_statement, sign
from colonnade.store.store import LEDGER, OBJECTS

ASKED, SUSPENDED, APPEALED = "grant", "suspension", "appeal"
"""The acts under which the ledger names a grant that was asked for, a suspension and an appeal."""

KEY_FILE, SET_DOWN = "access.key", "suspensions.jsonl"
PATIENCE = 10.0
"""Seconds for which a signature or a suspension waits for a command that holds the workspace."""


class Book(NamedTuple):
    """Everything that the ledger says about grants, oldest first; signatures verified.

    Attributes:
        events: statements and suspensions, in one order.
    """

    grants: tuple[Grant, ...]
    events: tuple[GrantEvent, ...]
    appeals: tuple[Appeal, ...]

    def grant(self, name: str) -> Grant:
        """The grant with this id.

        Raises:
            InputError: where there is none.
        """
        for grant in self.grants:
            if grant.id == name:
                return grant
        known = ", ".join(grant.id for grant in self.grants) or "none"
        raise InputError(f"there is no grant '{name}'.", mend=f"The grants are {known}.")


class Signer(NamedTuple):
    """Who signs, with which private key, and why."""

    person: str
    key: Path
    reason: str = ""


def read_book(folder: Path, people: People | None) -> Book:
    """What the ledger says about grants; nothing is made or changed.

    Raises:
        CorruptionError: where the ledger or something that it names is broken.
    """
    home = (folder / HOME).absolute()
    objects = Objects(str(home / OBJECTS))
    grants: list[Grant] = []
    events: list[GrantEvent] = []
    appeals: list[Appeal] = []
    for entry in Ledger(home / LEDGER).entries():
        if entry.act not in (ASKED, SUSPENDED, APPEALED, STATED):
            continue
        try:
            for line in objects.get(entry.subject).splitlines():
                if entry.act == ASKED:
                    grants.append(Grant.model_validate_json(line))
                elif entry.act == SUSPENDED:
                    events.append(Suspension.model_validate_json(line))
                elif entry.act == APPEALED:
                    appeals.append(Appeal.model_validate_json(line))
                elif people is not None:
                    events += counting([SignedStatement.model_validate_json(line)], people)
        except ValidationError:
            what = f"ledger entry {entry.sequence} names {entry.subject}, which is no {entry.act}."
            raise CorruptionError(what, mend="Put the store back from a backup.") from None
    for suspension in _set_down(folder):
        # What could not wait for the ledger takes its place in time among what the ledger says.
        place = next((number for number, event in enumerate(events) if event.at > suspension.at), len(events))
        events.insert(place, suspension)
    return Book(tuple(grants), tuple(events), tuple(appeals))


def access_settings(workspace: Workspace) -> AccessSettings | None:
    """Who decides about grants; nothing where ``guard.yaml`` does not say.

    Uses are logged in ``access.log``, or else in the service's own log, where one is configured.
    """
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    settings, log = configuration.access, configuration.log
    if settings is not None and not settings.log and isinstance(log, LogSettings):
        return settings.model_copy(update={"log": log.folder})
    return settings


def standings(workspace: Workspace, today: date, book: Book | None = None) -> tuple[GrantStanding, ...]:
    """Where every grant stands, in the order they were asked for.

    Where the clock of this machine was set back, the day of the ledger's newest entry counts.
    """
    book = book if book is not None else read_book(workspace.folder, workspace.people)
    settings, day = access_settings(workspace), day_in(workspace.folder, today)
    active = workspace.policies.active
    return tuple(
        standing_of_grant(grant, grant_content(grant, active), book.events, workspace.people, settings, day)
        for grant in book.grants
    )


def request_grant(workspace: Workspace, grant: Grant, today: date) -> GrantStanding:
    """Ask for a grant: it is checked and written to the ledger, and opens nothing before two people signed it.

    Raises:
        InputError: where it could never be used as it says, or its id is taken; nothing is written.
    """
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    check_grant(grant, workspace.policies.active, configuration, today)
    _refuse_a_taken_id(workspace, grant)
    _append(workspace.folder, ASKED, grant, grant.id, workspace)
    return next(row for row in standings(workspace, today) if row.grant.id == grant.id)


def sign_grant(workspace: Workspace, act: Act, name: str, signer: Signer, now: datetime) -> GrantStanding:
    """Approve, refuse, withdraw or revoke a grant as it stands.

    Raises:
        InputError: where the person may not, the key is not theirs, a reason is missing, or there is
            nothing that this would change. Nothing is written then.
    """
    book = read_book(workspace.folder, workspace.people)
    grant, settings, people = book.grant(name), access_settings(workspace), workspace.people
    may = may_revoke if act is Act.REVOKE else may_approve
    if not may(signer.person, grant, people, settings):
        raise _not_entitled(signer.person, grant, settings, act)
    standing = next(row for row in standings(workspace, now.date(), book) if row.grant.id == name)
    if standing.state in (GrantState.REVOKED, GrantState.EXPIRED):
        what = f"the grant '{name}' is {standing.state}: {standing.reason}."
        raise InputError(what, mend="Ask for a new one with 'colonnade access request'.")
    if act is Act.WITHDRAW and signer.person not in standing.approved_by:
        raise InputError(
            f"{signer.person} does not approve '{name}' as it stands.", mend="There is nothing to take back."
        )
    if act is Act.APPROVE and signer.person in standing.approved_by:
        raise InputError(f"{signer.person} approves '{name}' already.", mend="Somebody else has to be the second.")
    statement = _statement(workspace, act, grant_subject(name), standing.content, signer, now)
    _sign(workspace, statement, signer)
    return next(row for row in standings(workspace, now.date()) if row.grant.id == name)


def judge_use(workspace: Workspace, name: str, number: int, within: bool, signer: Signer, now: datetime) -> GrantUse:
    """A reviewer's signed verdict on one use; one beside the purpose suspends the grant at once.

    Raises:
        InputError: where there is no such use, or the person may not judge it. Nothing is written then.
    """
    book = read_book(workspace.folder, workspace.people)
    grant, settings = book.grant(name), access_settings(workspace)
    if not may_review(signer.person, grant, workspace.people, settings):
        raise _not_entitled(signer.person, grant, settings, Act.REFUSE)
    found = [use for use in uses_of(workspace) if (use.grant, use.number) == (name, number)]
    if not found:
        raise InputError(f"the log has no use {number} of '{name}'.", mend="'colonnade access review' lists them.")
    act = Act.APPROVE if within else Act.REFUSE
    _sign(workspace, _statement(workspace, act, use_subject(name, number), found[-1].digest, signer, now), signer)
    return found[-1]


def uses_of(workspace: Workspace) -> tuple[GrantUse, ...]:
    """Every logged use of every grant; none where no log is configured."""
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    settings, log = configuration.access, configuration.log
    rows = recorded_uses(workspace.folder / (log if isinstance(log, LogSettings) else LogSettings()).folder)
    file = read_uses(workspace.folder / settings.log) if settings is not None and settings.log else ()
    return (*file, *rows)


def review_queue(workspace: Workspace) -> tuple[GrantUse, ...]:
    """Uses that were drawn for review and that nobody has judged yet, oldest first."""
    book = read_book(workspace.folder, workspace.people)
    settings = access_settings(workspace)
    grants = {grant.id: grant for grant in book.grants}
    judged = {
        (row.subject, row.content)
        for row in book.events
        if isinstance(row, Statement)
        and row.act in (Act.APPROVE, Act.REFUSE)
        and (grant := grants.get(row.subject.removeprefix("grant:").partition("/")[0])) is not None
        and may_review(row.person, grant, workspace.people, settings)
    }
    drawn = (use for use in uses_of(workspace) if use.drawn)
    return tuple(use for use in drawn if (use_subject(use.grant, use.number), use.digest) not in judged)


def appeal(workspace: Workspace, name: str, by: str, what: str, now: datetime) -> Appeal:
    """Put an appeal about a grant into the queue; it is not signed, since its author may be no one of ours.

    Raises:
        InputError: where there is no such grant.
    """
    read_book(workspace.folder, workspace.people).grant(name)
    try:
        row = Appeal(grant=name, by=by, what=what, at=now)
    except ValidationError:
        raise InputError("an appeal needs a name and a sentence.", mend="Give '--by' and '--reason'.") from None
    _append(workspace.folder, APPEALED, row, by)
    return row


def open_appeals(book: Book, rows: Sequence[GrantStanding]) -> tuple[Appeal, ...]:
    """Appeals that nobody has answered: nothing was signed about their grant since, and it is not active."""
    state = {row.grant.id: row.state for row in rows}
    latest: dict[str, datetime] = {}
    for event in book.events:
        if isinstance(event, Statement) and event.subject.startswith("grant:"):
            name = event.subject.removeprefix("grant:")
            latest[name] = max(event.at, latest.get(name, event.at))
    return tuple(
        row
        for row in book.appeals
        if state.get(row.grant) is not GrantState.ACTIVE and latest.get(row.grant, row.at) <= row.at
    )


def record_suspension(folder: Path, suspension: Suspension, patience: float = 1.0) -> None:
    """Write down that the service stopped a grant: in the ledger, or beside it while a run holds the workspace.

    A run may take hours, and a service may be restarted meanwhile; the suspension has to outlast both.
    """
    try:
        _append(folder, SUSPENDED, suspension, "guard", patience=patience)
    except BusyError:
        with (folder / HOME / SET_DOWN).open("ab") as stream:
            stream.write(canonical_json(suspension.model_dump(mode="json")) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())


def _set_down(folder: Path) -> tuple[Suspension, ...]:
    """Suspensions that were written beside the ledger."""
    file = folder / HOME / SET_DOWN
    if not file.exists():
        return ()
    try:
        return tuple(Suspension.model_validate_json(line) for line in file.read_bytes().split(b"\n")[:-1])
    except ValidationError:
        mend = "Put the file back from a backup."
        raise CorruptionError("this file holds something that is no suspension.", file=file, mend=mend) from None


def use_log(workspace: Workspace) -> FileUseLog | None:
    """The file of uses that ``guard.yaml`` names; none where it names none.

    Raises:
        InputError: where it would lie outside the workspace.
    """
    settings = read_guard_configuration(workspace.folder / "guard.yaml").access
    if settings is None or not settings.log:
        return None
    file = workspace.folder / settings.log
    if not file.resolve().is_relative_to(workspace.folder.resolve()):
        raise InputError(f"the log '{settings.log}' lies outside the workspace.", file=workspace.folder / "guard.yaml")
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileUseLog(file)


def access_key(folder: Path) -> bytes:
    """The secret behind draws and commitments; made on first use, readable by its owner alone.

    Raises:
        CorruptionError: where it is not as long as it was written.
    """
    file = folder / HOME / KEY_FILE
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(32))
    key = file.read_bytes()
    if len(key) != 32:
        mend = "Put it back from a backup, or remove it: draws are made with a new one then."
        raise CorruptionError("this is not the key of the service.", file=file, mend=mend)
    return key


def _refuse_a_taken_id(workspace: Workspace, grant: Grant) -> None:
    if any(row.id == grant.id for row in read_book(workspace.folder, workspace.people).grants):
        raise InputError(f"there is a grant '{grant.id}' already.", mend="Choose another id; a grant is never changed.")


def _statement(workspace: Workspace, act: Act, subject: str, content: str, signer: Signer, now: datetime) -> Statement:
    people = workspace.people
    person = people.person(signer.person) if people is not None else None
    if person is None:
        mend = "Add them with their roles and key."
        raise InputError(f"there is no person '{signer.person}'.", file=workspace.folder / PEOPLE_FILE, mend=mend)
    if act is not Act.APPROVE and not signer.reason.strip():
        raise InputError(f"to {act} '{subject}' needs a reason.", mend="Say why with '--reason', in a sentence.")
    settings = access_settings(workspace)
    roles = (*settings.approvers, *settings.reviewers) if settings is not None else ()
    role = next((role for role in person.roles if role in roles), person.roles[0])
    reason = signer.reason.strip()
    return Statement(act=act, subject=subject, content=content, person=person.id, role=role, reason=reason, at=now)


def _sign(workspace: Workspace, statement: Statement, signer: Signer) -> None:
    people = workspace.people
    if people is None:  # found out before, where the statement was made
        raise InputError("nobody is named who may sign.", file=workspace.folder / PEOPLE_FILE)
    signed = sign(statement, read_key(signer.key, workspace.folder))
    check_signature(signed, people)
    store = Store(workspace.folder)
    try:
        with store.held(PATIENCE):
            record_statement(store, signed, people)
    finally:
        store.close()


def _append(
    folder: Path, act: str, record: Record, actor: str, once: Workspace | None = None, patience: float = PATIENCE
) -> None:
    """Write a record to the heap and the ledger; ``once`` looks again, with others kept out, whether the id is free."""
    store = Store(folder)
    try:
        with store.held(patience):
            if once is not None and isinstance(record, Grant):
                _refuse_a_taken_id(once, record)
            digest = store.put_records([record])
            store.ledger.append(act, digest, actor or getpass.getuser())
    finally:
        store.close()


def _not_entitled(person: str, grant: Grant, settings: AccessSettings | None, act: Act) -> InputError:
    if person == grant.subject:
        return InputError(f"{person} is the subject of '{grant.id}'.", mend="Nobody decides about their own access.")
    if settings is None:
        mend = "Add 'access:' with 'approvers', 'reviewers' and 'log'."
        return InputError("guard.yaml does not say who decides about grants.", file="guard.yaml", mend=mend)
    roles = settings.approvers if act in (Act.APPROVE, Act.WITHDRAW) else (*settings.approvers, *settings.reviewers)
    what = f"{person} may not decide about '{grant.id}'."
    return InputError(what, mend=f"Ask somebody who speaks for {' or '.join(dict.fromkeys(roles))} in {PEOPLE_FILE}.")


def now() -> datetime:
    """The clock of every command here."""
    return datetime.now(UTC)
