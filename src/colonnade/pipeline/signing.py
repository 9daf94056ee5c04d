"""What a person means to sign, turned into a statement about the content as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from colonnade.pipeline.workspace import Workspace, with_library
from colonnade.policy.profiles import read_profile, resolve_profile
from colonnade.policy.reviews import (
    PEOPLE_FILE,
    Reviewed,
    Standing,
    accepted_until,
    accepting_roles,
    attests,
    entitled,
    harm_subject,
    reviewed_policy,
    reviewed_profile,
    standing_of,
)
from colonnade.policy.revisions import read_revision
from colonnade.records import Act, Clause, Digest, Facet, Harm, InputError, People, Person, Statement
from colonnade.store import HOME, Store
from colonnade.store.statements import (
    check_signature,
    counting,
    read_key,
    record_statement,
    sign,
    statements,
    statements_in,
)

LONGEST_ACCEPTANCE = timedelta(days=366)
"""A risk may be accepted for a year at most; then somebody looks again."""

PATIENCE = 10.0
"""Seconds for which a signature waits for somebody else's."""


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
            the key is not theirs. Nothing is written then, not even the folder of the store.
        BusyError: where a run holds the workspace.
    """
    people = workspace.people
    if people is None:
        mend = "Write one: 'people:' with id, roles and key of each; 'colonnade policy key FILE' makes a key."
        raise InputError("nobody is named who may sign.", file=workspace.folder / PEOPLE_FILE, mend=mend)
    person = _person(people, what.person)
    if what.expires is not None and what.expires < now.date():
        raise InputError(f"{what.expires} is past.", mend="Name a day to come.")
    private = read_key(key, workspace.folder)
    started = monotonic()
    signer = _Signer(workspace, people, person, what, now)
    check_signature(sign(_statement(signer, counting(statements_in(workspace.folder), people)), private), people)
    store = Store(workspace.folder)
    try:
        with store.held(PATIENCE):
            # Somebody else may have signed in between: what is said now has to fit that, and comes after it.
            later = signer._replace(now=now + timedelta(seconds=monotonic() - started))
            statement = _statement(later, counting(statements(store), people))
            record_statement(store, sign(statement, private), people)
    finally:
        store.close()
    return statement


class _Signer(NamedTuple):
    """Who means to sign what, of which workspace, and when."""

    workspace: Workspace
    people: People
    person: Person
    what: Signing
    now: datetime

    def statement(self, subject: str, content: Digest, role: str, replaces: Digest | None = None) -> Statement:
        """What they mean, about this content; only an approval needs no reason.

        Raises:
            InputError: where the reason is missing.
        """
        what = self.what
        if what.act is not Act.APPROVE and not what.reason.strip():
            what_is_wrong = f"to {what.act} '{what.subject}' needs a reason, and there is none."
            raise InputError(what_is_wrong, mend="Say why with '--reason', in a sentence: it stands in every trace.")
        return Statement(
            act=what.act,
            subject=subject,
            content=content,
            replaces=replaces,
            person=self.person.id,
            role=role,
            to=what.to,
            reason=what.reason.strip(),
            at=self.now,
            expires=what.expires,
        )


def _statement(signer: _Signer, said: Sequence[Statement]) -> Statement:
    """What is to be signed, held against all that was said before."""
    workspace, what = signer.workspace, signer.what
    reviewed = _reviewed(workspace, what.subject)
    if reviewed is not None and what.act in _ANSWERS:
        return _answer(signer, reviewed, said)
    harm = _harm(workspace, what)
    if harm is not None and what.act in (Act.ACCEPT, Act.WITHDRAW):
        return _acceptance(signer, harm, said)
    if reviewed is not None:
        mend = "Approve, refuse, delegate or withdraw it."
        raise InputError(f"'{what.subject}' is not {_wanted(what.act)}.", mend=mend)
    return _attestation(signer, said)


def _answer(signer: _Signer, reviewed: Reviewed, said: Sequence[Statement]) -> Statement:
    """An answer to the review of a policy or profile, a delegation of it, or its withdrawal."""
    people, person, what = signer.people, signer.person, signer.what
    _refuse_author(person.id, reviewed.authors, what)
    role = _role(person, what, tuple(role for role, _ in reviewed.quorum))
    if what.to is not None:
        _refuse_author(_person(people, what.to).id, reviewed.authors, what)
    standing = standing_of(reviewed, people, said, signer.now.date())
    _refuse_what_counts_for_nothing(standing, signer, role)
    return signer.statement(what.subject, reviewed.content, role)


def _acceptance(signer: _Signer, harm: Harm, said: Sequence[Statement]) -> Statement:
    """The acceptance of a harm, or its withdrawal by whoever accepted it."""
    person, what, day = signer.person, signer.what, signer.now.date()
    roles = accepting_roles(harm, signer.workspace.library)
    if what.act is Act.WITHDRAW:
        own = [row for row in said if row.person == person.id]
        standing = accepted_until(harm, signer.people, own, day, roles)
        if standing is None:
            unsaid = f"{person.id} has not accepted the harm '{harm.id}' as it stands: there is nothing to withdraw."
            raise InputError(unsaid, mend="'colonnade policy risks' shows who accepted what.")
        return signer.statement(harm_subject(harm.id), harm.digest, standing.role)
    if what.expires is None or what.expires > day + LONGEST_ACCEPTANCE:
        mend = "Give '--until' a day within a year."
        raise InputError("a risk is accepted until a day, and for a year at most.", mend=mend)
    if not roles:
        mend = "Add 'quorum:' to a policy, so that somebody answers for it."
        raise InputError("no policy asks a working group for anything, so nobody may accept a harm.", mend=mend)
    fitting = [role for role in person.roles if role in roles and what.role in ("", role)]
    if not fitting:
        speaks = f"speak for '{what.role}'" if what.role and what.role not in person.roles else "accept it"
        who = f"{person.id} ({', '.join(person.roles)})"
        what_is_wrong = f"{who} may not {speaks}: the harm '{harm.id}' is about {harm.pillar}."
        raise InputError(what_is_wrong, mend=f"Ask somebody of {' or '.join(roles)}, who answer for that.")
    return signer.statement(harm_subject(harm.id), harm.digest, fitting[0])


def _attestation(signer: _Signer, said: Sequence[Statement]) -> Statement:
    """The attestation of a rewording, or its withdrawal by whoever signed it."""
    workspace, people, person, what = signer.workspace, signer.people, signer.person, signer.what
    clause, facet = _facet(workspace, what)
    asked = [role for role, needed in clause.admin.quorum if needed]
    if not entitled(clause, people, person.id):
        roles = ", ".join(asked) or "none"
        what_is_wrong = f"{person.id} may not attest for {clause.id}: its quorum names {roles}, and authors may not."
        mend = "Ask somebody who speaks for one of them."
        raise InputError(what_is_wrong, file=clause.file, line=clause.line, mend=mend)
    role = next(role for role in person.roles if role in asked)
    if what.act is Act.WITHDRAW:
        if not attests(clause, facet, person.id, said):
            what_is_wrong = f"{person.id} has not attested {what.subject} as it stands: there is nothing to withdraw."
            raise InputError(what_is_wrong, mend="'colonnade trace' shows who attested what.")
        return signer.statement(what.subject, clause.facet(facet), role)
    new, old = clause.facet(facet), _older(workspace, clause, facet, what.against)
    if old == new:
        what_is_wrong = f"{what.subject} is what it was; there is nothing to attest."
        raise InputError(what_is_wrong, file=clause.file, line=clause.line, mend="Reword it first, or leave it.")
    return signer.statement(what.subject, new, role, replaces=old)


_ANSWERS = (Act.APPROVE, Act.REFUSE, Act.DELEGATE, Act.WITHDRAW)


def _person(people: People, name: str) -> Person:
    person = people.person(name)
    if person is None:
        known = ", ".join(row.id for row in people.people)
        raise InputError(f"there is no person '{name}'.", file=PEOPLE_FILE, mend=f"Choose one of {known}.")
    return person


def _harm(workspace: Workspace, what: Signing) -> Harm | None:
    """The harm that a subject names, as ``harm:ID`` or by its bare id."""
    harms = {row.id: row for row in workspace.launch.harms}
    return {harm_subject(name): row for name, row in harms.items()}.get(what.subject, harms.get(what.subject))


def _refuse_what_counts_for_nothing(standing: Standing, signer: _Signer, role: str) -> None:
    """Nobody should believe that they have signed something that no review reads."""
    person, what = signer.person, signer.what
    own = role in person.roles
    if what.act is Act.DELEGATE and what.to is not None:
        if what.to == person.id:
            raise InputError(f"{person.id} cannot delegate to themselves.", mend="Name somebody else with '--to'.")
        if role in _person(signer.people, what.to).roles:
            raise InputError(f"{what.to} speaks for '{role}' already.", mend="They can answer without a delegation.")
    if what.act is Act.WITHDRAW:
        if (person.id, role) not in standing.said:
            mend = "'colonnade policy review' shows who said what."
            raise InputError(f"{person.id} has said nothing for '{role}' on '{what.subject}' as it stands.", mend=mend)
        return
    if not own and (what.act is Act.DELEGATE or (person.id, role) not in standing.delegated):
        mend = f"{person.id} speaks for {', '.join(person.roles)}; somebody of '{role}' may delegate it."
        raise InputError(f"{person.id} does not speak for '{role}'.", mend=mend)
    givers = standing.delegated.get((person.id, role), ())
    answered = {row.person for row in standing.answers if row.role == role}
    if not own and answered.issuperset(givers):
        mend = "A delegate answers instead of a member, not beside them."
        raise InputError(f"{' and '.join(givers)}, who delegated '{role}', answered already.", mend=mend)
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


def _refuse_author(person: str, authors: tuple[str, ...], what: Signing) -> None:
    if person in authors:
        raise InputError(
            f"{person} is an author of '{what.subject}' and may not answer for it.",
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
    if not fitting and quorum and what.act is not Act.WITHDRAW:
        wrong = f"'{what.subject}' asks for {', '.join(quorum)}, and {person.id} is in {', '.join(person.roles)} only."
        mend = "Ask somebody of one of these groups, or name with '--role' one whose member delegated it."
        raise InputError(wrong, mend=mend)
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


def _older(workspace: Workspace, clause: Clause, facet: Facet, against: str) -> Digest:
    if against:
        earlier = with_library(workspace, *read_revision(workspace.folder, against)).policies.clause(clause.id)
        if earlier is None:
            raise InputError(f"{clause.id} did not exist in {against}.", mend="Name a revision that has it.")
        return earlier.facet(facet)
    found = _last_read(workspace.folder, clause, facet)
    if found is None:
        mend = "Name the older wording with '--against REV'."
        raise InputError(f"no run has read {clause.id}.{facet} yet.", mend=mend)
    return found


def _last_read(folder: Path, clause: Clause, facet: Facet) -> Digest | None:
    if not (folder / HOME).exists():
        return None
    store = Store(folder)
    try:
        uses = (use for run in reversed(store.catalogue.runs()) for use in run.uses)
        return next((use.facet_digest for use in uses if (use.clause, use.facet) == (clause.id, facet)), None)
    finally:
        store.close()
