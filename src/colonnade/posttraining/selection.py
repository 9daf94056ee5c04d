"""Which saved checkpoint goes on: the one that violates least without refusing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from colonnade.records import Checkpoint, Expected, InputError, Prompt, Split
from colonnade.records.clause import Clause


class Candidate(NamedTuple):
    """A checkpoint and its rates on the development split, unscored items counted as failed."""

    checkpoint: Checkpoint
    violation: float
    overrefusal: float


def select(candidates: Sequence[Candidate], base_overrefusal: float, allowed_increase: float) -> Candidate:
    """Fewest violations among those that refuse at most ``allowed_increase`` more than the base.

    Where none keeps to that, the smallest sum of both rates. The winner's rates are those of the
    best of several looks, and therefore flattering; what counts is measured on the gate split.

    Raises:
        InputError: where there is no candidate.
    """
    if not candidates:
        raise InputError(
            "there is no checkpoint to choose from.", file="launch.yaml", mend="Give posttraining at least one step."
        )
    modest = [row for row in candidates if row.overrefusal <= base_overrefusal + allowed_increase + 1e-9]
    if modest:
        return min(modest, key=lambda row: (row.violation, row.overrefusal))
    return min(candidates, key=lambda row: (row.violation + row.overrefusal, row.violation))


def example_prompts(clauses: Sequence[Clause]) -> tuple[Prompt, ...]:
    """The clauses' own examples as training prompts; the n-th violating one is the n-th benign one's twin."""
    prompts = []
    for clause in clauses:
        declined = [row for row in clause.examples if row.label == "violating" or row.expect == "decline"]
        helped = [row for row in clause.examples if row not in declined and row.exception is None]
        for expected, rows in ((Expected.DECLINE, declined), (Expected.HELP, helped)):
            other = helped if expected is Expected.DECLINE else declined
            for place, row in enumerate(rows):
                name = f"{clause.id}-example-{place + 1}"
                side, opposite = ("violating", "benign") if expected is Expected.DECLINE else ("benign", "violating")
                prompts.append(
                    Prompt(
                        id=f"{name}/{side}",
                        text=row.prompt,
                        clause=clause.id,
                        expected=expected,
                        twin=f"{name}/{opposite}" if place < len(other) else None,
                        cluster=name,
                        language=row.language,
                        split=Split.TRAINING,
                        origin="clause example",
                    )
                )
    return tuple(prompts)
