"""The risk map: which public risks a launch should consider, and where it stands with each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from colonnade.policy.risk_index import IntakeRule, RiskIndex, index_risks, intake_rules, resolve
from colonnade.records import (
    ConsideredRisk,
    Harm,
    HarmCoverage,
    InputError,
    Launch,
    PolicySet,
    RiskStanding,
    RiskState,
    Severity,
    Taxonomy,
)
from colonnade.records import Mapping as RiskMapping
from colonnade.records.reading import parse_yaml, read_text

LIKELIHOODS = ("low", "medium", "high")
NOBODY = frozenset({"", "-", "?", "nobody", "none", "tbd", "todo", "unknown"})
"""What stands for a judge where nobody judged."""


class RiskMap(NamedTuple):
    """Where a launch stands.

    Attributes:
        rows: every considered risk, worst first within a taxonomy's order.
        harms: the launch's own harms and what answers them.
        unknown: ``(clause, scheme, code)`` that no imported taxonomy has, although its taxonomy is
            imported.
        unconsidered: how many risks of imported taxonomies no rule, harm or clause names.
    """

    rows: tuple[RiskStanding, ...]
    harms: tuple[HarmCoverage, ...]
    unknown: tuple[tuple[str, str, str], ...]
    unconsidered: int

    @property
    def open_harms(self) -> tuple[str, ...]:
        """Ids of harms that no clause covers and nobody accepted; each holds the gate."""
        return tuple(row.harm.id for row in self.harms if row.open)

    @property
    def unjudged_harms(self) -> tuple[str, ...]:
        """Ids of harms whose likelihood and severity nobody stands for."""
        return tuple(row.harm.id for row in self.harms if not judged(row.harm))

    def counts(self) -> dict[RiskState, int]:
        """How many risks are in each state; every state is there."""
        return {state: sum(row.state is state for row in self.rows) for state in RiskState}


def judged(harm: Harm) -> bool:
    """Whether somebody stands for the harm's likelihood and severity."""
    return harm.judged_by.strip().casefold() not in NOBODY


def notes_on_judging(risk_map: RiskMap) -> tuple[str, ...]:
    """What must be said plainly where nobody has judged, a sentence each."""
    if not risk_map.harms:
        return ("This launch names no harm. Nobody has judged anything: write 'harms' into launch.yaml.",)
    unjudged = risk_map.unjudged_harms
    if len(unjudged) == len(risk_map.harms):
        return ("Nobody judged any harm of this launch: say under 'judged_by' who did.",)
    if unjudged:
        return (f"Nobody judged these harms: {', '.join(unjudged)}. Say under 'judged_by' who did.",)
    return ()


# --- what to consider --------------------------------------------------------------------------


def risks_to_consider(launch: Launch, index: RiskIndex) -> tuple[ConsideredRisk, ...]:
    """The risks that the shipped rules name for this launch, of the taxonomies that were imported.

    These are keyword rules over the launch's modalities, audience, regions, languages and uses.
    They cannot tell "does" from "does not", and they know English words only.
    """
    found: dict[str, list[str]] = {}
    for rule in intake_rules().rules:
        if _applies(rule, launch):
            for scheme, codes in rule.consider.items():
                for code in codes:
                    risk = resolve(code, index, scheme)
                    if risk is not None and rule.id not in found.setdefault(risk, []):
                        found[risk].append(rule.id)
    return tuple(considered(risk, index, tuple(rules)) for risk, rules in found.items())


def considered(risk: str, index: RiskIndex, rules: tuple[str, ...] = ()) -> ConsideredRisk:
    """A risk of the index as one to consider."""
    entry, taxonomy = index.risks[risk]
    return ConsideredRisk(risk=risk, name=entry.name, taxonomy=taxonomy.id, pillar=index.pillar(risk), rules=rules)


def _applies(rule: IntakeRule, launch: Launch) -> bool:
    said = " \n ".join((launch.title, launch.description, launch.audience, *launch.uses)).casefold()
    return (
        (not rule.words or any(_has(said, word) for word in rule.words))
        and (not rule.modalities or bool({one.casefold() for one in launch.modalities} & set(rule.modalities)))
        and (not rule.regions or any(_within(region, rule.regions) for region in launch.regions))
        and len(launch.languages) >= rule.languages
    )


def _has(text: str, word: str) -> bool:
    stem = re.sub(r"\\? ", r"\\s+", re.escape(word.removesuffix("*").casefold()))
    end = "" if word.endswith("*") else r"s?\b"
    return re.search(rf"\b{stem}{end}", text) is not None


def _within(region: str, regions: Sequence[str]) -> bool:
    return region == "*" or any(region == one or region.startswith(f"{one}-") for one in regions)


# --- where the launch stands -------------------------------------------------------------------


class _Reach(NamedTuple):
    """Risks that something named answers: all of the risk, or only a part of it; and by which step."""

    whole: dict[str, str]
    part: dict[str, str]


class _HarmReach(NamedTuple):
    """What a harm of the launch answers, outright or only because a clause of it maps there."""

    row: HarmCoverage
    reach: _Reach
    outright: bool


def map_risks(
    launch: Launch,
    policies: PolicySet,
    harms: Sequence[HarmCoverage],
    taxonomies: Iterable[Taxonomy],
    mappings: Iterable[RiskMapping],
) -> RiskMap:
    """Hold a launch against the imported taxonomies.

    A clause names risks under ``maps``; a harm under ``risks``, and it stands with those of its
    clauses. Who answers a group answers all that belongs to it; who answers a part of a group
    answers it partly. From there one step along a mapping counts: an exact or close match, or to
    something narrower. A clause that covers a harm covers the risks that the harm names outright,
    and no risk that only another clause of the harm maps to.

    Args:
        launch: what is to be released.
        policies: its clauses; only active ones answer anything.
        harms: the launch's harms with what covers or accepts them.
        taxonomies: as imported.
        mappings: as imported.
    """
    index = index_risks(taxonomies, mappings)
    named_by, unknown = _named_by_clauses(policies, index)
    active = {clause.id for clause in policies.active}
    clauses = {name: _reach_of(dict.fromkeys(risks, ""), index) for name, risks in named_by.items() if name in active}
    reached = [found for row in harms for found in _harm_reaches(row, named_by, index)]
    rows = {one.risk: one for one in risks_to_consider(launch, index)}
    named = {risk for reach in (*clauses.values(), *(found.reach for found in reached)) for risk in _outright(reach)}
    for risk in sorted(named - rows.keys()):
        rows[risk] = considered(risk, index)
    standings = [_standing(one, clauses, reached) for one in rows.values()]
    order = list(RiskState)
    standings.sort(key=lambda row: (row.taxonomy, order.index(row.state), row.risk))
    leaves = sum(not risk.group for risk, _ in index.risks.values())
    touched = {leaf for risk in rows for leaf in (risk, *index.below(risk)) if not index.risks[leaf][0].group}
    return RiskMap(tuple(standings), tuple(harms), unknown, leaves - len(touched))


def _named_by_clauses(
    policies: PolicySet, index: RiskIndex
) -> tuple[dict[str, tuple[str, ...]], tuple[tuple[str, str, str], ...]]:
    """The risks that each clause maps to, and codes that its taxonomy does not have."""
    imported = {taxonomy.id for _, taxonomy in index.risks.values()}
    named, unknown = {}, []
    for clause in policies.clauses:
        found: dict[str, None] = {}
        for scheme, codes in clause.maps:
            known = intake_rules().schemes.get(scheme)
            for code in codes:
                risk = resolve(code, index, scheme)
                if risk is not None:
                    found[risk] = None
                elif (known.taxonomy if known else scheme) in imported:
                    unknown.append((clause.id, scheme, code))
        named[clause.id] = tuple(found)
    return named, tuple(unknown)


def _harm_reaches(
    row: HarmCoverage, by_clauses: Mapping[str, tuple[str, ...]], index: RiskIndex
) -> tuple[_HarmReach, _HarmReach]:
    """What a harm names outright, and what it stands with because its clauses map there."""
    outright = {risk: "" for name in row.harm.risks if (risk := resolve(name, index)) is not None}
    joined = {
        risk: f"by clause {clause}"
        for clause in reversed(row.harm.clauses)
        for risk in by_clauses.get(clause, ())
        if risk not in outright
    }
    return _HarmReach(row, _reach_of(outright, index), True), _HarmReach(row, _reach_of(joined, index), False)


def _reach_of(named: Mapping[str, str], index: RiskIndex) -> _Reach:
    whole = dict(named)
    for risk in named:
        for lower in index.below(risk):
            whole.setdefault(lower, f"part of {risk}")
    for start in tuple(whole):
        for step in index.matches.get(start, ()):
            said = f"{start} {step.relation} ({step.justification})"
            whole.setdefault(step.to, said)
            for lower in index.below(step.to):
                whole.setdefault(lower, f"part of {step.to}, {said}")
    part: dict[str, str] = {}
    for risk in whole:
        for higher in index.above(risk):
            if higher not in whole:
                part.setdefault(higher, f"only {risk}")
    return _Reach(whole, part)


def _outright(reach: _Reach) -> set[str]:
    return {risk for risk, step in reach.whole.items() if not step}


def _standing(one: ConsideredRisk, clauses: Mapping[str, _Reach], reached: Sequence[_HarmReach]) -> RiskStanding:
    whole = {clause: reach.whole[one.risk] for clause, reach in clauses.items() if one.risk in reach.whole}
    part = {clause: reach.part[one.risk] for clause, reach in clauses.items() if one.risk in reach.part}
    fully = [found for found in reached if one.risk in found.reach.whole]
    partly = [found for found in reached if one.risk in found.reach.part]
    steps = [f"clause {name}: {step}" for name, step in (*whole.items(), *part.items()) if step]
    steps += [f"harm {found.row.harm.id}: {step}" for found in fully if (step := found.reach.whole[one.risk])]
    steps += [f"harm {found.row.harm.id}: {found.reach.part[one.risk]}" for found in partly]
    covered_by = dict.fromkeys([*whole, *_clauses_of(fully)])
    partly_by = [clause for clause in dict.fromkeys([*part, *_clauses_of(partly)]) if clause not in covered_by]
    harms = list({found.row.harm.id: found.row for found in (*fully, *partly)}.values())
    met = (found.row for found in fully)
    accepted = list({row.harm.id: row for row in met if row.accepted_by and not row.covered_by}.values())
    gravest = max((row.harm for row in harms if judged(row.harm)), key=_gravity, default=None)
    if any(row.open for row in harms):
        state = RiskState.OPEN
    elif accepted:
        state = RiskState.ACCEPTED
    elif covered_by:
        state = RiskState.COVERED
    else:
        state = RiskState.PARTLY if partly_by or partly else RiskState.UNJUDGED
    return RiskStanding(
        **one.model_dump(),
        state=state,
        covered_by=tuple(covered_by),
        partly_by=tuple(partly_by),
        harms=tuple(row.harm.id for row in harms),
        likelihood=gravest.likelihood if gravest else None,
        severity=gravest.severity if gravest else None,
        judged_by=gravest.judged_by if gravest else "",
        accepted_by=", ".join(dict.fromkeys(row.accepted_by for row in accepted)),
        accepted_until=min((row.accepted_until for row in accepted if row.accepted_until), default=None),
        through=tuple(dict.fromkeys(steps)),
    )


def _clauses_of(found: Iterable[_HarmReach]) -> list[str]:
    return [clause for one in found if one.outright for clause in one.row.covered_by]


def _gravity(harm: Harm) -> tuple[int, int]:
    return list(Severity).index(harm.severity), LIKELIHOODS.index(harm.likelihood)


def check_harm_risks(launch: Launch, taxonomies: Sequence[Taxonomy], workspace: Path) -> None:
    """Every risk that a harm names must be in a taxonomy of the workspace.

    Raises:
        InputError: at the line of the harm in ``launch.yaml``. Where nothing was imported at all,
            nothing can be said, and nothing is raised.
    """
    index = index_risks(taxonomies, ())
    if not index.risks:
        return
    for number, harm in enumerate(launch.harms):
        for name in harm.risks:
            if resolve(name, index) is None:
                file = workspace / "launch.yaml"
                located = parse_yaml(read_text(file), file)
                raise InputError(
                    f"the harm '{harm.id}' names the risk '{name}', which no imported taxonomy has.",
                    file=file,
                    line=located.line(("harms", number, "risks")),
                    mend="Correct the id, or import its taxonomy with 'colonnade policy import-taxonomy'.",
                )
