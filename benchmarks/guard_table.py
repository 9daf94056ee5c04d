"""What one decision of the guard costs: as the service asks, a scan of the rules, and Cedar, on the same questions.

Usage: python benchmarks/guard_table.py [--topics N] [--grants N] [--questions N] [--rounds N] [--out FILE]
"""

from __future__ import annotations

import argparse
import gc
import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

from colonnade.guard import GuardConfiguration, Lookup, compile_table
from colonnade.guard.access import Desk
from colonnade.guard.table import permits
from colonnade.guard.topics import lies_under
from colonnade.policy.forms import Edition
from colonnade.policy.forms.cedar import SCHEMA, cedar_entities, cedar_grant, cedar_request, render_cedar
from colonnade.records import Clause, Grant, GrantStanding, GrantState, GuardTable, Level
from results import show, write

MICROSECONDS = 1.0
"""What one decision may take."""
DAY = date(2026, 11, 22)
TIERS, PURPOSES = ("public", "staff", "tester", "partner"), ("general", "study", "authorised-test")
_ACTIONS = ("refuse", "deflect", "safe_complete", "cap", "escalate")


class Cost(NamedTuple):
    """Microseconds of a decision: of the middle round, and of the fastest, which other work disturbed least."""

    middle: float
    fastest: float


class Question(NamedTuple):
    """Who asks about what, for what."""

    subject: str
    topic: str
    level: Level
    tier: str
    purpose: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a decision is over its bound or two engines differ, 0 otherwise."""
    parser = argparse.ArgumentParser(description="One decision of the guard.")
    parser.add_argument("--topics", type=int, default=120)
    parser.add_argument("--grants", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--cedar-questions", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    draw = random.Random(0)  # noqa: S311  # only to vary the cases
    clauses, grants = _clauses(options.topics, draw), _grants(options.topics, options.grants, draw)
    started = perf_counter()
    table = compile_table(clauses, _configuration(), "EU", DAY)
    compiled = perf_counter()
    lookup, desk = Lookup(table), _desk(table, grants)
    laid = perf_counter()
    questions = [_question(clauses, grants, draw) for _ in range(options.questions)]
    holders = {row.subject: desk.holder(row.subject) for row in questions}  # a gateway makes one for each request

    def decided(row: Question) -> bool:
        cell = lookup.cell(row.topic, row.level, row.tier, row.purpose)
        return permits(cell, DAY) or bool(holders[row.subject].opens(cell, DAY))

    ours = _timed(decided, questions, options.rounds)
    alone = _timed(lambda row: permits(lookup.cell(*row[1:]), DAY), questions, options.rounds)
    few = questions[: max(options.cedar_questions, 1)]
    scan = _timed(lambda row: scanned(row, table, grants), few, 3)
    said = [decided(row) for row in few]
    differ = sum(one != scanned(row, table, grants) for one, row in zip(said, few, strict=True))
    rows = [("compiled table and grants", ours), ("compiled table alone", alone), ("scan of the rules", scan)]
    cedar = _cedar(clauses, grants, few, said)
    if cedar is not None:
        rows.append(("Cedar (cedarpy)", cedar[0]))
        differ += cedar[1]
    show(
        f"One decision, {len(clauses)} topics, {len(table.cells)} cells, {len(grants)} grants (processor time)",
        ("engine", "microseconds", "fastest round", "times ours"),
        [(n, f"{c.middle:.3f}", f"{c.fastest:.3f}", f"{c.middle / ours.middle:,.0f}") for n, c in rows],
    )
    allowed = sum(decided(row) for row in questions)
    print(f"compiled and proved in {compiled - started:.3f} s, grants taken up in {laid - compiled:.3f} s")
    print(f"{allowed} of {len(questions)} questions allowed; {differ} of {len(few)} compared answers differ")
    if cedar is None:
        print("cedarpy is not installed: Cedar was not asked")
    numbers = {name.replace(" ", "_"): cost._asdict() for name, cost in rows}
    write(options.out, {"microseconds": numbers, "differ": differ, "cells": len(table.cells), "grants": len(grants)})
    return int(ours.fastest > MICROSECONDS or differ > 0)


def _desk(table: GuardTable, grants: Sequence[Grant]) -> Desk:
    """Where a running service asks; nothing is used here, so nothing is logged."""
    nowhere, midday = "sha256:" + "0" * 64, datetime.combine(DAY, time(12), UTC)
    desk = Desk(table, None, bytes(32), 0.1, lambda _: None, now=lambda: midday)
    active = GrantState.ACTIVE
    desk.replace(
        GrantStanding(grant=grant, content=nowhere, state=active, approved_by=("ana", "bo"), reason="two signed it")
        for grant in grants
    )
    return desk


def scanned(question: Question, table: GuardTable, grants: Sequence[Grant]) -> bool:
    """The same decision by looking through every cell and every grant: what one writes first."""
    for cell in table.cells:
        if (cell.topic, cell.level, cell.tier, cell.purpose) == question[1:]:
            if cell.action == "allow":
                return cell.until is None or cell.until >= DAY
            return cell.grantable and any(
                grant.subject == question.subject
                and question.level.rank <= grant.highest.rank
                and question.purpose in grant.purposes
                and grant.starts <= DAY <= grant.until
                and any(lies_under(question.topic, node) for node in grant.topics)
                for grant in grants
            )
    return False


def _timed(decide: Callable[[Question], bool], questions: Sequence[Question], rounds: int) -> Cost:
    """Microseconds of processor time for one decision, the loop included; of the rounds."""
    found = []
    gc.disable()
    try:
        for _ in range(rounds):
            started = process_time()
            for question in questions:
                decide(question)
            found.append((process_time() - started) / len(questions) * 1e6)
    finally:
        gc.enable()
    return Cost(median(found), min(found))


def _cedar(
    clauses: Sequence[Clause], grants: Sequence[Grant], questions: Sequence[Question], said: Sequence[bool]
) -> tuple[Cost, int] | None:
    """Microseconds of one decision by Cedar with everything parsed beforehand, and how many differ from ours."""
    try:
        cedar: Any = import_module("cedarpy")
    except ImportError:
        return None
    text = render_cedar(Edition(tuple(clauses), DAY)) + "".join(cedar_grant(grant) for grant in grants)
    policies, schema = cedar.PolicySet.from_str(text), cedar.Schema.from_str(SCHEMA)
    entities = cedar_entities((clause.id for clause in clauses), TIERS)
    times, differ = [], 0
    for question, expected in zip(questions, said, strict=True):
        # In Cedar the asker belongs to a tier; ours says the tier with each question.
        user = {
            "uid": {"type": "Colonnade::User", "id": question.subject},
            "attrs": {},
            "parents": [{"type": "Colonnade::Tier", "id": question.tier}],
        }
        everything = cedar.Entities.from_json_str(json.dumps([*entities, user]), schema)
        request = cedar_request(question.topic, question.level, question.subject, question.purpose, "EU", DAY)
        started = process_time()
        result = cedar.is_authorized(request, policies, everything, schema)
        times.append((process_time() - started) * 1e6)
        differ += bool(result.diagnostics.errors) or bool(result.allowed) != expected
    return Cost(median(times), min(times)), differ


def _configuration() -> GuardConfiguration:
    replies = {action: {"en": "No."} for action in _ACTIONS}
    return GuardConfiguration.model_validate({"tiers": TIERS, "purposes": PURPOSES, "replies": replies})


def _clauses(count: int, draw: random.Random) -> list[Clause]:
    """Topics in trees of three, every fourth of which nobody may be granted."""
    found = []
    for number in range(count):
        tree, place = divmod(number, 3)
        name = f"area{tree}.topic" + "".join(f".part{step}" for step in range(place))
        grantable = draw.random() > 0.25
        exceptions = [
            {
                "id": "desk",
                "ceiling": "mechanism",
                "when": {"tier": draw.choice(TIERS), "purpose": draw.choice(PURPOSES)},
                "because": "request/1",
                "expires": "2027-06-30",
            }
        ]
        content = {
            "id": name,
            "title": name,
            "text": "The model must not help beyond the ceiling.",
            "pillar": "safety",
            "boundary": "restricted",
            "severity": "high",
            "ceiling": "overview",
            "above": draw.choice(_ACTIONS),
            "grantable": grantable,
            "exceptions": exceptions if grantable and place == 0 else (),
            "admin": {"policy": f"area{tree}", "status": "active", "version": "1.0.0", "owners": ("team",)},
        }
        found.append(Clause.model_validate(content))
    return sorted(found, key=lambda clause: clause.id)


def _grants(topics: int, count: int, draw: random.Random) -> list[Grant]:
    return [
        Grant(
            id=f"grant-{number}",
            subject=f"key-{number % max(count // 2, 1)}",
            topics=(f"area{draw.randrange(max(topics // 3, 1))}.topic",),
            highest=draw.choice([Level.MECHANISM, Level.ACTIONABLE]),
            purposes=tuple(draw.sample(PURPOSES, 2)),
            starts=DAY - timedelta(days=5 + draw.randrange(90)),
            until=DAY + timedelta(days=draw.randrange(-5, 200)),
            evidence="sha256:" + "0" * 64,
            because="for the benchmark",
        )
        for number in range(count)
    ]


def _question(clauses: Sequence[Clause], grants: Sequence[Grant], draw: random.Random) -> Question:
    """Half by anybody about anything, half by holders about what their grant covers."""
    level, tier, purpose = draw.choice(list(Level)), draw.choice(TIERS), draw.choice(PURPOSES)
    if grants and draw.random() < 0.5:
        grant = draw.choice(grants)
        return Question(grant.subject, grant.topics[0], level, tier, purpose)
    return Question(f"key-{draw.randrange(9999)}", draw.choice(clauses).id, level, tier, purpose)


if __name__ == "__main__":
    raise SystemExit(main())
