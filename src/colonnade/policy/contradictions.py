"""The finite table of who gets what answer where, and the places where two clauses disagree.

Everything here enumerates: regions, modalities, audiences, tiers and purposes that any clause
names, each with one value more for all that nobody named, times the five levels. Nothing is
sampled, so what is not found is not there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations, product
from typing import NamedTuple

from colonnade.policy.document import Draft
from colonnade.policy.findings import Finding, Importance, found
from colonnade.records import Boundary, Clause, ClauseException, Example, Level, Status

OTHERS = "any other"
"""Stands for every region, modality, audience, tier or purpose that nobody named."""

_ALIVE = (Status.DRAFT, Status.IN_REVIEW, Status.ACTIVE)
_NEEDED = frozenset({"boundary", "ceiling", "grantable", "scope", "exceptions", "status"})


class Domain(NamedTuple):
    """Every value that an axis of the table has; ``OTHERS`` comes first."""

    regions: tuple[str, ...]
    modalities: tuple[str, ...]
    audiences: tuple[str, ...]
    tiers: tuple[str, ...]
    purposes: tuple[str, ...]


class Case(NamedTuple):
    """One cell of the table: a level, for somebody, somewhere."""

    level: Level
    region: str
    modality: str
    audience: str
    tier: str
    purpose: str


def domain_of(clauses: Iterable[Clause]) -> Domain:
    """The axes that these clauses and their exceptions span."""
    clauses = tuple(clauses)
    conditions = [exception.when for clause in clauses for exception in clause.exceptions]
    return Domain(
        _axis(name for clause in clauses for name in clause.scope.region),
        _axis(name for clause in clauses for name in clause.scope.modality),
        _axis(name for clause in clauses for name in clause.scope.audience),
        _axis(when.tier for when in conditions),
        _axis(when.purpose for when in conditions),
    )


def _axis(names: Iterable[str | None]) -> tuple[str, ...]:
    return (OTHERS, *sorted({name for name in names if name not in (None, "*")}))


def cases(domain: Domain, *clauses: Clause) -> Iterator[Case]:
    """Every cell of the table about which all of these clauses speak."""
    axes = (
        _within(domain.regions, [clause.scope.region for clause in clauses]),
        _within(domain.modalities, [clause.scope.modality for clause in clauses]),
        _within(domain.audiences, [clause.scope.audience for clause in clauses]),
    )
    for tier, purpose, place, level in product(domain.tiers, domain.purposes, product(*axes), Level):
        yield Case(level, *place, tier, purpose)


def _within(axis: tuple[str, ...], wanted: Sequence[tuple[str, ...]]) -> list[str]:
    return [name for name in axis if all("*" in names or name in names for names in wanted)]


def opened_by(clause: Clause, case: Case, today: date) -> str | None:
    """What opens a cell: the clause's id, ``clause/exception``, or nothing where it is closed."""
    if clause.ceiling is None:
        return clause.id if clause.boundary is Boundary.ALLOWED else None
    if case.level.rank <= clause.ceiling.rank:
        return clause.id
    if clause.boundary is Boundary.PROHIBITED or not clause.grantable:
        return None
    return next(
        (
            f"{clause.id}/{exception.id}"
            for exception in clause.exceptions
            if exception.expires >= today
            and exception.ceiling.rank >= case.level.rank
            and exception.when.fits(case.tier, case.purpose)
        ),
        None,
    )


def reach(clause: Clause, exception: ClauseException, domain: Domain) -> frozenset[tuple[Level, str, str]]:
    """Every level above the ceiling, tier and purpose that an exception opens."""
    if clause.ceiling is None:
        return frozenset()
    low = clause.ceiling.rank
    return frozenset(
        (level, tier, purpose)
        for level, tier, purpose in product(Level, domain.tiers, domain.purposes)
        if low < level.rank <= exception.ceiling.rank and exception.when.fits(tier, purpose)
    )


def normal(prompt: str) -> str:
    """A prompt without what makes no difference: case, width, punctuation, blanks."""
    folded = unicodedata.normalize("NFKC", prompt).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip() or folded.strip()


def find_contradictions(drafts: Sequence[Draft], today: date) -> Iterator[Finding]:
    """Every pair of living clauses that answer one case in opposite ways while neither overrides the other."""
    living = [draft for draft in drafts if draft.clause.admin.status in _ALIVE and not draft.unread & _NEEDED]
    domain = domain_of(draft.clause for draft in living)
    yield from _by_prompt(living, domain, today)
    for one, two, shared in _by_map(living):
        yield from _opposite_boundaries(one, two, shared, domain, today)
    yield from _reached_by_override(living, domain, today)


# --- the same prompt -------------------------------------------------------------------------------


class _Shown(NamedTuple):
    draft: Draft
    example: Example
    line: int


def _by_prompt(living: Sequence[Draft], domain: Domain, today: date) -> Iterator[Finding]:
    rows: dict[str, list[_Shown]] = {}
    for draft in living:
        for example, line in zip(draft.clause.examples, draft.example_lines, strict=True):
            rows.setdefault(normal(example.prompt), []).append(_Shown(draft, example, line))
    for same in rows.values():
        for first, second in combinations(same, 2):
            if _opposed(first, second) and not _overrides(first.draft.clause, second.draft.clause):
                case = _common_case(first, second, domain, today)
                if case is not None:
                    yield _same_prompt(first, second, case)


def _same_prompt(first: _Shown, second: _Shown, case: Case) -> Finding:
    one, two = first.draft.clause, second.draft.clause
    if one.id == two.id:
        sentence = f"clause {one.id} declines and answers the same prompt; it stands in line {first.line}, too."
        mend = "Remove one of the two rows, or word them so that the difference shows."
    else:
        sentence = (
            f"the same prompt is {_called(second.example)} in clause {two.id} and {_called(first.example)} in"
            f" clause {one.id} ({one.file}, line {first.line}); both hold for {in_words(case)}."
        )
        mend = (
            f"Correct one of the two rows, or let the clause that goes first say 'overrides: [{one.id}]'"
            f" or 'overrides: [{two.id}]'."
        )
    return found("contradiction", sentence, two.file, second.line, mend, _weight(one, two))


def _called(example: Example) -> str:
    word = "answered" if _answer(example) else "declined"
    return f"{example.label}" if example.label != "borderline" else f"borderline and {word}"


def _answer(example: Example) -> bool:
    """Whether the clause wants the prompt answered."""
    return example.label != "violating" if example.expect is None else example.expect == "help"


def _opposed(first: _Shown, second: _Shown) -> bool:
    return _answer(first.example) != _answer(second.example)


def _common_case(first: _Shown, second: _Shown, domain: Domain, today: date) -> Case | None:
    """The first cell in which both rows hold; a row that names an exception holds for its people only."""
    conditions = [_exception(shown) for shown in (first, second)]
    for case in cases(domain, first.draft.clause, second.draft.clause):
        if all(
            exception is None or (exception.expires >= today and exception.when.fits(case.tier, case.purpose))
            for exception in conditions
        ):
            return case
    return None


def _exception(shown: _Shown) -> ClauseException | None:
    rows = (row for row in shown.draft.clause.exceptions if row.id == shown.example.exception)
    return next(rows, None)


# --- the same risk ---------------------------------------------------------------------------------


def _by_map(living: Sequence[Draft]) -> Iterator[tuple[Draft, Draft, list[str]]]:
    """An allowing and a prohibiting clause that map to the same risk, with what they share."""
    allowing: dict[str, list[Draft]] = {}
    for draft in living:
        if draft.clause.boundary is Boundary.ALLOWED:
            for risk in _risks(draft.clause):
                allowing.setdefault(risk, []).append(draft)
    for draft in living:
        if draft.clause.boundary is Boundary.PROHIBITED:
            shared: dict[str, tuple[Draft, list[str]]] = {}
            for risk in _risks(draft.clause):
                for other in allowing.get(risk, ()):
                    shared.setdefault(f"{other.clause.id} {id(other)}", (other, []))[1].append(risk)
            yield from ((other, draft, risks) for other, risks in shared.values())


def _risks(clause: Clause) -> list[str]:
    return [f"{taxonomy}:{risk}" for taxonomy, risks in clause.maps for risk in dict.fromkeys(risks)]


def _opposite_boundaries(
    allowed: Draft, prohibited: Draft, shared: Sequence[str], domain: Domain, today: date
) -> Iterator[Finding]:
    one, two = allowed.clause, prohibited.clause
    if _overrides(one, two):
        return
    opposite = (
        case for case in cases(domain, one, two) if opened_by(one, case, today) and not opened_by(two, case, today)
    )
    case = next(opposite, None)
    if case is not None:
        yield found(
            "contradiction",
            f"clause {two.id} closes '{case.level}' for {in_words(case)}, and clause {one.id} ({one.file}, line"
            f" {one.line}) opens it; both map to {', '.join(shared)}.",
            two.file,
            prohibited.line("boundary"),
            f"Move one of the two boundaries or scopes, or let the clause that goes first say 'overrides: [{one.id}]'"
            f" or 'overrides: [{two.id}]'.",
            _weight(one, two),
        )


# --- what an override would open -------------------------------------------------------------------


def _reached_by_override(living: Sequence[Draft], domain: Domain, today: date) -> Iterator[Finding]:
    """Exceptions that reach, through an override, what nobody may be granted."""
    known = {draft.clause.id: draft for draft in living}
    for draft in living:
        clause = draft.clause
        for name in clause.overrides:
            other = known.get(name)
            if other is None or other is draft or not clause.exceptions or not _ungrantable(other.clause):
                continue
            if not _about_the_same(clause, other.clause):
                continue
            for case in cases(domain, clause, other.clause):
                by = opened_by(clause, case, today)
                if by and by != clause.id and not opened_by(other.clause, case, today):
                    yield _lifted(draft, other, by, case)
                    break


def _lifted(draft: Draft, other: Draft, by: str, case: Case) -> Finding:
    clause, exception = draft.clause, by.rpartition("/")[2]
    place = next(index for index, row in enumerate(clause.exceptions) if row.id == exception)
    word = "prohibits" if other.clause.boundary is Boundary.PROHIBITED else "lets nobody be granted"
    return found(
        "ungrantable-exception",
        f"the exception '{exception}' of {clause.id} opens '{case.level}', which {other.clause.id} {word};"
        f" {clause.id} overrides it, so the exception would count.",
        clause.file,
        draft.line("exceptions", place),
        f"Remove the exception, or take {other.clause.id} out of 'overrides'.",
        _weight(clause, other.clause),
    )


def _ungrantable(clause: Clause) -> bool:
    return clause.ceiling is not None and (clause.boundary is Boundary.PROHIBITED or not clause.grantable)


def _about_the_same(one: Clause, two: Clause) -> bool:
    prompts = {normal(example.prompt) for example in one.examples}
    return bool(set(_risks(one)) & set(_risks(two))) or any(normal(row.prompt) in prompts for row in two.examples)


# --- words -----------------------------------------------------------------------------------------


def _overrides(one: Clause, two: Clause) -> bool:
    return one.id != two.id and (two.id in one.overrides or one.id in two.overrides)


def _weight(one: Clause, two: Clause) -> Importance:
    """What binds nobody yet is worth a note."""
    both = all(clause.admin.status is Status.ACTIVE for clause in (one, two))
    return Importance.ERROR if both else Importance.NOTE


def in_words(case: Case) -> str:
    """Where a cell lies, leaving out what holds for everybody."""
    named = [
        f"{name} {value}"
        for name, value in zip(
            ("region", "modality", "audience", "tier", "purpose"),
            (case.region, case.modality, case.audience, case.tier, case.purpose),
            strict=True,
        )
        if value != OTHERS
    ]
    return ", ".join(named) or "everybody everywhere"
