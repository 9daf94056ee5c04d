"""Grants of a workspace: asked for, signed, suspended, appealed and reviewed, each a line of the ledger."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from colonnade.guard import read_guard_configuration
from colonnade.guard.access import AlsoRecorded, FileUseLog, UseLog, check_grant, grant_subject, read_uses, use_subject
from colonnade.guard.access.alerting import AlertStanding, alert_subject, may_answer, standing_of_alert
from colonnade.guard.access.grants import belongs, is_subject, may_approve, may_review, may_revoke
from colonnade.guard.access.uses import UseRecord
from colonnade.guard.configuration import AccessSettings, LogSettings
from colonnade.guard.recording import recorded_uses
from colonnade.pipeline.access_book import APPEALED, ASKED, PATIENCE, Book, Standings, append_record, read_book
from colonnade.pipeline.workspace import Workspace
from colonnade.policy.reviews import PEOPLE_FILE
from colonnade.records import (
    Act,
    Appeal,
    CorruptionError,
    Grant,
    GrantStanding,
    GrantState,
    GrantUse,
    InputError,
    Person,
    Statement,
)
from colonnade.store import HOME, Store
from colonnade.store.statements import check_signature, read_key, record_statement, sign

_WAITED = timedelta(minutes=1)
"""For so long at most a signature waits for its turn; one of an earlier moment has another clock."""

KEY_FILE, COUNTS = "access.key", "uses.jsonl"


class Signer(NamedTuple):
    """Who signs, with which private key, and why."""

    person: str
    key: Path
    reason: str = ""


def access_settings(workspace: Workspace) -> AccessSettings | None:
    """Who decides about grants; nothing where ``guard.yaml`` does not say.

    Uses are logged in ``access.log``, or else in the service's own log, where one is configured.
    """
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    settings, log = configuration.access, configuration.log
    if settings is not None and not settings.log and isinstance(log, LogSettings):
        return settings.model_copy(update={"log": log.folder})
    return settings


def standings(workspace: Workspace, at: datetime, book: Book | None = None) -> tuple[GrantStanding, ...]:
    """Where every grant stands at a moment, in the order they were asked for.

    Where the clock of this machine was set back, the time of the ledger's newest entry counts.
    """
    book = book if book is not None else read_book(workspace.folder, workspace.people)
    settings, moment = access_settings(workspace), book.not_before(at)
    return Standings(workspace.policies, workspace.launch.name).of(book, workspace.people, settings, moment)


def request_grant(workspace: Workspace, grant: Grant, at: datetime) -> GrantStanding:
    """Ask for a grant: it is checked and written to the ledger, and opens nothing before two people signed it.

    Raises:
        InputError: where it could never be used as it says, its id is taken, or an earlier break-glass
            of the same subject is not done with; nothing is written.
    """
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    grant = grant.model_copy(update={"launch": workspace.launch.name})
    check_grant(grant, workspace.policies.active, configuration, at.date())
    _refuse_a_taken_id(workspace, grant, at)
    store = Store(workspace.folder)
    try:
        with store.held(PATIENCE):
            _refuse_a_taken_id(workspace, grant, at)  # again, with others kept out
            store.ledger.append(ASKED, store.put_records([grant]), grant.id)
    finally:
        store.close()
    return next(row for row in standings(workspace, at) if row.grant.id == grant.id)


def sign_grant(workspace: Workspace, act: Act, name: str, signer: Signer, now: datetime) -> GrantStanding:
    """Approve, refuse, withdraw or revoke a grant as it stands.

    Raises:
        InputError: where the person may not, the key is not theirs, a reason is missing, or there is
            nothing that this would change. Nothing is written then.
    """
    book = read_book(workspace.folder, workspace.people)
    grant, settings, people = book.grant(name), access_settings(workspace), workspace.people
    if act is Act.APPROVE and not belongs(grant, workspace.launch.name):
        what = f"the grant '{name}' was asked for in '{grant.launch}', and can be used nowhere else."
        raise InputError(what, mend="Ask for one here with 'colonnade access request'.")
    may = may_revoke if act is Act.REVOKE else may_approve
    if not may(signer.person, grant, people, settings):
        _known(workspace, signer.person)
        raise _not_entitled(signer.person, grant, settings, act)
    standing = next(row for row in standings(workspace, now, book) if row.grant.id == name)
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
    return next(row for row in standings(workspace, now) if row.grant.id == name)


def judge_use(workspace: Workspace, name: str, number: int, within: bool, signer: Signer, now: datetime) -> GrantUse:
    """A reviewer's signed verdict on one use; one beside the purpose suspends the grant at once.

    Raises:
        InputError: where there is no such use, or the person may not judge it. Nothing is written then.
    """
    book = read_book(workspace.folder, workspace.people)
    grant, settings = book.grant(name), access_settings(workspace)
    if not may_review(signer.person, grant, workspace.people, settings):
        raise _not_entitled(signer.person, grant, settings, Act.REFUSE)
    if signer.person in openers(grant, book):
        what = f"{signer.person} opened '{name}' alone."
        raise InputError(what, mend="Somebody else has to look at what was done with it.")
    found = [use for use in uses_of(workspace) if (use.grant, use.number) == (name, number)]
    if not found:
        raise InputError(f"the log has no use {number} of '{name}'.", mend="'colonnade access review' lists them.")
    act = Act.APPROVE if within else Act.REFUSE
    _sign(workspace, _statement(workspace, act, use_subject(name, number), found[-1].digest, signer, now), signer)
    return found[-1]


def uses_of(workspace: Workspace) -> tuple[GrantUse, ...]:
    """Every logged use of every grant, each once; none where no log is configured."""
    log = read_guard_configuration(workspace.folder / "guard.yaml").log
    rows = recorded_uses(workspace.folder / (log if isinstance(log, LogSettings) else LogSettings()).folder)
    file = counting_file(workspace)
    counted = read_uses(file) if file is not None else ()
    return tuple(dict.fromkeys((*counted, *rows)))


def review_queue(workspace: Workspace, book: Book | None = None) -> tuple[GrantUse, ...]:
    """Uses that were drawn for review and that nobody has judged yet, oldest first."""
    book = book if book is not None else read_book(workspace.folder, workspace.people)
    settings = access_settings(workspace)
    grants = {grant.id: grant for grant in book.grants}
    alone = {grant.id: openers(grant, book) for grant in book.grants if grant.breaks_glass}
    judged = {
        (row.subject, row.content)
        for row in book.events
        if isinstance(row, Statement)
        and row.act in (Act.APPROVE, Act.REFUSE)
        and (grant := grants.get(row.subject.removeprefix("grant:").partition("/")[0])) is not None
        and may_review(row.person, grant, workspace.people, settings)
        and row.person not in alone.get(grant.id, ())
    }
    drawn = (use for use in uses_of(workspace) if use.drawn)
    return tuple(use for use in drawn if (use_subject(use.grant, use.number), use.digest) not in judged)


def openers(grant: Grant, book: Book) -> frozenset[str]:
    """Who opened a break-glass; people who did that alone do not judge what became of it."""
    if not grant.breaks_glass:
        return frozenset()
    said = (row for row in book.events if isinstance(row, Statement) and row.subject == grant_subject(grant.id))
    return frozenset(row.person for row in said if row.act is Act.APPROVE)


def alerts_of(workspace: Workspace) -> tuple[AlertStanding, ...]:
    """Every alert and what became of it, oldest first."""
    book, settings = read_book(workspace.folder, workspace.people), access_settings(workspace)
    return tuple(standing_of_alert(alert, book.events, workspace.people, settings) for alert in book.alerts)


def answer_alert(workspace: Workspace, name: str, uphold: bool, signer: Signer, now: datetime) -> AlertStanding:
    """A reviewer's signed answer to an alert; to uphold it suspends the grants of those whom it is about.

    Raises:
        InputError: where there is no such alert, the person may not answer it, or gives no reason.
            Nothing is written then.
    """
    alert = read_book(workspace.folder, workspace.people).alert(name)
    settings = access_settings(workspace)
    if not may_answer(signer.person, alert, workspace.people, settings):
        roles = " or ".join(settings.reviewers) if settings is not None else "the reviewers of guard.yaml"
        what = f"{signer.person} may not answer the alert '{name}'."
        raise InputError(what, mend=f"Ask somebody who speaks for {roles} and whom it is not about.")
    if not signer.reason.strip():
        raise InputError("to answer an alert needs a reason.", mend="Say why with '--reason', in a sentence.")
    act = Act.APPROVE if uphold else Act.REFUSE
    _sign(workspace, _statement(workspace, act, alert_subject(name), alert.digest, signer, now), signer)
    return next(row for row in alerts_of(workspace) if row.alert.id == name)


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
    append_record(workspace.folder, APPEALED, row, by)
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


def counting_file(workspace: Workspace) -> Path | None:
    """The file that uses are counted by: the one that ``guard.yaml`` names, or one of our own; none without ``access``.

    Raises:
        InputError: where it would lie outside the workspace.
    """
    settings = read_guard_configuration(workspace.folder / "guard.yaml").access
    if settings is None:
        return None
    file = workspace.folder / (settings.log or f"{HOME}/{COUNTS}")
    if not file.resolve().is_relative_to(workspace.folder.resolve()):
        raise InputError(f"the log '{settings.log}' lies outside the workspace.", file=workspace.folder / "guard.yaml")
    return file


def use_log(workspace: Workspace, record: UseRecord | None = None) -> UseLog | None:
    """Where uses are counted and written; none where nobody configured a log.

    Args:
        workspace: whose ``guard.yaml`` says where.
        record: another log that every use goes into first.

    Raises:
        InputError: where the file would lie outside the workspace.
    """
    settings = read_guard_configuration(workspace.folder / "guard.yaml").access
    file = counting_file(workspace)
    if settings is None or file is None or not (settings.log or record is not None):
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    counted = FileUseLog(file)
    return AlsoRecorded(counted, record) if record is not None else counted


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


def _refuse_a_taken_id(workspace: Workspace, grant: Grant, at: datetime) -> None:
    book = read_book(workspace.folder, workspace.people)
    if any(row.id == grant.id for row in book.grants):
        raise InputError(f"there is a grant '{grant.id}' already.", mend="Choose another id; a grant is never changed.")
    if not grant.breaks_glass:
        return
    earlier = [row for row in standings(workspace, at, book) if row.grant.breaks_glass]
    for row in earlier:
        if row.grant.subject == grant.subject and row.state not in (GrantState.REVOKED, GrantState.EXPIRED):
            what = f"'{row.grant.id}' is a break-glass of {grant.subject}, too, and it is {row.state}."
            raise InputError(what, mend="One at a time: use it, or revoke it with 'colonnade access revoke'.")
    ids = {row.grant.id for row in earlier if row.grant.subject == grant.subject}
    waiting = [use for use in review_queue(workspace, book) if use.grant in ids]
    if waiting:
        uses = "a use" if len(waiting) == 1 else f"{len(waiting)} uses"
        wait = "waits" if len(waiting) == 1 else "wait"
        what = f"{uses} of the break-glass '{waiting[0].grant}' of {grant.subject} {wait} for review."
        raise InputError(what, mend="Somebody has to look at each of them first: 'colonnade access review'.")


def _statement(workspace: Workspace, act: Act, subject: str, content: str, signer: Signer, now: datetime) -> Statement:
    person = _known(workspace, signer.person)
    if act is not Act.APPROVE and not signer.reason.strip():
        raise InputError(f"to {act} '{subject}' needs a reason.", mend="Say why with '--reason', in a sentence.")
    settings = access_settings(workspace)
    roles = (*settings.approvers, *settings.reviewers) if settings is not None else ()
    role = next((role for role in person.roles if role in roles), person.roles[0])
    reason = signer.reason.strip()
    return Statement(act=act, subject=subject, content=content, person=person.id, role=role, reason=reason, at=now)


def _known(workspace: Workspace, name: str) -> Person:
    """Somebody of ``people.yaml``.

    Raises:
        InputError: where there is no such person, or nobody at all.
    """
    person = workspace.people.person(name) if workspace.people is not None else None
    if person is None:
        mend = "Add them with their roles and the key that 'colonnade policy key FILE' prints."
        raise InputError(f"there is no person '{name}'.", file=workspace.folder / PEOPLE_FILE, mend=mend)
    return person


def _sign(workspace: Workspace, statement: Statement, signer: Signer) -> None:
    people = workspace.people
    if people is None:  # found out before, where the statement was made
        raise InputError("nobody is named who may sign.", file=workspace.folder / PEOPLE_FILE)
    key = read_key(signer.key, workspace.folder)
    check_signature(sign(statement, key), people)
    store = Store(workspace.folder)
    try:
        with store.held(PATIENCE):
            moment = now()
            if timedelta() < moment - statement.at < _WAITED:
                # Somebody else signed while this one waited, and a revocation is not to be refused for that.
                statement = statement.model_copy(update={"at": moment})
            record_statement(store, sign(statement, key), people)
    finally:
        store.close()


def _not_entitled(person: str, grant: Grant, settings: AccessSettings | None, act: Act) -> InputError:
    if is_subject(person, grant):
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
