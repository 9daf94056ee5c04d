"""Stored lines read back as the records that they are, without being told which."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from colonnade.records import (
    Answer,
    CapabilityAnswer,
    CapabilityComparison,
    CapabilityResult,
    Checkpoint,
    CheckpointChoice,
    Clause,
    Comparison,
    Contamination,
    CorrectedRate,
    Decision,
    Document,
    Exercise,
    FrontierFinding,
    GraderReport,
    GuardTable,
    HarmCoverage,
    HeldBack,
    JointRegion,
    Launch,
    Look,
    Measurement,
    OperatingPoint,
    PillarCoverage,
    PolicyReview,
    PolicySet,
    ProbeResult,
    Prompt,
    Rating,
    Record,
    ReviewRequest,
    Reward,
    Ruling,
    SignedStatement,
    TrainingPoint,
    Transcript,
    Verdict,
)

R = TypeVar("R", bound=Record)

_KINDS: tuple[type[Record], ...] = (
    Answer,
    CapabilityAnswer,
    CapabilityComparison,
    CapabilityResult,
    Checkpoint,
    CheckpointChoice,
    Clause,
    Comparison,
    Contamination,
    CorrectedRate,
    Decision,
    Document,
    Exercise,
    FrontierFinding,
    GraderReport,
    GuardTable,
    HarmCoverage,
    HeldBack,
    JointRegion,
    Launch,
    Look,
    Measurement,
    OperatingPoint,
    PillarCoverage,
    PolicyReview,
    PolicySet,
    ProbeResult,
    Prompt,
    Rating,
    ReviewRequest,
    Reward,
    Ruling,
    SignedStatement,
    TrainingPoint,
    Transcript,
    Verdict,
)


class _Fields(NamedTuple):
    """The names in a stored record of one kind, and those without which it is none."""

    every: frozenset[str]
    required: frozenset[str]


def _stored_fields(kind: type[Record]) -> _Fields:
    stored = {name: field for name, field in kind.model_fields.items() if not field.exclude}
    return _Fields(frozenset(stored), frozenset(name for name, field in stored.items() if field.is_required()))


_FIELDS: Mapping[type[Record], _Fields] = MappingProxyType({kind: _stored_fields(kind) for kind in _KINDS})


@lru_cache(maxsize=1024)
def _kind_of(names: frozenset[str]) -> type[Record] | None:
    """The kind of record that has these fields.

    A stored record carries every one of its fields, so that their names tell its kind. One that was
    stored before its kind had all of today's lacks some that have a default: it is the kind of which
    it lacks the fewest.
    """
    lacking = {
        kind: len(fields.every - names) for kind, fields in _FIELDS.items() if fields.required <= names <= fields.every
    }
    return min(lacking, key=lacking.__getitem__, default=None)


def json_rows(content: bytes) -> tuple[dict[str, Any], ...]:
    """The lines of an artefact as JSON objects; empty where it holds anything else."""
    try:
        rows = [json.loads(line) for line in content.splitlines()]
    except (ValueError, RecursionError):
        return ()
    return tuple(rows) if all(isinstance(row, dict) for row in rows) else ()


def recognise(row: dict[str, Any]) -> Record | None:
    """The record that a JSON object is, or nothing where it is none of ours."""
    kind = _kind_of(frozenset(row))
    if kind is None:
        return None
    try:
        return kind.model_validate_json(json.dumps(row))
    except ValidationError:
        return None


def kinds_of(content: bytes) -> Counter[type[Record] | None]:
    """How many records of each kind an artefact holds, by their fields alone; none for what is none of ours."""
    return Counter(_kind_of(frozenset(row)) for row in json_rows(content))


def records_of(kind: type[R], content: bytes) -> tuple[R, ...]:
    """The records of one kind that an artefact holds."""
    found = (recognise(row) for row in json_rows(content) if _kind_of(frozenset(row)) is kind)
    return tuple(record for record in found if isinstance(record, kind))
