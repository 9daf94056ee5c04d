"""Approvals from what was signed, and which harms and pillars are covered, from launch and clauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date
from typing import NamedTuple

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import PlacedRun, Recounted
from colonnade.audit.recounts.differing import differing, shown
from colonnade.audit.written import Written, clauses_as_read
from colonnade.records import (
    Act,
    Harm,
    HarmCoverage,
    Pillar,
    PillarCoverage,
    PolicyReview,
    Run,
    SignedStatement,
    Statement,
    digest_of,
)
from colonnade.store.statements import verifies


class Signed(NamedTuple):
    """A statement of the ledger, and its line."""

    line: int
    signed: SignedStatement


def recounted_reviews(
    placed: PlacedRun, archive: Archive, statements: Sequence[Signed], written: Written
) -> Iterator[Recounted]:
    """Every review: each approval was signed before, for this content and role, and stands; the state follows."""
    before = [row.signed.statement for row in statements if row.line < placed.line and verifies(row.signed)]
    for review in archive.made(PolicyReview, placed.run):
        problems = list(_review_problems(review, before, placed.run.started.astimezone(UTC).date()))
        why_not = _as_it_stands(review, written)
        if not why_not:
            problems += _quorum_problems(review, written)
        yield Recounted("PolicyReview", tuple(problems), why_not)


def _review_problems(review: PolicyReview, statements: Sequence[Statement], day: date) -> Iterator[str]:
    name = f"the review of {review.policy}"
    ends: list[date] = []
    for role in review.roles:
        for person in role.approved_by:
            last = _last(statements, review, person, role.role)
            if last is None or last.act is not Act.APPROVE:
                yield f"{name} has an approval by {person} for {role.role}, which no earlier statement gives."
            elif last.expires is not None and last.expires < day:
                yield f"{name} has an approval by {person} for {role.role}, which had ended on {last.expires}."
            elif last.expires is not None:
                ends.append(last.expires)
        for person, _ in role.refused_by:
            last = _last(statements, review, person, role.role)
            if last is None or last.act is not Act.REFUSE:
                yield f"{name} has a refusal by {person} for {role.role}, which no earlier statement gives."
    found = _state(review)
    if review.state != found:
        yield f"{name} has 'state' at {review.state}, but its roles give {found}."
    yield from _until_problems(review, statements, min(ends, default=None))


def _until_problems(review: PolicyReview, statements: Sequence[Statement], first: date | None) -> Iterator[str]:
    """A review ends with the first approval that ends, counted for a role or not."""
    approvals = (row for row in statements if (row.subject, row.content) == (review.policy, review.content))
    ends = {row.expires for row in approvals if row.act is Act.APPROVE and row.expires}
    if review.state != "approved" and review.until is not None:
        yield f"the review of {review.policy} has 'until' at {review.until}, and is not approved."
    late = first is not None and (review.until is None or review.until > first)
    unsaid = review.until is not None and review.until not in ends
    if review.state == "approved" and (late or unsaid):
        claimed = f"the review of {review.policy} has 'until' at {shown(review.until)}"
        yield f"{claimed}, but what was signed gives {shown(first)}."


def _last(statements: Sequence[Statement], review: PolicyReview, person: str, role: str) -> Statement | None:
    """A person's last word for a role on just this content."""
    words = (Act.APPROVE, Act.REFUSE, Act.WITHDRAW)
    said = [
        row
        for row in statements
        if (row.subject, row.content, row.person, row.role) == (review.policy, review.content, person, role)
        and row.act in words
    ]
    return said[-1] if said else None


def _state(review: PolicyReview) -> str:
    if not review.roles or (review.state == "unasked" and not any(row.approved_by for row in review.roles)):
        return "unasked"
    if any(row.refused_by for row in review.roles):
        return "refused"
    return "waiting" if any(len(row.approved_by) < row.needed for row in review.roles) else "approved"


def _as_it_stands(review: PolicyReview, written: Written) -> str:
    """Why a review cannot be held against the policy files; empty where it can."""
    if written.library is None:
        return written.why
    if ":" in review.policy:
        return "what a profile comes to is not derived again"
    if review.policy not in written.library.policies():
        return f"the policy '{review.policy}' is not there any more"
    if written.library.policy_digest(review.policy) != review.content:
        return f"the policy '{review.policy}' has changed since"
    return ""


def _quorum_problems(review: PolicyReview, written: Written) -> Iterator[str]:
    if written.library is None:
        return
    own = [clause.admin for clause in written.library.clauses if clause.admin.policy == review.policy]
    quorum = {role: needed for role, needed in own[0].quorum if needed}
    said = {row.role: row.needed for row in review.roles}
    for role in sorted(quorum.keys() | said.keys()):
        if quorum.get(role, 0) != said.get(role, 0):
            claimed, found = said.get(role, 0), quorum.get(role, 0)
            yield f"the review of {review.policy} asks for {claimed} of '{role}', but its policy asks for {found}."
    for row in review.roles:
        for person in row.approved_by:
            if person in own[0].authors:
                yield f"the review of {review.policy} counts {person}, who wrote it."


def recounted_coverage(
    placed: PlacedRun, archive: Archive, statements: Sequence[Signed], written: Written
) -> Iterator[Recounted]:
    """Which clauses cover each harm, who accepted it, and what each pillar has."""
    run = placed.run
    harms, pillars = archive.made(HarmCoverage, run), archive.made(PillarCoverage, run)
    if not harms and not pillars:
        return
    clauses = clauses_as_read(run, written)
    before = [row.signed.statement for row in statements if row.line < placed.line and verifies(row.signed)]
    for row in harms:
        problems = list(_acceptance_problems(row, before, run))
        if isinstance(clauses, str) or written.launch is None:
            yield Recounted("HarmCoverage", tuple(problems), written.why or str(clauses))
            continue
        if row.harm not in written.launch.harms:
            why_not = f"the launch has no harm '{row.harm.id}' like this any more"
            yield Recounted("HarmCoverage", tuple(problems), why_not)
            continue
        active = {clause.id for clause in clauses}
        covering = tuple(name for name in row.harm.clauses if name in active)
        problems += differing(f"the harm '{row.harm.id}'", row, {"covered_by": covering})
        yield Recounted("HarmCoverage", tuple(problems))
    yield from _harms_left_out(run, harms, before, written)
    for pillar in pillars:
        found: dict[str, object] = {
            "harms": sum(row.harm.pillar is pillar.pillar for row in harms),
            "uncovered": sum(row.harm.pillar is pillar.pillar and row.open for row in harms),
        }
        if isinstance(clauses, tuple):
            own = [clause for clause in clauses if clause.pillar is Pillar(pillar.pillar)]
            found |= {"clauses": len(own), "examples": sum(len(clause.examples) for clause in own)}
        problems = list(differing(f"the pillar '{pillar.pillar}'", pillar, found))
        yield Recounted("PillarCoverage", tuple(problems), "" if isinstance(clauses, tuple) else clauses)


def _harms_left_out(
    run: Run, rows: Sequence[HarmCoverage], statements: Sequence[Statement], written: Written
) -> Iterator[Recounted]:
    """Every harm of the launch has its record, where the launch names the harms that it named then."""
    if written.launch is None:
        return
    said = {
        row.harm.id: last.model_dump(mode="json")
        for row in rows
        if row.accepted_by and (last := _acceptance(statements, row)) is not None
    }
    harms = [row.model_dump(mode="json") for row in written.launch.harms]
    named = {row.harm.id for row in rows}
    missing = [harm.id for harm in written.launch.harms if harm.id not in named]
    if missing and digest_of({"harms": harms, "accepted": said}) == run.parameters:
        yield Recounted("HarmCoverage", (f"the launch's harm '{missing[0]}' is in no record of what covers it.",))


def _acceptance(statements: Sequence[Statement], row: HarmCoverage) -> Statement | None:
    """The last word on a harm of the person who is said to have accepted it."""
    said = [one for one in statements if _is_about(one, row.harm) and one.person == row.accepted_by]
    return said[-1] if said else None


def _acceptance_problems(row: HarmCoverage, statements: Sequence[Statement], run: Run) -> Iterator[str]:
    if not row.accepted_by:
        if row.accepted_until is not None:
            yield f"the harm '{row.harm.id}' is accepted until {row.accepted_until}, and by nobody."
        return
    day, name = run.started.astimezone(UTC).date(), f"the harm '{row.harm.id}'"
    last = _acceptance(statements, row)
    if last is None or last.act is not Act.ACCEPT:
        yield f"{name} is accepted by {row.accepted_by}, which no earlier statement gives."
    elif last.expires != row.accepted_until:
        yield f"{name} is accepted until {shown(row.accepted_until)}, but it was signed until {shown(last.expires)}."
    elif last.expires is not None and last.expires < day:
        yield f"{name} is accepted by {row.accepted_by}, whose word had ended on {last.expires}."


def _is_about(statement: Statement, harm: Harm) -> bool:
    own = statement.subject == harm.id or statement.subject.endswith(f":{harm.id}")
    return own and statement.content == harm.digest and statement.act in (Act.ACCEPT, Act.WITHDRAW)
