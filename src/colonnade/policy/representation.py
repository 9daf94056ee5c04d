"""A manifest held against the data targets of the clauses: what is met, unclear or missed, and what mends it.

The manifest is taken as a sample of what its sources deliver, so a share has an interval, and a
target is met only where the whole interval lies above it. Items that repeat an earlier one are left
out of the cells: a hundred photos of one afternoon are not a hundred people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from colonnade.policy.completeness import (
    Check,
    SourceReport,
    Standing,
    check_whole,
    count_sources,
    in_words,
    items_of,
    undeclared_items,
)
from colonnade.policy.manifest import Item, find_repeats
from colonnade.records import Clause, InputError, PolicySet, Record
from colonnade.records.data_target import DataCell, DataTarget
from colonnade.records.record import Pairs
from colonnade.statistics import (
    events_needed,
    herfindahl,
    joint_confidence,
    normalised_entropy,
    total_variation,
    wilson_interval,
)

_MOST_ADDED = 50
"""Additions of more than so many times the data set (or of 1,000 items) are no advice."""


class CellReport(Record):
    """One cell of a target.

    Attributes:
        share: of all distinct items, with ``low`` and ``high``, its Wilson interval.
        asked: the share asked for less the tolerance; none where only a count is asked for.
        minimum: the count asked for; none where only a share is.
        add: items of this cell to add, together with those of the others, so that all are met;
            none where no number would do.
    """

    where: Pairs
    count: int
    share: float
    low: float
    high: float
    asked: float | None
    minimum: int | None
    standing: Standing
    add: int | None


class TargetReport(Record):
    """A manifest against one data target of one clause.

    Attributes:
        items, distinct: items that the target is about, and those that repeat no earlier one.
        confidence: with which all intervals hold together.
        interval_confidence: of each interval (Bonferroni over the cells that ask for a share).
        entropy: normalised, over the compared cells; 1 is even. The compared cells are those that
            ask for a share, or all where none does.
        distance: total variation between the items in the compared cells and the shares asked for
            (even ones where none is), both scaled to sum to 1.
        worst_ratio: largest compared cell over smallest; none where one is empty or there are fewer than two.
        mend: what would mend it, a sentence each.
    """

    clause: str
    target: str
    because: str
    items: int
    distinct: int
    confidence: float
    interval_confidence: float
    cells: tuple[CellReport, ...]
    entropy: float | None
    distance: float | None
    worst_ratio: float | None
    undeclared: float
    sources: tuple[SourceReport, ...]
    concentration: float | None
    checks: tuple[Check, ...]
    mend: tuple[str, ...]

    @property
    def standing(self) -> Standing:
        """The worst of all its cells and checks."""
        return _worst((*(cell.standing for cell in self.cells), *(check.standing for check in self.checks)))


def targets_of(policies: PolicySet, clause: str | None = None) -> tuple[tuple[Clause, DataTarget], ...]:
    """The data targets of the active clauses, or of one of them.

    Raises:
        InputError: where there is no such clause, it is not active, or nothing asks for any data.
    """
    if clause is not None:
        found = policies.clause(clause)
        if found is None:
            raise InputError(f"no policy has the clause '{clause}'.", mend="Correct the id.")
        if found not in policies.active:
            what = f"clause {clause} is '{found.admin.status}', and only active clauses bind."
            raise InputError(what, file=found.file, line=found.line, mend="Choose another, or make its policy active.")
    rows = tuple((row, target) for row in policies.active if clause in (None, row.id) for target in row.data)
    if not rows:
        what = f"clause {clause} has no data target." if clause else "no active clause has a data target."
        raise InputError(what, mend="Add 'data:' with a target to the clause's block.")
    return rows


def check_manifest(
    items: Sequence[Item], targets: Iterable[tuple[Clause, DataTarget]], languages: Mapping[str, tuple[str, ...]]
) -> tuple[TargetReport, ...]:
    """A manifest against every target.

    Args:
        items: the whole manifest; each target takes those that its ``subject`` names.
        targets: as from ``targets_of``.
        languages: the languages that items for a clause must have beside those of its target, by clause id.
    """
    return tuple(check_target(items, clause.id, target, languages.get(clause.id, ())) for clause, target in targets)


def check_target(
    items: Sequence[Item], clause: str, target: DataTarget, languages: tuple[str, ...] = ()
) -> TargetReport:
    """A manifest against one target."""
    subject = [item for item in items if _has(item, target.subject)]
    repeats = find_repeats(subject)
    repeated = repeats.within | repeats.across
    distinct = [item for place, item in enumerate(subject) if place not in repeated]
    sources = count_sources(subject, repeats, distinct)
    cells, rest = _cells(distinct, target, sources)
    pairs = check_whole(subject, repeats, sources, target, (*target.languages, *languages))
    counts, shares = _compared(cells, target)
    return TargetReport(
        clause=clause,
        target=target.id,
        because=target.because,
        items=len(subject),
        distinct=len(distinct),
        confidence=target.confidence,
        interval_confidence=_interval_confidence(target),
        cells=cells,
        entropy=normalised_entropy(counts),
        distance=total_variation(counts, shares) if len(counts) > 1 else None,
        worst_ratio=max(counts) / min(counts) if len(counts) > 1 and min(counts) else None,
        undeclared=len(undeclared_items(subject, target)) / len(subject) if subject else 0.0,
        sources=sources,
        concentration=herfindahl([row.distinct for row in sources]),
        checks=tuple(check for check, _ in pairs),
        mend=(*_cell_sentences(cells, rest, sources, target), *(sentence for _, sentence in pairs if sentence)),
    )


def _has(item: Item, where: Pairs) -> bool:
    return set(where) <= set(item.attributes)


def _worst(standings: Iterable[Standing]) -> Standing:
    order = list(Standing)
    return max(standings, key=order.index, default=Standing.MET)


def _interval_confidence(target: DataTarget) -> float:
    return joint_confidence(target.confidence, sum(cell.share is not None for cell in target.cells))


def _asked(cell: DataCell, target: DataTarget) -> float | None:
    return None if cell.share is None else max(0.0, cell.share - target.tolerance)


def _cells(
    distinct: Sequence[Item], target: DataTarget, sources: Sequence[SourceReport]
) -> tuple[tuple[CellReport, ...], int | None]:
    """Every cell of the target, and how many items of any cell must come on top."""
    counts = [sum(_has(item, cell.where) for item in distinct) for cell in target.cells]
    largest = max((row.distinct for row in sources), default=0)
    added = additions(counts, len(distinct), target, largest)
    confidence = _interval_confidence(target)
    rows = []
    for place, (cell, count) in enumerate(zip(target.cells, counts, strict=True)):
        low, high = wilson_interval(count, len(distinct), confidence)
        asked = _asked(cell, target)
        standings = [Standing.MISSED if not distinct else Standing.MET]
        if asked is not None:
            standings.append(Standing.MET if low >= asked else Standing.MISSED if high < asked else Standing.UNCLEAR)
        if cell.minimum is not None and count < cell.minimum:
            standings.append(Standing.MISSED)
        rows.append(
            CellReport(
                where=cell.where,
                count=count,
                share=count / len(distinct) if distinct else 0.0,
                low=low,
                high=high,
                asked=asked,
                minimum=cell.minimum,
                standing=_worst(standings),
                add=None if added is None else added[0][place],
            )
        )
    return tuple(rows), None if added is None else added[1]


def additions(
    counts: Sequence[int], total: int, target: DataTarget, largest: int = 0
) -> tuple[tuple[int, ...], int] | None:
    """How many items of each cell to add, and how many of any, so that all cells and sources are met at once.

    What is added to one cell lowers the shares of the others, so the numbers are raised together
    until they hold. ``largest`` is how many items the largest source has; it gets none of the new
    ones. Nothing where no sensible number would do: shares that add up to 1 and have no tolerance.
    """
    confidence = _interval_confidence(target)
    most = _MOST_ADDED * max(total, 1000)
    least = math.ceil(largest / target.largest_source - 1e-9)
    size = max(total, least)
    while size <= most:
        wanted = []
        for cell, count in zip(target.cells, counts, strict=True):
            asked = _asked(cell, target)
            needed = events_needed(size, asked, confidence) if asked else 0
            wanted.append(max(count, cell.minimum or 0, size + 1 + size // 50 if needed is None else needed))
        added = [want - count for want, count in zip(wanted, counts, strict=True)]
        bigger = max(total + sum(added), least)
        if bigger <= size:
            return tuple(added), size - total - sum(added)
        size = bigger
    return None


def _compared(cells: Sequence[CellReport], target: DataTarget) -> tuple[list[int], list[float]]:
    """Counts of the cells that are held against each other, and the shares that they should have."""
    named = [(row.count, cell.share) for row, cell in zip(cells, target.cells, strict=True) if cell.share is not None]
    if named:
        return [count for count, _ in named], [share for _, share in named]
    return [row.count for row in cells], [1.0] * len(cells)


def _cell_sentences(
    cells: tuple[CellReport, ...], rest: int | None, sources: tuple[SourceReport, ...], target: DataTarget
) -> Iterable[str]:
    concentrated = bool(sources) and sources[0].share > target.largest_source
    origin = f" from sources other than {sources[0].source}" if concentrated else ""
    if rest is None:
        short = [cell for cell in cells if cell.standing is not Standing.MET]
        if short or concentrated:
            yield (
                "No sensible number of items would show these shares: they leave no room for an interval."
                " Lower a share, or give the target a tolerance."
            )
        return
    for cell in cells:
        if cell.add:
            yield f"Add {items_of(cell.add)} with {in_words(cell.where)}{origin}."
    if rest and concentrated:
        yield f"Add {items_of(rest)} of any kind{origin}."
