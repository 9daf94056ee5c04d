"""What a person means to sign, turned into a statement about the content as it stands."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from colonnade.pipeline.workspace import Workspace, with_library
from colonnade.policy.profiles import read_profile, resolve_profile
from colonnade.policy.reviews import (
    PEOPLE_FILE,
    Reviewed,
    Standing,
    entitled,
    reviewed_policy,
    reviewed_profile,
    standing_of,
)
from colonnade.policy.revisions import read_revision
from colonnade.records import Act, Clause, Digest, Facet, InputError, People, Person, Statement
from colonnade.store import Store
from colonnade.store.statements import counting, read_key, record_statement, sign, statements

LONGEST_ACCEPTANCE = timedelta(days=366)
"""A risk may be accepted for a year at most; then somebody looks again."""


class Signing(NamedTuple):
    """What somebody means to sign.

    Attributes:
        role: the working group; may be left out where the person has only one that fits.
        against: for an attestation, the git revision with the older wording; the last run's if empty.
    """

    act: Act
    subject: str
    person: str
    role: str = ""
    reason: str = ""
    expires: date | None = None
    to: str | None = None
    against: str = ""


def sign_statement(workspace: Workspace, what: Signing, key: Path, now: datetime) -> Statement:
    """Bind it to the content as it stands, sign it and write it to the ledger.

    Raises:
        InputError: where the person, role or subject is not one, the person may not say this, or
            the key is not theirs. Nothing is written then.
        BusyError: where a run holds the workspace.
    """
    people = workspace.people
    if people is None:
        mend = "Write one: 'people:' with id, roles and key of each; 'colonnade policy key FILE' makes a key."
        raise InputError("nobody is named who may sign.", file=workspace.folder / PEOPLE_FILE, mend=mend)
    person = people.person(what.person)
    if person is None:
        known = ", ".join(row.id for row in people.people)
        raise InputError(f"there is no person '{what.person}'.", file=PEOPLE_FILE, mend=f"Choose one of {known}.")
    if what.expires is not None and what.expires < now.date():
        raise InputError(f"{what.expires} is past.", mend="Name a day to come.")
    private = read_key(key, workspace.folder)
    store = Store(workspace.folder)
    try:
        statement = _statement(workspace, store, people, person, what, now)
        with store.held():
            record_statement(store, sign(statement, private), people)
    finally:
        store.close()
    return statement


def _statement(
    workspace: Workspace, store: Store, people: People, person: Person, what: Signing, now: datetime
) -> Statement:
    reviewed = _reviewed(workspace, what.subject)
    common = {"subject": what.subject, "person": person.id, "reason": what.reason, "at": now, "expires": what.expires}
    if reviewed is not None:
        if what.act not in _ANSWERS:
            mend = "Approve, refuse, delegate or withdraw it."
            raise InputError(f"'{what.subject}' is not {_wanted(what.act)}.", mend=mend)
        _refuse_author(person, reviewed.authors, what)
        role = _role(person, what, tuple(role for role, _ in reviewed.quorum))
        if what.to is not None and people.person(what.to) is None:
            raise InputError(f"there is no person '{what.to}'.", file=PEOPLE_FILE, mend="Name somebody who is in it.")
        said = counting(statements(store), people)
        _refuse_what_counts_for_nothing(standing_of(reviewed, people, said, now.date()), person, role, what)
        return Statement(act=what.act, content=reviewed.content, role=role, to=what.to, **common)
    harm = next((row for row in workspace.launch.harms if row.id == what.subject), None)
    if harm is not None and what.act in (Act.ACCEPT, Act.WITHDRAW):
        if what.act is Act.ACCEPT and (what.expires is None or what.expires > now.date() + LONGEST_ACCEPTANCE):
            mend = "Give '--until' a day within a year."
            raise InputError("a risk is accepted until a day, and for a year at most.", mend=mend)
        role = what.role or person.roles[0]
        return Statement(act=what.act, content=harm.digest, role=role, **common)
    clause, facet = _facet(workspace, what)
    if not entitled(clause, people, person.id):
        roles = ", ".join(role for role, _ in clause.admin.quorum) or "none"
        what_is_wrong = f"{person.id} may not attest for {clause.id}: its quorum names {roles}, and authors may not."
        raise InputError(
            what_is_wrong, file=clause.file, line=clause.line, mend="Ask somebody who speaks for one of them."
        )
    new = clause.facet(facet)
    old = None if what.act is Act.WITHDRAW else _older(workspace, store, clause, facet, what.against)
    if old == new:
        raise InputError(
            f"{what.subject} is what it was; there is nothing to attest.", file=clause.file, line=clause.line
        )
    return Statement(act=what.act, content=new, replaces=old, role=person.roles[0], **common)


_ANSWERS = (Act.APPROVE, Act.REFUSE, Act.DELEGATE, Act.WITHDRAW)


def _refuse_what_counts_for_nothing(standing: Standing, person: Person, role: str, what: Signing) -> None:
    """Nobody should believe that they have signed something that no review reads."""
    own = role in person.roles
    if what.act is Act.DELEGATE and what.to == person.id:
        raise InputError(f"{person.id} cannot delegate to themselves.", mend="Name somebody else with '--to'.")
    if what.act is Act.WITHDRAW:
        if (person.id, role) not in standing.said:
            mend = "'colonnade policy review' shows who said what."
            raise InputError(f"{person.id} has said nothing for '{role}' on '{what.subject}' as it stands.", mend=mend)
        return
    if not own and (what.act is Act.DELEGATE or (person.id, role) not in standing.delegated):
        mend = f"{person.id} speaks for {', '.join(person.roles)}; somebody of '{role}' may delegate it."
        raise InputError(f"{person.id} does not speak for '{role}'.", mend=mend)
    others = [name for row in standing.answers if row.person == person.id and (name := row.role) != role]
    if what.act is Act.APPROVE and others:
        mend = "One person answers for one working group: withdraw that first, or ask somebody else."
        raise InputError(f"{person.id} answers for '{others[0]}' on '{what.subject}' already.", mend=mend)


def _reviewed(workspace: Workspace, subject: str) -> Reviewed | None:
    """The policy, or the profile as ``profile:ID``, that a subject names; none where it names neither."""
    kind, _, name = subject.partition(":")
    if kind == "profile" and name:
        profile, located = read_profile(workspace.folder, name)
        found = reviewed_profile(resolve_profile(workspace.library, profile, located), str(located.file))
        if not found.quorum:
            what = f"the profile '{name}' loosens nothing that a working group has to approve."
            raise InputError(what, file=located.file, mend=f"'colonnade policy profile {name}' shows what it changes.")
        return found
    return reviewed_policy(workspace.library, subject) if subject in workspace.library.policies() else None


def _refuse_author(person: Person, authors: tuple[str, ...], what: Signing) -> None:
    if person.id in authors:
        raise InputError(
            f"{person.id} is an author of '{what.subject}' and may not answer for it.",
            mend="Author and approver are different people: ask somebody else.",
        )


def _role(person: Person, what: Signing, quorum: tuple[str, ...]) -> str:
    """The role named, or the only one of the person's that the quorum asks for."""
    if what.role:
        if what.role not in quorum:
            mend = f"It asks for {', '.join(quorum) or 'none'}."
            raise InputError(f"the quorum of '{what.subject}' does not ask for '{what.role}'.", mend=mend)
        return what.role
    fitting = [role for role in person.roles if role in quorum]
    if len(fitting) != 1:
        mend = f"Say '--role' with one of {', '.join(fitting or quorum) or 'none'}."
        raise InputError(f"it is not clear for which working group {person.id} speaks.", mend=mend)
    return fitting[0]


def _facet(workspace: Workspace, what: Signing) -> tuple[Clause, Facet]:
    clause_id, _, name = what.subject.rpartition(".")
    clause = workspace.policies.clause(clause_id)
    if clause is None or name not in set(Facet):
        wanted = "a policy, a profile, a harm or CLAUSE.FACET" if what.act is Act.WITHDRAW else _wanted(what.act)
        raise InputError(f"'{what.subject}' is not {wanted} of this workspace.", mend=_known(workspace, what.act))
    if what.act not in (Act.ATTEST, Act.WITHDRAW):
        raise InputError(f"'{what.subject}' is a facet, and one can only attest it.", mend="Name the policy.")
    return clause, Facet(name)


def _known(workspace: Workspace, act: Act) -> str:
    if act is Act.ACCEPT:
        return f"The launch's harms are {', '.join(row.id for row in workspace.launch.harms) or 'none'}."
    if act is Act.ATTEST:
        return "Name a clause and a facet, such as cyber.malware.text."
    return f"The policies are {', '.join(workspace.library.policies())}."


def _wanted(act: Act) -> str:
    return {Act.ATTEST: "CLAUSE.FACET", Act.ACCEPT: "a harm"}.get(act, "a policy or profile")


def _older(workspace: Workspace, store: Store, clause: Clause, facet: Facet, against: str) -> Digest:
    if against:
        earlier = with_library(workspace, *read_revision(workspace.folder, against)).policies.clause(clause.id)
        if earlier is None:
            raise InputError(f"{clause.id} did not exist in {against}.", mend="Name a revision that has it.")
        return earlier.facet(facet)
    for run in reversed(store.catalogue.runs()):
        for use in run.uses:
            if (use.clause, use.facet) == (clause.id, facet):
                return use.facet_digest
    raise InputError(f"no run has read {clause.id}.{facet} yet.", mend="Name the older wording with '--against REV'.")
