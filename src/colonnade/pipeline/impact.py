"""What a change of the policies touches, before it is made: steps, artefacts, cells, approvals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple

from colonnade.guard import GuardConfiguration, compile_table
from colonnade.pipeline.agreement import Agreement
from colonnade.pipeline.planning import Planned, plan
from colonnade.pipeline.steps import STEPS
from colonnade.pipeline.workspace import Workspace
from colonnade.policy.difference import ClauseChange, compare
from colonnade.policy.reviews import Rewordings
from colonnade.records import Cell, CorruptionError, Digest, Facet, InputError, PolicySet, Run
from colonnade.store import Store, Touched


class StaleStep(NamedTuple):
    """A step whose last result would not hold after the change.

    Attributes:
        reads: the changed facets that it reads itself, as ``clause.facet``; empty where it only
            reads what a stale step made, and would be kept if that came out the same.
        made: what its last run made: name and number of records.
        of_clauses: how many of these records name a changed clause.
    """

    step: str
    reads: tuple[str, ...]
    made: tuple[tuple[str, int], ...]
    of_clauses: int


class CellChange(NamedTuple):
    """A cell of the guard's table that answers differently; none where there was, or is, no such cell."""

    topic: str
    level: str
    tier: str
    purpose: str
    region: str
    before: str
    after: str


class FoldedCells(NamedTuple):
    """Cells of one topic that change alike: each of these levels, for each tier, purpose and region."""

    topic: str
    levels: tuple[str, ...]
    tiers: tuple[str, ...]
    purposes: tuple[str, ...]
    regions: tuple[str, ...]
    before: str
    after: str


class Impact(NamedTuple):
    """Everything that a change touches.

    Attributes:
        cells: nothing where one of the two tables cannot be compiled, so that nobody knows.
        approvals: policies whose approvals would no longer count, with the people who gave them.
        unread: what could not be read or told, and what stands in its place, one sentence each.
    """

    changes: tuple[ClauseChange, ...]
    steps: tuple[StaleStep, ...]
    cells: tuple[CellChange, ...] | None
    approvals: tuple[tuple[str, tuple[str, ...]], ...]
    unread: tuple[str, ...] = ()


def impact_of(
    before: Workspace,
    after: Workspace,
    store: Store,
    configuration: GuardConfiguration,
    agreed: Agreement,
    today: date,
    earlier: GuardConfiguration | None = None,
) -> Impact:
    """Hold two policy sets against each other, the last runs, the guard's table and the approvals.

    Args:
        before: the workspace with the policies as they stood when the last runs were made.
        after: the same with the policies as they would be; its regions count.
        store: whose newest runs would go stale.
        configuration: tiers and purposes of the guard as they would be.
        agreed: what people signed; an attested rewording makes nothing stale.
        today: the day on which exceptions are looked at.
        earlier: tiers and purposes as they stood before; the same where none are given.
    """
    changes = compare(before.policies, after.policies)
    changed = _changed_facets(changes, agreed.rewordings)
    guarded = _Guarded(before.policies, earlier or configuration), _Guarded(after.policies, configuration)
    cells: tuple[CellChange, ...] | None = None
    unread: tuple[str, ...] = ()
    try:
        cells = tuple(change for region in after.launch.regions for change in _cell_changes(*guarded, region, today))
    except InputError as fault:
        unread = (f"the guard's tables cannot be compared: {fault.sentence}",)
    contents = {row.subject: row.content for row in after.reviewed}
    approvals = tuple(
        (row.policy, names)
        for row in agreed.reviews
        if row.content != contents.get(row.policy)
        and (names := tuple(sorted({name for role in row.roles for name in role.approved_by})))
    )
    return Impact(changes, tuple(_stale_steps(store, changed)), cells, approvals, unread)


def touched_by(store: Store, policies: PolicySet, name: str, rewordings: Rewordings) -> tuple[Touched, ...]:
    """Every artefact that rests on a clause, or on one facet of it (``CLAUSE.FACET``), as it stands.

    A run keeps the digest of the oldest wording that means the same, so that is what is looked for.

    Raises:
        InputError: where there is no such clause or facet.
    """
    clause, facets = policies.clause(name), tuple(Facet)
    if clause is None:
        identifier, _, facet = name.rpartition(".")
        clause = policies.clause(identifier)
        if clause is None or facet not in set(Facet):
            near = get_close_matches(name, [row.id for row in policies.clauses], n=3, cutoff=0.4)
            meant = f"The nearest clauses are {', '.join(near)}." if near else "Name a clause by its whole id."
            raise InputError(f"there is no clause or facet '{name}'.", mend=f"{meant} Facets are {', '.join(Facet)}.")
        facets = (Facet(facet),)
    digests = {facet: _oldest(rewordings, clause.id, facet, clause.facet(facet)) for facet in facets}
    return store.catalogue.impact(clause.id, {facet: digest for facet, digest in digests.items() if digest})


def _oldest(rewordings: Rewordings, clause: str, facet: Facet, digest: Digest | None) -> Digest | None:
    return None if digest is None else rewordings.get((clause, facet, digest), digest)


def _changed_facets(changes: Iterable[ClauseChange], rewordings: Rewordings) -> dict[str, frozenset[Facet]]:
    """The facets that steps would read differently; a clause that never bound is read by nobody."""
    changed: dict[str, frozenset[Facet]] = {}
    for change in changes:
        if change.binds_before != change.binds_after:
            changed[change.clause] = frozenset(Facet)
        elif change.binds_before:
            changed[change.clause] = frozenset(
                row.facet
                for row in change.facets
                if _oldest(rewordings, row.clause, row.facet, row.before)
                != _oldest(rewordings, row.clause, row.facet, row.after)
            )
    return changed


def _stale_steps(store: Store, changed: Mapping[str, frozenset[Facet]]) -> Iterator[StaleStep]:
    stale: set[str] = set()
    for step in STEPS:
        run = store.catalogue.latest(step.name)
        reads = tuple(
            f"{clause}.{facet}" for clause, facets in changed.items() for facet in step.facets if facet in facets
        )
        if run is None or not (reads or any(name.partition("/")[0] in stale for name in step.inputs)):
            continue
        stale.add(step.name)
        counts = {name: _records(store, artefact) for name, artefact in run.outputs}
        made = tuple((name, len(rows)) for name, rows in counts.items())
        named = sum(row.get("clause") in changed for rows in counts.values() for row in rows)
        yield StaleStep(step.name, reads, made, named)


def _records(store: Store, artefact: Digest) -> list[dict[str, object]]:
    try:
        rows = [json.loads(line) for line in store.objects.get(artefact).splitlines()]
    except (CorruptionError, ValueError):
        return []
    return rows if all(isinstance(row, dict) for row in rows) else []


class _Guarded(NamedTuple):
    """Policies, and the tiers and purposes of the guard that keeps them."""

    policies: PolicySet
    configuration: GuardConfiguration

    def cells(self, region: str, today: date) -> dict[tuple[str, str, str, str], Cell]:
        table = compile_table(self.policies.active, self.configuration, region, today)
        return {(cell.topic, cell.level.value, cell.tier, cell.purpose): cell for cell in table.cells}

    def answer(self, key: tuple[str, str, str, str], cell: Cell | None) -> str:
        """What the guard does; where it has no such case, what it does not know."""
        if cell is not None:
            return f"{cell.action} until {cell.until}" if cell.until else str(cell.action)
        if key[2] not in self.configuration.tiers:
            return "no such tier"
        return "no such topic" if key[3] in self.configuration.purposes else "no such purpose"


def _cell_changes(before: _Guarded, after: _Guarded, region: str, today: date) -> Iterator[CellChange]:
    old, new = before.cells(region, today), after.cells(region, today)
    for key in (*old, *(key for key in new if key not in old)):
        answers = before.answer(key, old.get(key)), after.answer(key, new.get(key))
        if answers[0] != answers[1]:
            yield CellChange(*key, region, *answers)


_Who = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def folded(cells: Iterable[CellChange]) -> tuple[FoldedCells, ...]:
    """Cells that change alike, together, and in the order in which they come; each cell is in exactly one row."""
    alike: dict[tuple[str, str, str], dict[str, list[tuple[str, str, str]]]] = {}
    for cell in cells:
        levels = alike.setdefault((cell.topic, cell.before, cell.after), {})
        levels.setdefault(cell.level, []).append((cell.tier, cell.purpose, cell.region))
    rows: list[FoldedCells] = []
    for (topic, before, after), by_level in alike.items():
        by_askers: dict[frozenset[tuple[str, str, str]], list[str]] = {}
        for level, some in by_level.items():
            by_askers.setdefault(frozenset(some), []).append(level)
        for equal in by_askers.values():
            askers = _products(by_level[equal[0]])
            rows += [FoldedCells(topic, tuple(equal), *who, before, after) for who in askers]
    return tuple(rows)


def _products(askers: Sequence[tuple[str, str, str]]) -> Iterator[_Who]:
    """Tiers, purposes and regions whose combinations are the askers: all at once, or else one tier and region each."""
    tiers, purposes, regions = (tuple(dict.fromkeys(names)) for names in zip(*askers, strict=True))
    if len(tiers) * len(purposes) * len(regions) == len(askers):
        yield tiers, purposes, regions
        return
    alone: dict[tuple[str, str], list[str]] = {}
    for tier, purpose, region in askers:
        alone.setdefault((tier, region), []).append(purpose)
    for (tier, region), some in alone.items():
        yield (tier,), tuple(some), (region,)


def why(workspace: Workspace, store: Store, digest: Digest) -> tuple[str, ...]:
    """Whether an artefact, a record or a run still holds, and if not, why; one sentence per run that made it."""
    rows = {row.step.name: row for row in plan(workspace, store)}
    artefacts = {digest, *(artefact for artefact, _ in store.catalogue.holders(digest))}
    made = [
        run for run in store.catalogue.runs() if run.digest == digest or artefacts & set(dict(run.outputs).values())
    ]
    return tuple(_standing(store, rows, run) for run in reversed(made))


def _standing(store: Store, rows: Mapping[str, Planned], run: Run) -> str:
    row = rows.get(run.step)
    what = f"made by {run.step} ({run.ended:%Y-%m-%d %H:%M} UTC)"
    if row is None:
        return f"{what}: this pipeline has no such step any more."
    if row.run is not None and row.run.digest == run.digest:
        return f"{what}: fresh, all that it was made from is as it was."
    newest = store.catalogue.latest(run.step)
    if newest is not None and newest.digest != run.digest:
        return f"{what}: history, a later run took its place."
    return f"{what}: {row.state}, because {'; '.join(_reasons(rows, row))}."


def _reasons(rows: Mapping[str, Planned], row: Planned) -> Iterator[str]:
    """The reasons of a step, and behind a waiting one those of the stale steps it waits for."""
    told: set[str] = set()
    pending = [row]
    while pending:
        current = pending.pop(0)
        if current.step.name in told:
            continue
        told.add(current.step.name)
        behind = [rows[name] for name in _awaited(current)]
        if not behind:
            prefix = "" if current is row else f"{current.step.name} is {current.state}: "
            yield prefix + ", ".join(current.reasons)
        pending += behind


def _awaited(row: Planned) -> list[str]:
    return sorted(
        {name.partition("/")[0] for name in row.step.inputs if f"after {name.partition('/')[0]}" in row.reasons}
    )
