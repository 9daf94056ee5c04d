"""Clauses with patterns, for the tests of what looks for them."""

from __future__ import annotations

from typing import Any

from colonnade.records import (
    Admin,
    Boundary,
    Clause,
    Criterion,
    Level,
    Pattern,
    Pillar,
    Severity,
    Status,
)


def clause_with(*patterns: Pattern, **fields: Any) -> Clause:
    admin = Admin(policy="works", status=Status.ACTIVE, version="1.0.0", owners=("team",))
    given: dict[str, Any] = {"id": "works.secret", "title": "Works", "text": "Must not.", "boundary": "restricted"}
    given |= {"pillar": Pillar.SAFETY, "severity": Severity.HIGH, "ceiling": Level.OVERVIEW, "admin": admin}
    given |= {"rubric": (Criterion(ask="Does it?", fails=True),), "boundary": Boundary.RESTRICTED}
    return Clause.model_validate({**given, "patterns": patterns, **fields})


def word(text: str, **fields: Any) -> Pattern:
    return Pattern(name="word", literal=text, **fields)


def expression(text: str, **fields: Any) -> Pattern:
    return Pattern(name="expression", find=text, **fields)


def personal(kind: str) -> Pattern:
    return Pattern.model_validate({"name": kind, "personal": kind})
