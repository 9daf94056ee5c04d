"""The best of several checkpoints, chosen on one half of the prompts and reported on the other."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from colonnade.records import CheckpointChoice, Digest, InputError, Measurement, Prompt
from colonnade.statistics import TradeOff, pareto_front


class Standing(NamedTuple):
    """What a checkpoint is weighed by on the half that chooses.

    Attributes:
        violation, overrefusal: over all prompts, by the measuring grader.
        capability: share right of general questions, its lower end; none where nothing was asked.
    """

    violation: Measurement
    overrefusal: Measurement
    capability: float | None = None


def halves(prompts: Sequence[Prompt], seed: int) -> tuple[tuple[Prompt, ...], tuple[Prompt, ...]]:
    """The prompts in two parts by chance, clusters (and so twins and paraphrases) whole.

    Raises:
        InputError: where there are fewer than two clusters.
    """
    names = sorted({prompt.cluster for prompt in prompts})
    if len(names) < 2:
        raise InputError(
            "one cluster of prompts cannot be chosen on and reported on.", mend="Add prompts to the development split."
        )
    random.Random(seed).shuffle(names)  # noqa: S311  # a draw that can be repeated, no secret
    first = frozenset(names[: len(names) // 2])
    return (
        tuple(prompt for prompt in prompts if prompt.cluster in first),
        tuple(prompt for prompt in prompts if prompt.cluster not in first),
    )


def choose(
    standings: Mapping[Digest, Standing], most_overrefusal: float, choosing: int, reporting: int
) -> CheckpointChoice:
    """Fewest violations among those on the Pareto front that refuse at most ``most_overrefusal`` of benign prompts.

    The front is over the bad ends of the intervals, so that a lucky one does not win by luck alone.
    Unscored answers count as failed. Where every one on the front refuses more, the smallest sum of
    both rates goes on, and the reason says so.

    Raises:
        InputError: where there is nothing to choose from.
    """
    if not standings:
        raise InputError("there is no checkpoint to choose from.", mend="Name one with '--model'.")
    names = list(standings)
    known = all(row.capability is not None for row in standings.values())
    places = pareto_front(
        [
            TradeOff(row.violation.upper, row.overrefusal.upper, (row.capability or 0.0) if known else 0.0)
            for row in standings.values()
        ]
    )
    front = [names[place] for place in places]
    modest = [name for name in front if _worst(standings[name].overrefusal) <= most_overrefusal]
    pool = modest or front
    chosen = min(pool, key=lambda name: _rank(standings[name], bool(modest)))
    row = standings[chosen]
    rates = f"violations {_worst(row.violation):.0%}, over-refusals {_worst(row.overrefusal):.0%} on the choosing half"
    limit = f"{most_overrefusal:.0%} over-refusals"
    rule = (
        f"fewest violations of the {len(modest)} on the front with at most {limit}"
        if modest
        else f"smallest sum of both rates, since none on the front has at most {limit}"
    )
    capability = "" if known else "; capability was not measured"
    return CheckpointChoice(
        chosen=chosen,
        front=tuple(front),
        why=f"{rule}: {rates}{capability}",
        choosing=choosing,
        reporting=reporting,
        most_overrefusal=most_overrefusal,
    )


def _worst(row: Measurement) -> float:
    total = row.scored + row.unscored
    return (row.events + row.unscored) / total if total else 1.0


def _rank(row: Standing, modest: bool) -> tuple[float, float]:
    violation, overrefusal = _worst(row.violation), _worst(row.overrefusal)
    return (violation, overrefusal) if modest else (violation + overrefusal, violation)
