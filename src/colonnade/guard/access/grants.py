"""Grants: what may be asked for, what approvals are bound to, and where each one stands.

Everything here is a function over records. Whether a signature is genuine was decided before; in
which order things were said is the ledger's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from colonnade.guard.configuration import AccessSettings, GuardConfiguration
from colonnade.guard.topics import ceiling_of, chain, hard_limit, in_words, lies_under
from colonnade.records import (
    Act,
    Boundary,
    Clause,
    Digest,
    Facet,
    Grant,
    GrantStanding,
    GrantState,
    InputError,
    People,
    Statement,
    Status,
    Suspension,
    canonical_json,
    digest_bytes,
)

APPROVALS = 2
"""How many people have to sign a grant; never its subject, and never one of them twice. For break-glass it is one."""

LONGEST_NAME, SHORTEST_REASON, MOST_USES = 200, 3, 1_000_000
"""Characters of an id or a subject, characters of a reason, and uses of any cap, when a grant is asked for."""

FARTHEST_START = timedelta(days=365)
"""How far ahead a grant may start: nobody knows today what is right in three years."""

GrantEvent = Statement | Suspension
"""What can happen to a grant after it was asked for."""


def grant_subject(grant: str) -> str:
    """What a statement about a grant names."""
    return f"grant:{grant}"


def use_subject(grant: str, number: int) -> str:
    """What a reviewer's verdict on one use names."""
    return f"{grant_subject(grant)}/use:{number}"


def covered_clauses(grant: Grant, clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """The active clauses whose topics the grant names or that lie beneath, in order of their ids."""
    topics = (clause for clause in clauses if clause.admin.status is Status.ACTIVE and clause.ceiling is not None)
    found = [clause for clause in topics if any(lies_under(clause.id, node) for node in grant.topics)]
    return tuple(sorted(found, key=lambda clause: clause.id))


def grant_content(grant: Grant, clauses: Iterable[Clause]) -> Digest:
    """What an approval is bound to: the grant, and every boundary under which it would be used.

    An edit of either ends the approval; to take the edit back revives it.
    """
    return bound_content(grant.digest, canonical_json(boundaries_under(grant, clauses)))


def boundaries_under(grant: Grant, clauses: Iterable[Clause]) -> dict[str, list[str]]:
    """The boundary of every clause that the grant's topics touch, by its id; grants of the same topics share it."""
    clauses = tuple(clauses)
    above = {name for node in grant.topics for name in chain(node)}
    read = {*covered_clauses(grant, clauses), *(clause for clause in clauses if clause.id in above)}
    return {clause.id: [clause.facet(Facet.BOUNDARY), clause.admin.status] for clause in read}


def bound_content(grant: Digest, boundaries: bytes) -> Digest:
    """What an approval is bound to: the digest of ``{"boundaries": ..., "grant": ...}`` in its canonical form.

    Args:
        grant: the grant's own digest.
        boundaries: canonical JSON of :func:`boundaries_under`, which thousands of grants share.
    """
    return digest_bytes(b'{"boundaries":' + boundaries + f',"grant":"{grant}"}}'.encode())


def check_grant(grant: Grant, clauses: Iterable[Clause], configuration: GuardConfiguration, today: date) -> None:
    """A grant must be possible before anybody is asked to approve it.

    Raises:
        InputError: where a topic or purpose does not exist, the grant reaches above what a clause
            lets anybody have (naming the clause), opens nothing, or is over already.
    """
    clauses = tuple(clauses)
    if configuration.access is None:
        mend = "Add 'access:' with 'approvers', 'reviewers' and 'log' to it."
        raise InputError("guard.yaml does not say who decides about grants.", file="guard.yaml", mend=mend)
    for node in grant.topics:
        if not covered_clauses(grant.model_copy(update={"topics": (node,)}), clauses):
            mend = "Name an active clause with a ceiling, or a policy that has one."
            raise InputError(f"the grant '{grant.id}' names the topic '{node}', which does not exist.", mend=mend)
    for purpose in grant.purposes:
        if purpose not in configuration.purposes:
            mend = f"Choose from {', '.join(configuration.purposes)}, or add it to the purposes of guard.yaml."
            raise InputError(f"the grant '{grant.id}' names the purpose '{purpose}', which does not exist.", mend=mend)
    if grant.starts > today + FARTHEST_START:
        what = f"the grant '{grant.id}' would start on {grant.starts}, more than a year ahead."
        raise InputError(what, mend="Ask for it when it is nearer.")
    if grant.until < today:
        raise InputError(f"the grant '{grant.id}' would end on {grant.until}, which is past.", mend="Name a later day.")
    _refuse_what_nobody_can_read(grant)
    _refuse_too_much(grant, clauses)


def _refuse_what_nobody_can_read(grant: Grant) -> None:
    """Names and reasons stand in lists and traces, and caps have to be caps."""
    for kind, name in (("id", grant.id), ("subject", grant.subject)):
        if len(name) > LONGEST_NAME:
            what = f"the {kind} of the grant has {len(name)} characters, and {LONGEST_NAME} are the most."
            raise InputError(what, mend="Choose a shorter one.")
    if len(grant.because.strip()) < SHORTEST_REASON:
        mend = "Say in a sentence what the grant is needed for."
        raise InputError(f"the reason of the grant '{grant.id}' is too short.", mend=mend)
    if max(grant.caps.per_minute, grant.caps.per_day, grant.caps.specific_per_day) > MOST_USES:
        what = f"the grant '{grant.id}' asks for more than {MOST_USES:,} uses, which is no cap."
        raise InputError(what, mend="Ask for as many as the work needs.")


def _refuse_too_much(grant: Grant, clauses: Sequence[Clause]) -> None:
    """No clause may be opened further than it lets anybody have, and something must be opened."""
    covered = covered_clauses(grant, clauses)
    known = {
        clause.id: clause for clause in clauses if clause.admin.status is Status.ACTIVE and clause.ceiling is not None
    }
    for clause in covered:
        hard = hard_limit(clause.id, known)
        if hard is not None and grant.highest.rank > ceiling_of(hard).rank:
            raise InputError(
                f"the grant '{grant.id}' reaches '{grant.highest}' on '{clause.id}', and the clause '{hard.id}' is"
                f" {in_words(hard)}: nobody can have more than '{hard.ceiling}' there.",
                file=hard.file or None,
                line=hard.line or None,
                mend=f"Ask for narrower topics, or for less{_or_decide(hard)}.",
            )
    if all(grant.highest.rank <= ceiling_of(clause).rank for clause in covered):
        what = f"the grant '{grant.id}' opens nothing: everybody may have '{grant.highest}' there."
        raise InputError(what, mend="Ask for a higher level, or ask without a grant.")


def _or_decide(clause: Clause) -> str:
    """Which key of the clause its authors may change; nobody may be granted what is prohibited, whatever it says."""
    return "" if clause.boundary is Boundary.PROHIBITED else "; or let the clause say 'grantable: true'"


class _Said(NamedTuple):
    """What the ledger says about one grant, as far as it was read.

    ``first`` is the first approval ever: to take one back and give it again starts no second hour.
    """

    approvals: dict[str, Statement]
    refused: dict[str, str]
    first: datetime | None = None
    suspended: str = ""
    stopped_for: Literal["", "cap", "drift", "alert", "review"] = ""
    stopped_at: datetime | None = None
    revoked: str = ""

    def stopped(self, why: str, cause: Literal["cap", "drift", "alert", "review"], at: datetime) -> _Said:
        """After a suspension: what was approved before counts no more."""
        return _Said({}, {}, self.first, why, cause, at, self.revoked)


def standing_of_grant(
    grant: Grant,
    content: Digest,
    events: Iterable[GrantEvent],
    people: People | None,
    settings: AccessSettings | None,
    today: date,
    now: datetime | None = None,
) -> GrantStanding:
    """Where a grant stands on a day.

    Args:
        grant: the grant.
        content: of :func:`grant_content`, for the policies as they are now.
        events: all that was said and found, in the order of the ledger; signatures verified.
        people: who may say what.
        settings: roles, and whether there is a log.
        today: the day.
        now: the moment, for break-glass, which is over without one.
    """
    said = _read(grant, content, events, people, settings, today)
    approved_by = tuple(sorted(said.approvals))
    minutes = grant.minutes
    ends = said.first + timedelta(minutes=minutes) if minutes is not None and said.first is not None else None
    state, reason = _state(grant, said, settings, today, now, ends)
    since = _since(said, approvals_needed(grant))
    if state in (GrantState.SUSPENDED, GrantState.REVOKED):
        since = said.stopped_at
    stopped_for = said.stopped_for if state is GrantState.SUSPENDED else ""
    return GrantStanding(
        grant=grant,
        content=content,
        state=state,
        approved_by=approved_by,
        reason=reason,
        since=since,
        ends=ends,
        stopped_for=stopped_for,
    )


def standing_elsewhere(grant: Grant, content: Digest) -> GrantStanding:
    """Where a grant stands under another launch than the one that it was asked for: nowhere, whoever signed it."""
    reason = f"it was asked for in '{grant.launch}', and can be used nowhere else"
    return GrantStanding(grant=grant, content=content, state=GrantState.REQUESTED, approved_by=(), reason=reason)


def belongs(grant: Grant, launch: str) -> bool:
    """Whether a grant was asked for under this launch, or before launches were named."""
    return grant.launch in ("", launch)


def _since(said: _Said, needed: int) -> datetime | None:
    """When the newest approvals were enough; one fresh signature beside an old one vouches for nothing that came up."""
    newest = sorted((row.at for row in said.approvals.values()), reverse=True)
    return newest[needed - 1] if len(newest) >= needed else None


def approvals_needed(grant: Grant) -> int:
    """How many people have to sign it."""
    return 1 if grant.breaks_glass else APPROVALS


def _state(
    grant: Grant,
    said: _Said,
    settings: AccessSettings | None,
    today: date,
    now: datetime | None,
    ends: datetime | None,
) -> tuple[GrantState, str]:
    needed = approvals_needed(grant)
    missing = needed - len(said.approvals)
    if said.revoked:
        return GrantState.REVOKED, said.revoked
    if today > grant.until:
        return GrantState.EXPIRED, f"it ended on {grant.until}"
    if said.suspended and grant.breaks_glass:
        return GrantState.SUSPENDED, f"{said.suspended}; break-glass is not brought back"
    if said.suspended and missing > 0:
        fresh = "a fresh approval" if missing == 1 else f"{missing} fresh approvals"
        return GrantState.SUSPENDED, f"{said.suspended}; {fresh} would bring it back"
    if ends is not None and (now is None or now >= ends):
        were = "minute was" if grant.minutes == 1 else "minutes were"
        return GrantState.EXPIRED, f"its {grant.minutes} {were} over on {ends:%Y-%m-%d at %H:%M} UTC"
    if said.refused:
        return GrantState.REQUESTED, "; ".join(f"refused by {name}: {why}" for name, why in said.refused.items())
    if missing > 0:
        are = "is" if missing == 1 else "are"
        return GrantState.REQUESTED, f"{missing} of {needed} approvals of what it now says {are} missing"
    if today < grant.starts:
        return GrantState.APPROVED, f"it starts on {grant.starts}"
    if settings is None or not settings.log:
        return (
            GrantState.APPROVED,
            "no log of uses is configured ('log' under 'access' in guard.yaml), and without one no grant can be used",
        )
    until = f"{ends:%Y-%m-%d %H:%M} UTC" if ends is not None else str(grant.until)
    return GrantState.ACTIVE, f"approved by {' and '.join(sorted(said.approvals))}, until {until}"


def _read(
    grant: Grant,
    content: Digest,
    events: Iterable[GrantEvent],
    people: People | None,
    settings: AccessSettings | None,
    today: date,
) -> _Said:
    said = _Said({}, {})
    for event in events:
        if isinstance(event, Suspension):
            # An alert stops what was approved; a grant that nobody signed has nothing to lose by it.
            if event.grant == grant.id and (event.cause != "alert" or said.approvals or said.suspended):
                said = said.stopped(f"suspended for {event.cause}: {event.what}", event.cause, event.at)
        elif event.subject == grant_subject(grant.id):
            said = _heard(said, grant, content, event, people, settings, today)
        elif _condemns_a_use(event, grant) and may_review(event.person, grant, people, settings):
            use = event.subject.rpartition(":")[2]
            why = f"{event.person} found use {use} outside the purpose: {event.reason}"
            said = said.stopped(why, "review", event.at)
    return said


def _condemns_a_use(event: Statement, grant: Grant) -> bool:
    return event.act is Act.REFUSE and event.subject.startswith(f"{grant_subject(grant.id)}/use:")


def _heard(
    said: _Said,
    grant: Grant,
    content: Digest,
    event: Statement,
    people: People | None,
    settings: AccessSettings | None,
    today: date,
) -> _Said:
    person = event.person
    if event.act is Act.REVOKE:
        # It ends whatever the grant says by now: a revocation is about the holder, not about a wording.
        counts = may_revoke(person, grant, people, settings)
        why = f"revoked by {person}: {event.reason}"
        return said._replace(revoked=why, stopped_at=event.at) if counts else said
    if not may_approve(person, grant, people, settings):
        return said
    if event.act is Act.APPROVE:
        # Under other boundaries, too: to move one and sign again starts no second hour of break-glass.
        said = said._replace(first=said.first or event.at)
    if event.content != content:
        return said
    if event.act is Act.APPROVE and (event.expires is None or event.expires >= today):
        others = {name: why for name, why in said.refused.items() if name != person}
        return said._replace(approvals=said.approvals | {person: event}, refused=others)
    if event.act in (Act.REFUSE, Act.WITHDRAW):
        approvals = {name: row for name, row in said.approvals.items() if name != person}
        refused = {name: why for name, why in said.refused.items() if name != person}
        if event.act is Act.REFUSE:
            refused[person] = event.reason
        return said._replace(approvals=approvals, refused=refused)
    return said


def is_subject(person: str, grant: Grant) -> bool:
    """Whether somebody is who the grant is for; ``Ana``, as a key may name her, is ``ana`` of ``people.yaml``."""
    return person.casefold() == grant.subject.casefold()


def may_approve(person: str, grant: Grant, people: People | None, settings: AccessSettings | None) -> bool:
    """Whether somebody may answer for a grant: they speak for a role that decides, and it is not their own."""
    return settings is not None and not is_subject(person, grant) and speaks_for(person, people, settings.approvers)


def may_review(person: str, grant: Grant, people: People | None, settings: AccessSettings | None) -> bool:
    """Whether somebody's verdict on a use counts; nobody judges their own."""
    return settings is not None and not is_subject(person, grant) and speaks_for(person, people, settings.reviewers)


def may_revoke(person: str, grant: Grant, people: People | None, settings: AccessSettings | None) -> bool:
    """Whether somebody may end a grant: who decides, who reviews, and the subject, who may always give it back."""
    roles = (*settings.approvers, *settings.reviewers) if settings is not None else ()
    known = people is not None and people.person(person) is not None
    return known and (is_subject(person, grant) or speaks_for(person, people, roles))


def speaks_for(person: str, people: People | None, roles: Sequence[str]) -> bool:
    """Whether somebody is known and has one of these roles."""
    found = people.person(person) if people is not None else None
    return found is not None and bool(set(found.roles) & set(roles))
