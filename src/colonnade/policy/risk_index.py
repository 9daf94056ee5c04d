"""What a risk is called, what it belongs to, what it matches in other taxonomies, and its pillar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from colonnade.records import Mapping as RiskMapping
from colonnade.records import Pillar, Record, Risk, Taxonomy
from colonnade.records.reading import parse_yaml, to_record
from colonnade.records.record import Pairs

_Following = Callable[[str], Iterable[str]]


class Scheme(Record):
    """Short codes for the risks of one taxonomy, as clauses write them under ``maps``."""

    taxonomy: str
    prefix: str = ""
    codes: Pairs = ()


class IntakeRule(Record):
    """Which risks to consider, if every condition that is stated holds.

    Attributes:
        words: one of them stands in the launch's title, description, audience or uses, alone or
            with a plural s; ``*`` stands for any ending.
        languages: it has at least so many.
        consider: codes by scheme.
    """

    id: str
    because: str
    words: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    languages: Annotated[int, Field(ge=0)] = 0
    consider: dict[str, tuple[str, ...]]


class IntakeRules(Record):
    """The shipped table: codes, pillars, and what makes a risk worth considering."""

    schemes: dict[str, Scheme]
    pillars: dict[str, dict[str, Pillar]]
    rules: tuple[IntakeRule, ...]


@cache
def intake_rules() -> IntakeRules:
    """The table that Colonnade ships, ``policy/intake.yaml``."""
    resource = files("colonnade.policy").joinpath("intake.yaml")
    return to_record(IntakeRules, parse_yaml(resource.read_text(encoding="utf-8"), Path("intake.yaml")))


class Step(NamedTuple):
    """From one risk to another in one mapping, and how it was justified."""

    to: str
    relation: str
    justification: str


class RiskIndex(NamedTuple):
    """All imported risks, with what is above, below and beside each."""

    risks: Mapping[str, tuple[Risk, Taxonomy]]
    children: Mapping[str, tuple[str, ...]]
    matches: Mapping[str, tuple[Step, ...]]

    def below(self, risk: str) -> tuple[str, ...]:
        """Everything that belongs to a group, however far down."""
        return _closure(risk, lambda one: self.children.get(one, ()))

    def above(self, risk: str) -> tuple[str, ...]:
        """The groups that a risk belongs to, nearest first."""
        return _closure(risk, lambda one: self.risks[one][0].parents if one in self.risks else ())

    def pillar(self, risk: str) -> Pillar | None:
        """Its pillar, or that of the nearest group which has one."""
        if risk not in self.risks:
            return None
        table = intake_rules().pillars.get(self.risks[risk][1].id, {})
        return next((table[one] for one in (risk, *self.above(risk)) if one in table), None)


def _closure(start: str, following: _Following) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = list(following(start))
    while waiting:
        one = waiting.pop(0)
        if one not in found and one != start:
            found[one] = None
            waiting += following(one)
    return tuple(found)


def index_risks(taxonomies: Iterable[Taxonomy], mappings: Iterable[RiskMapping]) -> RiskIndex:
    """Put taxonomies and mappings together.

    A step leads from a risk to one that is answered with it: an exact or close match both ways, a
    narrower risk from the broader one. Related risks, and what is said *not* to match, lead nowhere.
    """
    risks = {risk.id: (risk, taxonomy) for taxonomy in taxonomies for risk in taxonomy.risks}
    children: dict[str, list[str]] = {}
    for risk, _ in risks.values():
        for parent in risk.parents:
            children.setdefault(parent, []).append(risk.id)
    matches: dict[str, dict[str, Step]] = {}
    for row in mappings:
        for start, end in _ends(row):
            if start in risks and end in risks and start != end:
                justification = row.mapping_justification.partition(":")[2]
                matches.setdefault(start, {}).setdefault(end, Step(end, row.relation, justification))
    return RiskIndex(
        risks,
        {parent: tuple(found) for parent, found in children.items()},
        {start: tuple(steps.values()) for start, steps in matches.items()},
    )


def _ends(row: RiskMapping) -> Sequence[tuple[str, str]]:
    if row.predicate_modifier:
        return ()
    forward, backward = (row.subject, row.object), (row.object, row.subject)
    return {
        "exactMatch": (forward, backward),
        "closeMatch": (forward, backward),
        "narrowMatch": (forward,),
        "broadMatch": (backward,),
    }.get(row.relation, ())


def resolve(name: str, index: RiskIndex, scheme: str = "") -> str | None:
    """The id of the risk that somebody named, or nothing where no imported taxonomy has it.

    Args:
        name: an id, a code of the scheme (``prv``, ``LLM01``, ``1.2``), ``scheme:code`` or
            ``taxonomy:id``.
        index: the imported taxonomies.
        scheme: the key below ``maps`` of a clause: a scheme or a taxonomy's id.
    """
    if not scheme and name in index.risks:
        return name
    if not scheme:
        scheme, _, name = name.partition(":")
    known = intake_rules().schemes.get(scheme)
    taxonomy = known.taxonomy if known else scheme
    codes, prefix = (dict(known.codes), known.prefix) if known else ({}, "")
    for candidate in (codes.get(name.casefold()), name, prefix + name, prefix + _slug(name)):
        if candidate is not None and candidate in index.risks and index.risks[candidate][1].id == taxonomy:
            return candidate
    return None


def _slug(name: str) -> str:
    return re.sub(r"[\s_]+", "-", name.strip()).casefold()
