"""Which saved checkpoint goes on: the one that violates least without refusing more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from colonnade.records import Checkpoint, Expected, InputError, Prompt, Split
from colonnade.records.clause import Clause


class Candidate(NamedTuple):
    """A checkpoint and its rates on the development split, unscored items counted as failed.

    Attributes:
        benign: how many benign prompts the rate of over-refusals is over.
    """

    checkpoint: Checkpoint
    violation: float
    overrefusal: float
    benign: int

    @property
    def standard_error(self) -> float:
        """Of the rate of over-refusals, by the normal approximation."""
        return math.sqrt(self.overrefusal * (1 - self.overrefusal) / max(1, self.benign))


def select(candidates: Sequence[Candidate], base_overrefusal: float, allowed_increase: float) -> Candidate:
    """Fewest violations among those that refuse at most ``allowed_increase`` more than the base.

    They must keep to it by a standard error: the winner's rates are those of the best of several
    looks, and flatter. Where none does, the smallest sum of both rates. What counts is measured
    on the gate split. Source of the one-standard-error rule: Breiman et al., Classification and
    Regression Trees, 1984, section 3.4.3.

    Raises:
        InputError: where there is no candidate.
    """
    if not candidates:
        raise InputError(
            "there is no checkpoint to choose from.", file="launch.yaml", mend="Give posttraining at least one step."
        )
    most = base_overrefusal + allowed_increase + 1e-9
    modest = [row for row in candidates if row.overrefusal + row.standard_error <= most]
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
