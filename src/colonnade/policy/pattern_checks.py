"""Patterns of a clause that no guard could look for, found when the policy is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from colonnade.records import HoldBackBudget, Level, Pattern
from colonnade.records.expressions import ExpressionError, read_expression
from colonnade.records.wording import Place


class PatternFault(NamedTuple):
    """What is wrong, as the end of a sentence about the clause; where in its block; and how to mend it."""

    what: str
    place: Place
    mend: str


def pattern_faults(
    patterns: Sequence[Pattern], budget: HoldBackBudget, ceiling: Level | None
) -> Iterator[PatternFault]:
    """Everything in the patterns of a clause, and in what it lets be held back, that cannot stand."""
    if patterns and ceiling is None:
        mend = "Say how specific an answer may be, for instance 'ceiling: overview', or remove the patterns."
        yield PatternFault("has patterns and no ceiling, so nothing is above it.", ("patterns",), mend)
    seen: set[str] = set()
    longest = 0
    for index, pattern in enumerate(patterns):
        if pattern.name in seen:
            what = f"has two patterns called '{pattern.name}'."
            yield PatternFault(what, ("patterns", index), "Give each its own name.")
        seen.add(pattern.name)
        longest = max(longest, len(pattern.literal or ""))
        if pattern.find is not None:
            try:
                longest = max(longest, read_expression(pattern.find).longest)
            except ExpressionError as fault:
                what = f"has a pattern '{pattern.name}' that cannot be used: {fault}"
                yield PatternFault(what, ("patterns", index, "find"), fault.mend)
    if budget.characters is not None and budget.characters < longest:
        what = f"holds back {budget.characters} characters, and one of its patterns may be {longest} long."
        mend = f"Write at least {longest}, or leave 'characters' out: what is needed is held back then."
        yield PatternFault(what, ("hold_back", "characters"), mend)
