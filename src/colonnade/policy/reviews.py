"""Who agreed to what: the state of each policy's review, attested rewordings, accepted risks.

Everything here is a function over statements whose signatures were verified. An approval is bound
to a digest: change the policy and it no longer counts, change it back and it counts again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from colonnade.policy.seats import pair_off
from colonnade.records import (
    Act,
    Clause,
    Digest,
    Facet,
    Harm,
    InputError,
    People,
    PolicyReview,
    PolicySet,
    ResolvedProfile,
    RoleReview,
    Statement,
)
from colonnade.records.reading import parse_yaml, read_text, to_record

PEOPLE_FILE = "people.yaml"

_Wording = tuple[str, Facet, Digest]

Rewordings = Mapping[_Wording, Digest]
"""For a facet of a clause in a newer wording, the oldest wording that is attested to mean the same."""

NO_REWORDINGS: Rewordings = MappingProxyType({})


def read_people(workspace: Path) -> People | None:
    """``people.yaml``, or nothing where the workspace has none.

    Raises:
        InputError: where it is wrong, an id stands twice, or two people share a key.
    """
    file = workspace / PEOPLE_FILE
    if not file.exists():
        return None
    located = parse_yaml(read_text(file), file)
    people = to_record(People, located)
    for name, what in (("id", "the id"), ("key", "the key")):
        seen: set[str] = set()
        for index, person in enumerate(people.people):
            value = getattr(person, name)
            if value in seen:
                mend = "Give each person their own."
                line = located.line(("people", index, name))
                raise InputError(f"{what} '{value}' stands twice.", file=file, line=line, mend=mend)
            seen.add(value)
    return people


class Reviewed(NamedTuple):
    """What working groups answer for: a policy, or a product's profile.

    Attributes:
        subject: the policy's id, or ``profile:ID``.
        content: the digest that an answer is bound to.
        quorum: role, and how many of it; empty where nobody is asked.
        authors: people who may not answer.
        file: where it stands.
    """

    subject: str
    content: Digest
    quorum: tuple[tuple[str, int], ...]
    authors: tuple[str, ...]
    file: str = ""


def reviewed_policy(policies: PolicySet, policy: str) -> Reviewed:
    """A policy as it stands in the library."""
    clause = next(clause for clause in policies.clauses if clause.admin.policy == policy)
    quorum = tuple((role, needed) for role, needed in clause.admin.quorum if needed)
    return Reviewed(policy, policies.policy_digest(policy), quorum, clause.admin.authors, clause.file)


def reviewed_profile(resolved: ResolvedProfile, file: str = "") -> Reviewed:
    """A profile as it comes out on the library as it stands; without a guarded loosening nobody is asked."""
    return Reviewed(resolved.subject, resolved.digest, resolved.quorum, resolved.authors, file)


def check_people(reviewed: Iterable[Reviewed], people: People | None, workspace: Path) -> None:
    """Every quorum must be one that the people there are could fill.

    Raises:
        InputError: naming the file, the role and who is missing.
    """
    for row in reviewed:
        fault = unreachable(row, people)
        if fault:
            mend = f"Add people to {workspace / PEOPLE_FILE}, or lower the quorum."
            raise InputError(fault, file=row.file or None, line=1, mend=mend)


def unreachable(reviewed: Reviewed, people: People | None) -> str:
    """Why the people there are cannot fill a quorum, as a sentence; empty where they can, or nobody is named."""
    if people is None:
        return ""
    for role, needed in reviewed.quorum:
        able = _able(role, reviewed, people)
        if len(able) < needed:
            return (
                f"the quorum of {_called(reviewed.subject)} asks for {needed} of '{role}', and {PEOPLE_FILE} has"
                f" {len(able)} who may answer (authors may not)."
            )
    seats = {(role, seat): _able(role, reviewed, people) for role, needed in reviewed.quorum for seat in range(needed)}
    filled = len(pair_off(seats))
    if filled == len(seats):
        return ""
    asked = ", ".join(f"{needed} of '{role}'" for role, needed in reviewed.quorum)
    may_answer = [person.id for person in people.people if any(person.id in able for able in seats.values())]
    return (
        f"the quorum of {_called(reviewed.subject)} asks for {len(seats)} people ({asked}), and of the"
        f" {len(people.people)} in {PEOPLE_FILE} those who may answer for these ({', '.join(may_answer)}) can fill"
        f" {filled} of the seats: one person answers for one working group, however many they belong to."
    )


def _able(role: str, reviewed: Reviewed, people: People) -> list[str]:
    return [person.id for person in people.people if role in person.roles and person.id not in reviewed.authors]


def review(
    reviewed: Iterable[Reviewed], people: People | None, statements: Sequence[Statement], today: date
) -> tuple[PolicyReview, ...]:
    """How far the review of each has come."""
    return tuple(_review_of(row, people, statements, today) for row in reviewed)


def _called(subject: str) -> str:
    return f"profile '{subject.partition(':')[2]}'" if subject.startswith("profile:") else f"policy '{subject}'"


def _review_of(reviewed: Reviewed, people: People | None, statements: Sequence[Statement], today: date) -> PolicyReview:
    policy, digest, quorum = reviewed.subject, reviewed.content, dict(reviewed.quorum)
    if not quorum or people is None:
        nobody = "it loosens nothing that has to be approved" if ":" in policy else "its policy asks for no quorum"
        note = nobody if not quorum else f"there is no {PEOPLE_FILE}, so nobody can approve"
        roles = tuple(RoleReview(role=role, needed=needed, approved_by=()) for role, needed in sorted(quorum.items()))
        return PolicyReview(policy=policy, content=digest, state="unasked", roles=roles, note=note)
    standing = standing_of(reviewed, people, statements, today)
    approvals = [row for row in standing.answers if row.act is Act.APPROVE]
    refusals = [row for row in standing.answers if row.act is Act.REFUSE]
    rows, counted = [], set[str]()
    for role, needed in sorted(quorum.items()):
        # One person answers for one working group, however many they belong to; and a delegate
        # answers instead of a member, so that nobody's voice counts twice.
        fresh = [row.person for row in approvals if row.role == role and row.person not in counted]
        seats: dict[str, tuple[str, ...]] = {name: (name,) for name in fresh if role in _roles(people, name)}
        seats |= {name: tuple(standing.delegated[name, role]) for name in fresh if name not in seats}
        seated = pair_off(seats)
        names = [name for name in fresh if name in seated]
        counted.update(names)
        refused = tuple((row.person, row.reason) for row in refusals if row.role == role)
        rows.append(RoleReview(role=role, needed=needed, approved_by=tuple(names), refused_by=refused))
    approved = not refusals and not any(row.missing for row in rows)
    ends = [row.expires for row in approvals if row.expires and approved]
    return PolicyReview(
        policy=policy,
        content=digest,
        state="refused" if refusals else "approved" if approved else "waiting",
        roles=tuple(rows),
        until=min(ends, default=None),
    )


class Standing(NamedTuple):
    """What people's words about one content come to.

    Attributes:
        answers: each person's last answer for each role, if they may answer and it still counts.
        said: person and role of everything that can be withdrawn.
        delegated: for a person and a role, the members instead of whom they may answer.
    """

    answers: tuple[Statement, ...]
    said: frozenset[tuple[str, str]]
    delegated: Mapping[tuple[str, str], tuple[str, ...]]


def standing_of(reviewed: Reviewed, people: People, statements: Sequence[Statement], today: date) -> Standing:
    """What was said of the content as it stands, and still counts."""
    said = [row for row in statements if row.subject == reviewed.subject and row.content == reviewed.content]
    return _standing(said, people, reviewed.authors, today)


def _standing(said: Sequence[Statement], people: People, authors: Sequence[str], today: date) -> Standing:
    latest: dict[tuple[str, str], Statement] = {}
    delegated: dict[tuple[str, str], set[str]] = {}
    for row in said:
        person = people.person(row.person)
        if person is None or row.person in authors:
            continue
        if (
            row.act is Act.DELEGATE
            and row.role in person.roles
            and row.to
            and (not row.expires or row.expires >= today)
        ):
            delegated.setdefault((row.to, row.role), set()).add(row.person)
        elif row.act is Act.WITHDRAW:
            latest.pop((row.person, row.role), None)
            for (_, role), givers in delegated.items():
                if role == row.role:
                    givers.discard(row.person)
        elif row.act in (Act.APPROVE, Act.REFUSE):
            latest[row.person, row.role] = row
    answers = tuple(
        row
        for (name, role), row in latest.items()
        if (row.expires is None or row.expires >= today)
        and (role in _roles(people, name) or delegated.get((name, role)))
    )
    givers_of = {(giver, role) for (_, role), givers in delegated.items() for giver in givers}
    given = {key: tuple(sorted(givers)) for key, givers in delegated.items() if givers}
    return Standing(answers, frozenset(latest) | givers_of, MappingProxyType(given))


def attested(policies: PolicySet, people: People | None, statements: Sequence[Statement], today: date) -> Rewordings:
    """Which wordings mean the same as older ones, because somebody entitled to say so signed it.

    Entitled is who speaks for a role of the policy's quorum and is not its author. Where one
    attestation rests on another the oldest wording stands for all of them; where two people attest
    of one wording, the later word counts.
    """
    if people is None:
        return NO_REWORDINGS
    older: dict[_Wording, dict[str, Digest]] = {}
    for row in statements:
        clause_id, _, facet = row.subject.rpartition(".")
        clause = policies.clause(clause_id)
        if row.act not in (Act.ATTEST, Act.WITHDRAW) or clause is None or facet not in set(Facet):
            continue
        if not entitled(clause, people, row.person) or (row.expires is not None and row.expires < today):
            continue
        said = older.setdefault((clause_id, Facet(facet), row.content), {})
        said.pop(row.person, None)
        if row.act is Act.ATTEST and row.replaces is not None:
            said[row.person] = row.replaces
    latest = {key: next(reversed(said.values())) for key, said in older.items() if said}
    return MappingProxyType({key: _oldest(key, latest) for key in latest})


def attests(clause: Clause, facet: Facet, person: str, statements: Iterable[Statement]) -> bool:
    """Whether a person's last word about a facet as it stands is an attestation, which can be withdrawn."""
    subject, content = f"{clause.id}.{facet}", clause.facet(facet)
    said = [row.act for row in statements if (row.subject, row.content, row.person) == (subject, content, person)]
    return bool(said) and said[-1] is Act.ATTEST


def entitled(clause: Clause, people: People, name: str) -> bool:
    """Whether a person may attest that a rewording of this clause changes nothing."""
    roles = {role for role, needed in clause.admin.quorum if needed}
    return name not in clause.admin.authors and bool(roles & _roles(people, name))


def harm_subject(harm: str) -> str:
    """What a statement about a harm names: a bare id could be a policy's, too."""
    return f"harm:{harm}"


def accepting_roles(harm: Harm, library: PolicySet) -> tuple[str, ...]:
    """The working groups that may accept a harm: those that answer for its pillar.

    They are the roles that a quorum of a policy of the pillar asks for; where none does, those of
    every quorum in the library; and nobody where no policy asks for anybody.
    """
    asked = [(clause.pillar, role) for clause in library.clauses for role, needed in clause.admin.quorum if needed]
    own = {role for pillar, role in asked if pillar is harm.pillar}
    return tuple(sorted(own or {role for _, role in asked}))


def accepted_until(
    harm: Harm, people: People | None, statements: Iterable[Statement], today: date, roles: Collection[str]
) -> Statement | None:
    """The acceptance of a harm that counts today, if there is one; of several the newest.

    It is bound to the harm as it was rated: a higher severity, or another likelihood, voids it.

    Args:
        harm: as the launch has it.
        people: whose signatures count.
        statements: whose signatures were verified, oldest first.
        today: the day.
        roles: those that may accept it, see :func:`accepting_roles`.
    """
    found: dict[str, Statement] = {}
    for row in statements:
        # Ledgers of an earlier form name the harm by its bare id; the content tells it from a policy.
        if people is None or row.subject not in (harm_subject(harm.id), harm.id) or row.content != harm.digest:
            continue
        if row.act is Act.WITHDRAW:
            found.pop(row.person, None)
        elif row.act is Act.ACCEPT and row.role in _roles(people, row.person) and row.role in roles:
            found.pop(row.person, None)
            if row.expires is not None and row.expires >= today:
                found[row.person] = row
    return next(reversed(found.values()), None)


def _oldest(key: _Wording, older: Mapping[_Wording, Digest]) -> Digest:
    clause, facet, digest = key
    seen = {digest}
    while (clause, facet, digest) in older:
        digest = older[clause, facet, digest]
        if digest in seen:
            # Two wordings attested both ways: the smaller digest stands for both, whoever asks.
            return min(seen)
        seen.add(digest)
    return digest


def _roles(people: People, name: str) -> frozenset[str]:
    person = people.person(name)
    return frozenset(person.roles) if person else frozenset()
