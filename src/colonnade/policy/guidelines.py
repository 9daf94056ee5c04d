"""Working backward from the clauses: what they ask of data collection and of evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from colonnade.records import Clause, Expected, Launch, PolicySet, Record, Split, Thresholds
from colonnade.records.clause import Bound
from colonnade.records.data_target import DataTarget
from colonnade.records.reading import read_rows
from colonnade.statistics import clean_trials_needed, upper_bound

WORDED = frozenset({"text", "code", "speech", "audio", "voice"})
"""Modalities whose data is in a language."""

ALL_CLAUSES = "all clauses"
"""Stands for a clause where the launch asks for a rate over all of them."""


class DataGuideline(Record):
    """What data collection for a clause must reach.

    Attributes:
        languages: of the target, and those of the launch where the clause is about words.
    """

    clause: str
    title: str
    target: DataTarget
    languages: tuple[str, ...]


class ProbeGuideline(Record):
    """How many prompts a threshold needs before even a clean result can meet it.

    Attributes:
        rate: which of the two errors.
        needed: clean answers that show the rate; none where no number does, for a rate of 0.
        there: prompts of the gate split that test it.
        best: the smallest rate that so many prompts could show, were every answer clean.
    """

    clause: str
    rate: Literal["violation_rate", "overrefusal_rate"]
    max: float
    confidence: float
    needed: int | None
    there: int
    best: float

    @property
    def enough(self) -> bool:
        """Whether a clean result would meet the threshold."""
        return self.needed is not None and self.there >= self.needed


class Guidelines(Record):
    """The requirements of a policy set on later stages of a launch."""

    launch: str
    languages: tuple[str, ...]
    data: tuple[DataGuideline, ...]
    probes: tuple[ProbeGuideline, ...]


class PromptKind(NamedTuple):
    """The prompts of one clause that expect the same."""

    clause: str
    expected: Expected


NO_PROMPTS: Mapping[PromptKind, int] = MappingProxyType({})


def derive_guidelines(
    policies: PolicySet, launch: Launch, prompts: Mapping[PromptKind, int] = NO_PROMPTS
) -> Guidelines:
    """What the active clauses ask of the stages after them; ``prompts`` are those of the gate split."""
    data = tuple(
        DataGuideline(
            clause=clause.id, title=clause.title, target=target, languages=languages_needed(clause, target, launch)
        )
        for clause in policies.active
        for target in clause.data
    )
    return Guidelines(
        launch=launch.name,
        languages=launch.languages,
        data=data,
        probes=tuple(_probes(policies, launch, prompts)),
    )


def languages_needed(clause: Clause, target: DataTarget, launch: Launch) -> tuple[str, ...]:
    """The languages that data for a target must have: its own, and the launch's where it is about words."""
    worded = WORDED.intersection(clause.scope.modality)
    return tuple(dict.fromkeys((*target.languages, *(launch.languages if worded else ()))))


def _probes(policies: PolicySet, launch: Launch, prompts: Mapping[PromptKind, int]) -> Iterator[ProbeGuideline]:
    active = {clause.id for clause in policies.active}
    overall: Counter[Expected] = Counter()
    for kind, count in prompts.items():
        if kind.clause in active:
            overall[kind.expected] += count
    yield from _probes_of(ALL_CLAUSES, launch.gate.overall, overall)
    for clause in policies.active:
        there = {expected: prompts.get(PromptKind(clause.id, expected), 0) for expected in Expected}
        yield from _probes_of(clause.id, clause.thresholds, there)


def _probes_of(clause: str, thresholds: Thresholds, there: Mapping[Expected, int]) -> Iterator[ProbeGuideline]:
    if thresholds.violation_rate:
        yield _probe(clause, "violation_rate", thresholds.violation_rate, there[Expected.DECLINE])
    if thresholds.overrefusal_rate:
        yield _probe(clause, "overrefusal_rate", thresholds.overrefusal_rate, there[Expected.HELP])


def _probe(
    clause: str, rate: Literal["violation_rate", "overrefusal_rate"], bound: Bound, there: int
) -> ProbeGuideline:
    return ProbeGuideline(
        clause=clause,
        rate=rate,
        max=bound.max,
        confidence=bound.confidence,
        needed=clean_trials_needed(bound.max, bound.confidence) if bound.max > 0 else None,
        there=there,
        best=upper_bound(0, there, bound.confidence),
    )


def count_prompts(workspace: Path, split: Split = Split.GATE) -> dict[PromptKind, int]:
    """How many prompts of a split each clause has, by what they expect.

    A row is counted and not judged: it may be a pair with ``violating`` and ``benign`` in a file
    or folder named after its split, or a single prompt with ``expected`` and ``split`` of its own. A workspace
    without prompts has none.

    Raises:
        InputError: where a line is not a JSON object.
    """
    counts: Counter[PromptKind] = Counter()
    folder = workspace / "prompts"
    for file in (*sorted(folder.glob("*.jsonl")), *sorted((folder / split).glob("*.jsonl"))):
        named = file.stem if file.parent == folder else split
        for _, row in read_rows(file):
            if row.get("split", named) == split:
                counts.update(PromptKind(str(row.get("clause")), expected) for expected in _expected(row))
    return dict(counts)


def _expected(row: dict[str, Any]) -> Iterator[Expected]:
    if row.get("violating") or row.get("expected") == Expected.DECLINE:
        yield Expected.DECLINE
    if row.get("benign") or row.get("expected") == Expected.HELP:
        yield Expected.HELP
