"""What a round added, and what its prompts find that the older ones did not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from colonnade.evaluation.measuring import METRICS
from colonnade.evaluation.renewal.answers import Graded, still_asked
from colonnade.records import Finding, Prompt, Round
from colonnade.statistics import clustered_rate


class Added(NamedTuple):
    """What a round did to one clause in one split.

    Attributes:
        rows: that joined; ``drawn`` of them by the draw, the others followed what they resemble.
        why: how many of them were queued for which reason.
        retired, returned: prompts, not rows.
    """

    clause: str
    split: str
    rows: int
    drawn: int
    why: Mapping[str, int]
    origins: Mapping[str, int]
    retired: int
    returned: int


class AgeRate(NamedTuple):
    """How often the newest speaker fails prompts of one age.

    Attributes:
        age: ``before``, ``round N``, ``all asked``, ``without retired``, or ``in common`` with a speaker.
        rate: of the scored ones; none without any. ``low`` and ``high`` take clusters as the units and
            count unscored answers as fine and as failed.
    """

    metric: str
    age: str
    events: int
    scored: int
    unscored: int
    clusters: int
    rate: float | None
    low: float
    high: float


def added_by(done: Round, prompts: Sequence[Prompt]) -> tuple[Added, ...]:
    """One line for each clause and split that the round touched, in this order."""
    where = {prompt.id: (prompt.clause, str(prompt.split)) for prompt in prompts}
    joined: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(done.joined):
        joined[row.clause, str(row.split)].append(place)
    retired = Counter(where[name] for name in done.retired if name in where)
    returned = Counter(where[name] for name in done.returned if name in where)
    lines = []
    for clause, split in sorted({*joined, *retired, *returned}):
        rows = [done.joined[place] for place in joined[clause, split]]
        lines.append(
            Added(
                clause=clause,
                split=split,
                rows=len(rows),
                drawn=sum(row.drawn for row in rows),
                why=Counter(str(why) for row in rows for why in (row.why or ("like what is known",))),
                origins=Counter(row.origin for row in rows),
                retired=retired[clause, split],
                returned=returned[clause, split],
            )
        )
    return tuple(lines)


def rates_by_age(newest: Graded, retired: Collection[str], grader: str, confidence: float) -> tuple[AgeRate, ...]:
    """Both rates of the newest speaker on what was there before any round and on what each round added.

    Where some of the prompts that it was asked have retired since, the rates with and without them
    stand beside each other, over the same answers: retiring takes out what holds, so what remains
    fails more often although no model got worse.

    Args:
        newest: the newest answers.
        retired: ids of the prompts that have retired.
        grader: whose findings count.
        confidence: of the intervals, two-sided.
    """
    findings = newest.findings(grader)
    groups: dict[str, list[Prompt]] = {}
    for prompt in newest.prompts.values():
        if prompt.id in findings:
            groups.setdefault(f"round {prompt.round}" if prompt.round else "before", []).append(prompt)
    asked = [prompt for members in groups.values() for prompt in members]
    shown = dict(sorted(groups.items(), key=lambda row: (row[0] != "before", len(row[0]), row[0])))
    if any(prompt.id in retired for prompt in asked):
        shown |= {"all asked": asked, "without retired": [row for row in asked if row.id not in retired]}
    return tuple(
        _rate(metric, age, members, findings, confidence) for metric in METRICS for age, members in shown.items()
    )


def rates_in_common(newest: Graded, earlier: Graded, grader: str, confidence: float) -> tuple[AgeRate, ...]:
    """Both rates of the speaker before and of the newest one, on the texts that both were asked: these compare."""
    common = [prompt for name, prompt in newest.prompts.items() if name in still_asked(earlier, [prompt])]
    both = newest.findings(grader).keys() & earlier.findings(grader).keys()
    shared = [prompt for prompt in common if prompt.id in both]
    return tuple(
        _rate(metric, age, shared, graded.findings(grader), confidence)
        for metric in METRICS
        for age, graded in (("in common, before", earlier), ("in common, now", newest))
    )


def _rate(
    metric: str, age: str, prompts: Iterable[Prompt], findings: Mapping[str, Finding], confidence: float
) -> AgeRate:
    expected, failure = METRICS[metric]
    items = (
        (prompt.cluster, None if findings[prompt.id] is Finding.UNSCORED else findings[prompt.id] is failure)
        for prompt in prompts
        if prompt.expected is expected
    )
    return AgeRate(metric, age, *clustered_rate(items, confidence)[:-1])


def first_found(newest: Graded, grader: str, number: int) -> tuple[str, ...]:
    """The clauses of which this round's prompts find a failure, and the older ones of the same answers none."""
    findings = newest.findings(grader)
    failures: defaultdict[str, set[bool]] = defaultdict(set)
    for prompt in newest.prompts.values():
        failure = next(found for expected, found in METRICS.values() if expected is prompt.expected)
        if findings.get(prompt.id) is failure and prompt.round <= number:
            failures[prompt.clause].add(prompt.round == number)
    return tuple(sorted(clause for clause, rounds in failures.items() if rounds == {True}))
