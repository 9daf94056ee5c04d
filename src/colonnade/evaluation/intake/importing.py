"""A set turned into prompts of a workspace: mapped to clauses, freed of duplicates, split by cluster."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import NamedTuple

from colonnade.evaluation.intake.likeness import SIMILARITY, Near, copy_pairs, groups, links_of, near_pairs
from colonnade.evaluation.intake.raw import RawRow
from colonnade.evaluation.prompts import FiledPrompt, PromptRow, text_key
from colonnade.records import Expected, InputError, Pillar, PolicySet, PromptOrigin, Sensitivity, Split

SHARES: Mapping[Split, float] = MappingProxyType({Split.TRAINING: 0.4, Split.DEVELOPMENT: 0.2, Split.GATE: 0.4})
"""Which share of the clusters goes into each split."""

CANARY = re.compile(r"canary-[0-9a-f]{32}")
"""What :func:`canary_of` gives."""

SHORTEST = 3
"""Characters that a prompt needs."""


class Settings(NamedTuple):
    """How a set is taken in.

    Attributes:
        name: of the set in this workspace, and of its files.
        clause: for every category that ``mapping`` does not name; empty where these are left out.
        mapping: category to clause.
        expected: for rows that do not say it themselves.
        language: for rows that do not say it themselves.
        seed: of the split and of the canaries.
        shares: of the clusters, for each split.
    """

    name: str
    clause: str = ""
    mapping: Mapping[str, str] = MappingProxyType({})
    expected: Expected | None = None
    language: str = "en"
    modality: str = "text"
    origin: PromptOrigin = PromptOrigin.PUBLIC_BENCHMARK
    contributor: str = ""
    licence: str = ""
    sensitivity: Sensitivity = Sensitivity.RESTRICTED
    pillar: Pillar | None = None
    region: str = ""
    seed: int = 0
    shares: Mapping[Split, float] = SHARES
    similarity: float = SIMILARITY


class Rejected(NamedTuple):
    """A row that is left out.

    Attributes:
        reason: one of few words that can be counted.
        detail: the whole reason.
    """

    row: RawRow
    reason: str
    detail: str


class Plan(NamedTuple):
    """What an import will write.

    Attributes:
        rows: of each split.
        near: how many pairs of near duplicates there are within the set, and with the workspace.
        followed: how many prompts went into the split of a prompt of the workspace that they resemble.
        unmapped: the categories without a clause and how many rows each has.
    """

    rows: Mapping[Split, tuple[PromptRow, ...]]
    rejected: tuple[Rejected, ...]
    near: tuple[int, int]
    followed: int
    unmapped: tuple[tuple[str, int], ...]

    @property
    def clusters(self) -> int:
        """How many clusters the rows make."""
        return len({row.cluster for rows in self.rows.values() for row in rows})


class _Taken(NamedTuple):
    """A row that is not rejected, with what was decided about it."""

    raw: RawRow
    clause: str
    expected: Expected
    language: str


def plan_import(
    raw: Sequence[RawRow], existing: Sequence[FiledPrompt], policies: PolicySet, settings: Settings
) -> Plan:
    """Decide about every row of a set; nothing is written.

    Args:
        raw: what a reader found.
        existing: the prompts of the workspace without those of an earlier import under this name.
        policies: whose clauses can be named.
        settings: see :class:`Settings`.

    Raises:
        InputError: for a clause that no policy has, a mapped category that the set does not have, or
            where no row is left.
    """
    _check_mapping(raw, policies, settings)
    taken, rejected = _take(raw, existing, settings)
    texts = [*(row.prompt.text for row in existing), *(row.raw.text for row in taken)]
    near = near_pairs(texts, settings.similarity, old=len(existing))
    group = _groups(existing, taken, (*near, *copy_pairs(texts, old=len(existing))))
    kept, too_wide, homes = _homes(existing, taken, group)
    rejected += too_wide
    if not kept:
        counts = Counter(row.reason for row in rejected).most_common()
        listed = ", ".join(f"{reason}: {count:,}" for reason, count in counts)
        raise InputError(f"no row of {len(raw):,} can be taken ({listed}).", mend="Nothing was written.")
    names = _Names(existing)
    clusters: dict[int, tuple[str, Split]] = {}
    followed = 0
    by_cluster: defaultdict[tuple[str, Split], list[_Taken]] = defaultdict(list)
    for place in kept:
        leader = group[place + len(existing)]
        followed += leader in homes
        if leader not in clusters:
            clusters[leader] = homes.get(leader) or _new_cluster(names, settings, taken[place].raw)
        by_cluster[clusters[leader]].append(taken[place])
    rows: dict[Split, list[PromptRow]] = {split: [] for split in Split}
    for (cluster, split), members in by_cluster.items():
        rows[split] += _rows(members, cluster, split, settings, names)
    within = sum(pair.one >= len(existing) for pair in near)
    return Plan(
        rows=MappingProxyType({split: tuple(found) for split, found in rows.items()}),
        rejected=tuple(rejected),
        near=(within, len(near) - within),
        followed=followed,
        unmapped=tuple(Counter(_category(row.row) for row in rejected if row.reason == "no clause").most_common()),
    )


def _check_mapping(raw: Sequence[RawRow], policies: PolicySet, settings: Settings) -> None:
    for clause in sorted({*settings.mapping.values(), *filter(None, [settings.clause])}):
        if policies.clause(clause) is None:
            near = get_close_matches(clause, [row.id for row in policies.clauses], n=3, cutoff=0.4)
            meant = f"Correct the id (the nearest are {', '.join(near)})" if near else "Correct the id"
            raise InputError(f"no policy has the clause '{clause}'.", mend=f"{meant}, or write the clause.")
    known = Counter(category for row in raw for category in row.categories)
    unknown = sorted(set(settings.mapping) - set(known))
    if unknown:
        listed = ", ".join(f"'{name}'" for name, _ in known.most_common(40)) or "none"
        raise InputError(f"no row has the category '{unknown[0]}'.", mend=f"There are: {listed}.")


def _category(row: RawRow) -> str:
    return row.categories[0] if row.categories else ""


def _clause(row: RawRow, settings: Settings) -> str:
    named = (settings.mapping[category] for category in row.categories if category in settings.mapping)
    return next(named, settings.clause)


def _take(
    raw: Sequence[RawRow], existing: Sequence[FiledPrompt], settings: Settings
) -> tuple[list[_Taken], list[Rejected]]:
    places = {text_key(row.prompt.text): row.prompt.id for row in existing}
    taken, rejected = [], []
    for row in raw:
        clause, expected, key = _clause(row, settings), row.expected or settings.expected, text_key(row.text)
        if row.fault:
            rejected.append(Rejected(row, "not usable", f"{row.fault}."))
        elif len(row.text) < SHORTEST:
            rejected.append(Rejected(row, "too short", f"a prompt has at least {SHORTEST} characters."))
        elif not clause:
            rejected.append(Rejected(row, "no clause", f"its category '{_category(row)}' is mapped to no clause."))
        elif expected is None:
            rejected.append(Rejected(row, "no expectation", "nothing says whether to decline or to help."))
        elif key in places:
            rejected.append(Rejected(row, "same text", f"the same text stands in '{places[key]}'."))
        else:
            places[key] = f"{settings.name}/{row.id}"
            taken.append(_Taken(row, clause, expected, row.language or settings.language))
    return taken, rejected


def _groups(existing: Sequence[FiledPrompt], taken: Sequence[_Taken], near: Sequence[Near]) -> tuple[int, ...]:
    """The group of each text: of one cluster, near duplicates, twins, or variants by the set's own word."""
    first = len(existing)
    places = {row.raw.id: first + place for place, row in enumerate(taken)}
    keys = [("workspace", row.prompt.cluster) for row in existing]
    keys += [("set", row.raw.cluster) if row.raw.cluster else () for row in taken]  # type: ignore[misc]
    twins = [(places[row.raw.id], places[row.raw.twin]) for row in taken if row.raw.twin in places]
    return groups(first + len(taken), [*links_of(keys), *twins, *((pair.one, pair.other) for pair in near)])


def _homes(
    existing: Sequence[FiledPrompt], taken: Sequence[_Taken], group: Sequence[int]
) -> tuple[list[int], list[Rejected], dict[int, tuple[str, Split]]]:
    """Which rows can be kept, and the cluster of the workspace for groups that resemble it.

    A group that resembles prompts of two splits has no split that it could go into.
    """
    splits: defaultdict[int, dict[Split, str]] = defaultdict(dict)
    homes: dict[int, tuple[str, Split]] = {}
    for place, row in enumerate(existing):
        splits[group[place]].setdefault(row.prompt.split, row.prompt.id)
        homes.setdefault(group[place], (row.prompt.cluster, row.prompt.split))
    kept, rejected = [], []
    for place, one in enumerate(taken):
        seen = splits.get(group[place + len(existing)], {})
        if len(seen) > 1:
            listed = " and ".join(f"'{name}' ({split})" for split, name in seen.items())
            rejected.append(Rejected(one.raw, "two splits", f"it, or a variant of it, resembles {listed}."))
        else:
            kept.append(place)
    return kept, rejected, homes


class _Names:
    """Gives every row and cluster a name that nothing else has."""

    def __init__(self, existing: Sequence[FiledPrompt]) -> None:
        self.used = {row.prompt.id.partition("/")[0] for row in existing} | {row.prompt.cluster for row in existing}

    def fresh(self, wanted: str) -> str:
        """The wanted name with only the letters that an id may have, and a number where it is taken."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("-")[:80]
        name, number = plain, 2
        while name in self.used:
            name, number = f"{plain}-{number}", number + 1
        self.used.add(name)
        return name


def _new_cluster(names: _Names, settings: Settings, first: RawRow) -> tuple[str, Split]:
    cluster = names.fresh(f"{settings.name}-c-{first.id}")
    return cluster, split_of(cluster, settings.seed, settings.shares)


def split_of(cluster: str, seed: int, shares: Mapping[Split, float] = SHARES) -> Split:
    """The split of a cluster: from a hash of its name and the seed, so that it never depends on the others."""
    drawn = int(hashlib.sha256(f"{seed}\n{cluster}".encode()).hexdigest()[:16], 16) / 16**16
    total = sum(shares.values())
    reached = 0.0
    for split in Split:
        reached += shares.get(split, 0.0) / total
        if drawn < reached:
            return split
    return next(split for split in reversed(Split) if shares.get(split, 0.0) > 0)


def _rows(members: Sequence[_Taken], cluster: str, split: Split, settings: Settings, names: _Names) -> list[PromptRow]:
    """The members of a cluster as rows, twins of one clause and language in one row."""
    by_id = {member.raw.id: member for member in members}
    done: set[str] = set()
    rows = []
    for member in members:
        if member.raw.id in done:
            continue
        twin = by_id.get(member.raw.twin)
        sides = [member]
        if twin is not None and twin.raw.id not in done and _are_twins(member, twin):
            sides.append(twin)
        done |= {side.raw.id for side in sides}
        rows.append(_row({side.expected: side for side in sides}, cluster, split, settings, names))
    return rows


def _are_twins(one: _Taken, other: _Taken) -> bool:
    return one.expected is not other.expected and (one.clause, one.language) == (other.clause, other.language)


def _row(sides: Mapping[Expected, _Taken], cluster: str, split: Split, settings: Settings, names: _Names) -> PromptRow:
    violating, benign = sides.get(Expected.DECLINE), sides.get(Expected.HELP)
    first = violating or benign
    if first is None:
        raise ValueError("a row has at least one side")
    identifier = names.fresh(f"{settings.name}-{first.raw.id}")
    words = {"violating": violating, "benign": benign}
    return PromptRow(
        id=identifier,
        clause=first.clause,
        violating=violating.raw.text if violating else None,
        benign=benign.raw.text if benign else None,
        cluster=cluster,
        language=first.language,
        modality=settings.modality,
        origin=settings.origin.value,
        contributor=settings.contributor,
        licence=settings.licence,
        sensitivity=settings.sensitivity,
        pillar=settings.pillar,
        region=settings.region,
        source=settings.name,
        source_rows=tuple(sorted((name, side.raw.id) for name, side in words.items() if side)),
        canary=canary_of(identifier, settings.seed) if split is Split.GATE else "",
    )


def canary_of(row: str, seed: int) -> str:
    """The token of a sealed row: nobody would write it, and the same row and seed give the same."""
    return "canary-" + hashlib.sha256(f"canary\n{seed}\n{row}".encode()).hexdigest()[:32]
