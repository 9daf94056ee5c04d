"""The guard's table, decided again case by case from the clauses and ``guard.yaml``.

Nothing here is shared with the compiler: the same rules, written a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import Recounted
from colonnade.audit.recounts.differing import shown
from colonnade.audit.written import Written, clauses_as_read, file_as_read, same_parameters
from colonnade.records import (
    Action,
    Boundary,
    Cell,
    Clause,
    ClauseException,
    GuardTable,
    InputError,
    Level,
    Run,
)
from colonnade.records.reading import parse_yaml

_KIND, _FILE, _SHOWN = "GuardTable", "guard.yaml", 5
_Case = tuple[str, Level, str, str]


class _Configuration(NamedTuple):
    """What ``guard.yaml`` says of the table."""

    tiers: tuple[str, ...]
    purposes: tuple[str, ...]
    replies: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def recounted_tables(run: Run, archive: Archive, written: Written) -> Iterator[Recounted]:
    """Every table that a run compiled, where policies, launch and ``guard.yaml`` are still those that it read."""
    tables = archive.made(GuardTable, run)
    if not tables:
        return
    why_not = _unknown(run, written)
    if why_not or written.launch is None:
        yield from (Recounted(_KIND, (), why_not) for _ in tables)
        return
    content, clauses = file_as_read(run, written, _FILE), clauses_as_read(run, written)
    if isinstance(content, str) or isinstance(clauses, str):
        yield from (Recounted(_KIND, (), str(content if isinstance(content, str) else clauses)) for _ in tables)
        return
    try:
        configuration = _read(content)
    except (InputError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as fault:
        yield from (Recounted(_KIND, (), f"{_FILE} cannot be read: {fault}") for _ in tables)
        return
    days = dict.fromkeys(moment.astimezone(UTC).date() for moment in (run.started, run.ended))
    for table in tables:
        found = [tuple(_problems(table, clauses, configuration, written.launch.regions[0], day)) for day in days]
        yield Recounted(_KIND, by_rules=min(found, key=len))


def _unknown(run: Run, written: Written) -> str:
    if written.launch is None or written.policies is None:
        return written.why
    if not same_parameters(run, written, ("regions",), expiring=True):
        return "the launch's regions, or what exceptions have expired, differ from what it read"
    return ""


def _read(content: bytes) -> _Configuration:
    said: dict[str, Any] = parse_yaml(content.decode(), Path(_FILE)).value
    purposes = tuple(row if isinstance(row, str) else row["id"] for row in said["purposes"])
    replies = dict(said["replies"])
    if Action.CAP not in replies:
        replies[Action.CAP.value] = replies[Action.DEFLECT.value]
    ordered = tuple((str(action), tuple(replies[str(action)].items())) for action in Action)
    return _Configuration(tuple(said["tiers"]), purposes, ordered)


def _problems(
    table: GuardTable, clauses: Sequence[Clause], said: _Configuration, region: str, day: date
) -> Iterator[str]:
    for field in ("tiers", "purposes", "replies"):
        if getattr(table, field) != getattr(said, field):
            yield f"the guard's table has other {field} than {_FILE} says."
    topics = {
        clause.id: clause
        for clause in clauses
        if clause.ceiling is not None and {"*", region} & set(clause.scope.region)
    }
    cells: dict[_Case, Cell] = {(row.topic, row.level, row.tier, row.purpose): row for row in table.cells}
    if len(cells) != len(table.cells):
        yield f"the guard's table has {len(table.cells)} cells for {len(cells)} cases."
    wanted = {
        (topic, level, tier, purpose)
        for topic in topics for level in Level for tier in said.tiers for purpose in said.purposes
    }  # fmt: skip
    if wanted != cells.keys():
        yield f"the guard's table decides {len(cells)} cases, but the policies give {len(wanted)}, or others."
    wrong = [
        sentence
        for case in sorted(wanted & cells.keys())
        for sentence in _differing(cells[case], _decided(case, topics, day), case)
    ]
    yield from wrong[:_SHOWN]
    if len(wrong) > _SHOWN:
        yield f"{len(wrong) - _SHOWN} more values of the guard's table do not follow from the policies."


def _differing(cell: Cell, found: Mapping[str, object], case: _Case) -> Iterator[str]:
    topic, level, tier, purpose = case
    where = f"the guard's table for '{topic}' at '{level}', tier '{tier}', purpose '{purpose}'"
    for field, value in found.items():
        said = getattr(cell, field)
        if said != value:
            yield f"{where} has '{field}' at {shown(said)}, but the policies give {shown(value)}."


def _decided(case: _Case, topics: Mapping[str, Clause], day: date) -> dict[str, object]:
    """What the clauses say of one case."""
    topic, level, tier, purpose = case
    clause, binding = topics[topic], _binding(topic, topics)
    reaching = [
        row for row in clause.exceptions if row.expires >= day and row.ceiling.rank >= level.rank
    ]  # fmt: skip
    said: dict[str, object] = {"permitted_by": (), "until": None, "grantable": False}
    if binding is not None and level.rank > _rank(binding):
        said |= {"action": binding.above, "rule": binding.id}
    elif level.rank <= _rank(clause):
        said |= {"action": "allow", "rule": topic}
    elif fitting := [row for row in reaching if _is_for(row, tier, purpose)]:
        longest = max(fitting, key=lambda row: row.expires)
        said |= {"action": "allow", "rule": f"{topic}/{longest.id}", "until": longest.expires}
        said["permitted_by"] = (_sentence(topic, longest),)
    else:
        said |= {"action": clause.above, "rule": topic, "grantable": True}
        said["permitted_by"] = tuple(_sentence(topic, row) for row in reaching)
    said["cap"] = _cap(clause, binding, tier, purpose, day)
    return said


def _cap(clause: Clause, binding: Clause | None, tier: str, purpose: str, day: date) -> Level:
    """The highest level that these people have for this purpose."""
    reached = [
        row.ceiling for row in clause.exceptions if row.expires >= day and _is_for(row, tier, purpose)
    ]  # fmt: skip
    highest = max([_rank(clause), *(level.rank for level in reached)])
    return tuple(Level)[min(highest, _rank(binding)) if binding is not None else highest]


def _binding(topic: str, topics: Mapping[str, Clause]) -> Clause | None:
    """The lowest ceiling at or above a topic that nobody may lift."""
    hard = [
        clause
        for name, clause in topics.items()
        if (topic == name or topic.startswith(f"{name}."))
        and (clause.boundary is Boundary.PROHIBITED or not clause.grantable)
    ]
    return min(hard, key=lambda clause: (_rank(clause), clause.id), default=None)


def _is_for(row: ClauseException, tier: str, purpose: str) -> bool:
    return row.when.tier in (None, tier) and row.when.purpose in (None, purpose)


def _rank(clause: Clause) -> int:
    return clause.ceiling.rank if clause.ceiling is not None else 0


def _sentence(topic: str, row: ClauseException) -> str:
    who = f"tier={row.when.tier or 'any'}, purpose={row.when.purpose or 'any'}"
    return f"{topic}/{row.id} for {who}, until {row.expires.isoformat()}"
