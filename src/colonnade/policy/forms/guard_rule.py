"""The form for a guard: each clause as the cells of the compiled table say it, in YAML."""

from __future__ import annotations

from typing import Any

import yaml

from colonnade.policy.forms.access import AccessLine, access_lines, is_grantable
from colonnade.policy.forms.edition import Edition, binds, stamp
from colonnade.records import Action, Clause, Facet

READS = (Facet.BOUNDARY, Facet.SCOPE, Facet.EXCEPTIONS, Facet.DETECTION)

_READING = (
    "A request gets the most that any line which it fits allows. A line fits where its tier and purpose are those of"
    " the request; 'any' fits all. Past the day of 'until' a permission is void. What no line speaks of is refused."
)


def render_guard_rule(edition: Edition) -> str:
    """A YAML document with a rule for each clause, and the answer for everything else."""
    document = {
        "default": Action.REFUSE.value,
        "reading": _READING,
        "rules": [_rule(clause, edition) for clause in edition.clauses],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _rule(clause: Clause, edition: Edition) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "topic": clause.id,
        "made_from": stamp(clause, READS, edition.day),
        "facets": {facet.value: clause.facet(facet) for facet in READS if facet in clause.facets},
        "binds": binds(clause),
        "boundary": clause.boundary.value,
        "regions": list(clause.scope.region),
    }
    if clause.ceiling is None:
        return {**rule, "limits": "nothing: the clause has no ceiling, and the guard has no cell for it"}
    lines = access_lines(clause, edition.day)
    return {
        **rule,
        "ceiling": clause.ceiling.value,
        "above": clause.above.value,
        "grantable": is_grantable(clause),
        "lines": [_line(clause, line) for line in lines],
        **_detection(clause),
    }


def _detection(clause: Clause) -> dict[str, Any]:
    """What the clause says of detection; nothing where it says nothing."""
    names = ("patterns", "hold_back", "on_failure")
    return clause.model_dump(mode="json", include=set(names), exclude_none=True)


def _line(clause: Clause, line: AccessLine) -> dict[str, Any]:
    cells = []
    for permission in line.permissions:
        cell: dict[str, Any] = {"level": permission.level.value}
        if permission.exception is not None:
            cell["action"] = "allow"
            cell["rule"] = f"{clause.id}/{permission.exception.id}"
            cell["until"] = permission.exception.expires
        else:
            cell["action"] = "allow" if permission.allowed else clause.above.value
            cell["rule"] = clause.id
        cells.append(cell)
    return {"tier": line.who.tier or "any", "purpose": line.who.purpose or "any", "cells": cells}
