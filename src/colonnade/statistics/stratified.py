"""How good a judge is, from labels that were drawn verdict by verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colonnade.statistics.intervals import Estimate
from colonnade.statistics.judges import DRAWS, JudgeAccuracy, Stratum, confidence_draws


def stratified_accuracy(
    flagged: Sequence[Stratum], passed: Sequence[Stratum], confidence: float = 0.95, seed: int = 0, draws: int = DRAWS
) -> JudgeAccuracy:
    """Sensitivity and specificity where so many flagged and so many passed items were labelled.

    Labels drawn by verdict show how often each verdict is right, not how many positives are found:
    of 50 flagged and 50 passed items half are flagged whatever the judge does. The shares of
    positives in each stratum are drawn from their mid-p confidence distributions and weighted with
    the numbers of items, which vary too. Repeats itself by ``seed``.

    ``flagged`` and ``passed`` are strata of the items that this judge flags and of those that it
    does not, several each where the labels were drawn by another judge's verdicts. There is nothing
    for a side of which the labels show no item, or where a stratum has no label.

    Simulated at nominal 95 % (judge .85/.95, true rates .1 and .3, 60 labels a verdict, 1,000
    items): 95 to 98 % for either.

    Source: Begg and Greenes, Biometrics 39, 1983 (correction for verification by test result);
    interval by melding, Fay, Proschan and Brittain, Biometrics 71, 2015.
    """
    strata = [*flagged, *passed]
    if any(stratum.items and not stratum.labelled for stratum in strata):
        return JudgeAccuracy(None, None)
    generator = np.random.default_rng(seed)
    weights = generator.dirichlet([stratum.items + 0.5 for stratum in strata], size=draws).T
    shares = [confidence_draws(generator, row.positives, row.labelled, draws) for row in strata]
    cut, tail = len(flagged), (1 - confidence) / 2
    sides: list[Estimate | None] = []
    for hit, missed, positive in (
        (slice(None, cut), slice(cut, None), True),
        (slice(cut, None), slice(None, cut), False),
    ):
        hits, misses = _expected(strata[hit], positive), _expected(strata[missed], positive)
        if hits + misses == 0:
            sides.append(None)
            continue
        right, wrong = (
            sum(
                (
                    weight * (share if positive else 1 - share)
                    for weight, share in zip(weights[part], shares[part], strict=True)
                ),
                np.zeros(draws),
            )
            for part in (hit, missed)
        )
        low, high = np.quantile(right / np.maximum(right + wrong, 1e-12), [tail, 1 - tail])
        point = hits / (hits + misses)
        sides.append(Estimate(point, min(float(low), point), max(float(high), point)))
    return JudgeAccuracy(*sides)


def _expected(strata: Sequence[Stratum], positive: bool) -> float:
    """How many items of these strata are positive, or negative, going by the labels."""
    rates = ((row.items, row.positives / row.labelled) for row in strata if row.labelled)
    return sum(items * (rate if positive else 1 - rate) for items, rate in rates)
