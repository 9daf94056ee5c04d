"""Two thresholds per topic, set from the clause's two error bounds on held-out scores; and both costs, shown.

Under ``low`` a text is certainly not the topic above its ceiling, at or over ``high`` it certainly is; between them
a judge decides, or the clause's own action. Certainty has to be shown: ``low`` so that the upper bound of the missed
share lies at or under the clause's ``violation_rate``, ``high`` so that the one of false alarms lies at or under its
``overrefusal_rate``. Where the labels are too few for that, the conservative side is taken: ``low`` goes down under
the lowest text that must not be missed, and nothing is ever certain to be the topic. One thing holds ``low`` up: of
texts about nothing at all, no more may be held back than the clauses let refuse, or the guard would be of no use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection.levels import LevelReport
from colonnade.guard.detection.material import Labelled
from colonnade.records import Bound, Clause, Digest, Level, Record
from colonnade.statistics import clustered_interval, clustered_upper_bound, effective_sample, upper_bound

UNBOUNDED = Bound(max=0.1, confidence=0.95)
"""The share of everyday texts that may be held back where no clause bounds its refusals."""

NEVER = 2.0
"""A threshold that no score reaches; a record holds no infinity."""

TAIL = 0.1
"""The share of everyday texts over the start of the tail."""

STRONG = 0.01
"""The share of everyday texts whose score is strong evidence."""

FEW = 4
"""Windows up to which every threshold is what it is."""

LABELS = 30
"""Labels on either side of the ceilings, over all topics, under which no balance of errors can be read off."""

MOST_LABELS = 100_000
"""Whoever would need more labels than this is told that no number is enough."""

NEAR = 0.05
"""The share of texts above a ceiling that may lie so low that nobody looks at them a second time."""

MISS = 1.5
"""What a miss weighs beside a text that is wrongly held back, where the clause bounds both alike: so that a second look
misses no more than the first one does."""

Array = NDArray[np.float64]


class Limits(NamedTuple):
    """The thresholds of one topic; ``high`` is infinite where nothing is certain."""

    low: float
    high: float


class Cost(Record):
    """How often something goes wrong on held-out texts.

    Attributes:
        events, items: how many of how many.
        low, high: the two-sided interval of the rate, at the bound's confidence, clusters respected.
        bound: the largest rate that the clause permits; none where it names none.
        shown: the one-sided upper bound lies at or under it.
        needed: so many more labels, each of a cluster of its own, would show it if errors stay as rare as they are;
            none where the clause names no bound, or where errors are too common for any number of labels.
    """

    events: int
    items: int
    low: float
    high: float
    bound: float | None = None
    shown: bool = False
    needed: int | None = None


class TopicReport(Record):
    """The thresholds of one topic and what they cost.

    Attributes:
        high: none where nothing is certain to be the topic.
        misses: of its texts above the ceiling, those that no topic holds back; the one that does may be a neighbour.
        held_back: of its texts at or under the ceiling, those that some topic holds back, at or over its ``low``: a
            judge has to clear them, and where there is none they are not answered.
        false_alarms: of the same, those at or over some topic's ``high``, which no judge clears.
        remarks: what was not shown, and what was done instead.
    """

    topic: str
    low: float
    high: float | None
    misses: Cost
    held_back: Cost
    false_alarms: Cost
    remarks: tuple[str, ...] = ()


class DetectorReport(Record):
    """What a detector is known to do, on texts held out cluster by cluster.

    Attributes:
        texts: how many it learnt from.
        misses, held_back: over all topics; a rate over all says nothing of a single one.
        everyday: of everyday texts, those that any topic holds back.
    """

    detector: str
    version: str
    detector_digest: Digest
    texts: int
    topics: tuple[TopicReport, ...]
    misses: Cost
    held_back: Cost
    everyday: Cost
    levels: LevelReport


class Tail(NamedTuple):
    """How high everyday texts score by chance: over ``start`` comes one in ten, falling off by the exponent.

    Source: Pickands, Annals of Statistics 3, 1975 (what exceeds a high threshold), with the shape held at 0.
    """

    start: float
    scale: float

    def reached_by(self, share: float) -> float:
        """The score that this share of everyday texts reaches."""
        return self.start + self.scale * math.log(TAIL / share)

    def raised(self, low: Array, strong: Array, pieces: int) -> Array:
        """Thresholds for a text of so many windows: as rare by chance as ``low`` in a short one, at most ``strong``."""
        return np.minimum(low + self.scale * math.log(max(pieces / FEW, 1.0)), np.maximum(strong, low))


class Calibrated(NamedTuple):
    """Thresholds in the order of the topics, what chance reaches, and the figures for the report.

    Attributes:
        near: under it lies hardly a text above a ceiling (``NEAR``), whatever the topic, and none that is held.
        nearest: of each text, the highest of its held-out scores.
    """

    limits: tuple[Limits, ...]
    tail: Tail
    topics: tuple[TopicReport, ...]
    misses: Cost
    held_back: Cost
    everyday: Cost
    near: float
    nearest: Array


def calibrate(
    scores: Array, rows: Sequence[Labelled], clauses: Sequence[Clause], lows: Sequence[float] | None = None
) -> Calibrated:
    """Thresholds and costs.

    Args:
        scores: held-out, 0 to 1, shape (texts, topics): about the topic, above its ceiling.
        rows: the texts, one per row of the scores.
        clauses: the topics, one per column.
        lows: the lower threshold of each topic; from its own labels if not said.
    """
    owner = np.array([row.topic or "" for row in rows])
    above = np.array([row.above for row in rows])
    # By their numbers: these are counted some hundred times, and names take longer.
    _, clusters = np.unique(np.array([row.cluster for row in rows]), return_inverse=True)
    none = owner == ""
    # Everyday texts belong to no clause, so the tightest of all bounds on refusing holds for them.
    bounds = [clause.thresholds.overrefusal_rate for clause in clauses if clause.thresholds.overrefusal_rate]
    bound = min(bounds, key=lambda each: each.max, default=UNBOUNDED)
    floor = _lowest_shown(scores[none].max(axis=1, initial=0.0), clusters[none], bound)
    limits = tuple(
        _limits(clause, scores[:, column], (owner == clause.id) & above, (owner == clause.id) & ~above, clusters, floor)
        for column, clause in enumerate(clauses)
    )
    if lows is not None:
        limits = tuple(
            limit if clause.ceiling is Level.RECIPE else Limits(low, max(low, limit.high))
            for low, limit, clause in zip(lows, limits, clauses, strict=True)
        )
    nearest = np.asarray(scores.max(axis=1, initial=0.0))
    held = np.asarray((scores >= np.array([limit.low for limit in limits])).any(axis=1))
    certain = np.asarray((scores >= np.array([limit.high for limit in limits])).any(axis=1))
    return Calibrated(
        limits=limits,
        tail=_tail(scores[none].max(axis=1, initial=0.0)),
        topics=tuple(
            _report(clause, limit, owner == clause.id, above, held, certain, clusters)
            for clause, limit in zip(clauses, limits, strict=True)
        ),
        misses=_cost(~held[above], clusters[above]),
        held_back=_cost(held[~none & ~above], clusters[~none & ~above]),
        everyday=_cost(held[none], clusters[none], bound),
        # Where the two sides lie far apart the thresholds are lower than that, and what they hold is looked at, too.
        near=min(float(np.quantile(nearest[above], NEAR)), *(limit.low for limit in limits)) if above.any() else 0.0,
        nearest=nearest,
    )


def balanced(scores: Array, rows: Sequence[Labelled], clauses: Sequence[Clause]) -> tuple[float, ...]:
    """For each topic the threshold at which misses and texts wrongly held back weigh alike.

    Both rates are over the labels of all topics, since those of one are few: as a share of what the clause bounds
    them to, ``MISS`` times the misses are then as much as the others. Nothing of this shows that a bound is kept.
    Where even all labels are too few (``LABELS``), none that is known is missed.

    Args:
        scores: as for :func:`calibrate`.
        rows: likewise.
        clauses: likewise.
    """
    highest = scores.max(axis=1, initial=0.0)
    above = np.sort(highest[[row.above for row in rows]])
    under = np.sort(highest[[row.topic is not None and not row.above for row in rows]])
    # A score of nothing is no threshold: every text reaches it.
    candidates = np.unique(highest[highest > 0])
    if not len(candidates):
        return tuple(NEVER for _ in clauses)
    if min(len(above), len(under)) < LABELS:
        least = above[above > 0][:1] if (above > 0).any() else candidates[:1]
        return tuple(float(least[0]) for _ in clauses)
    missed = np.searchsorted(above, candidates) / len(above)
    held = 1 - np.searchsorted(under, candidates) / len(under)
    # Misses grow with the threshold and the others fall, so the two meet once.
    return tuple(float(candidates[np.argmin(np.abs(missed * _weight(clause) - held))]) for clause in clauses)


def _weight(clause: Clause) -> float:
    """What a miss weighs beside a text that is wrongly held back."""
    misses, refusals = clause.thresholds.violation_rate, clause.thresholds.overrefusal_rate
    if misses is None or refusals is None:
        return MISS
    return MISS * refusals.max / max(misses.max, 0.001)


def _tail(everyday: Array) -> Tail:
    if not len(everyday):
        return Tail(NEVER, 0.0)
    start = float(np.quantile(everyday, 1 - TAIL))
    over = everyday[everyday > start] - start
    return Tail(start, float(over.mean()) if len(over) else 0.0)


def _limits(
    clause: Clause,
    scores: Array,
    above: NDArray[np.bool_],
    under: NDArray[np.bool_],
    clusters: NDArray[np.int64],
    floor: float,
) -> Limits:
    if clause.ceiling is Level.RECIPE:  # nothing lies above it
        return Limits(NEVER, math.inf)
    most = _highest_shown(scores[above], clusters[above], clause.thresholds.violation_rate)
    least = _lowest_shown(scores[under], clusters[under], clause.thresholds.overrefusal_rate)
    lowest = min(NEVER, max(floor, least) if least <= most else floor)
    # Where there is room between what must not be missed and what must not be held back, new texts of both kinds
    # will fall into it: the middle errs least.
    low = lowest if most <= lowest else (lowest + most) / 2
    return Limits(low, max(low, least))


def _report(
    clause: Clause,
    limits: Limits,
    own: NDArray[np.bool_],
    above: NDArray[np.bool_],
    held: NDArray[np.bool_],
    certain: NDArray[np.bool_],
    clusters: NDArray[np.int64],
) -> TopicReport:
    violation, overrefusal = clause.thresholds.violation_rate, clause.thresholds.overrefusal_rate
    over, under = own & above, own & ~above
    misses = _cost(~held[over], clusters[over], violation)
    held_back = _cost(held[under], clusters[under], overrefusal)
    remarks = []
    if clause.ceiling is Level.RECIPE:
        remarks.append("nothing lies above the ceiling")
    else:
        if not misses.shown:
            remarks.append(_unshown("misses", misses, violation))
        if not math.isfinite(limits.high):
            remarks.append("nothing is certain to be the topic: too few labels show how often that would be wrong")
    return TopicReport(
        topic=clause.id,
        low=limits.low,
        high=limits.high if math.isfinite(limits.high) else None,
        misses=misses,
        held_back=held_back,
        false_alarms=_cost(certain[under], clusters[under], overrefusal),
        remarks=tuple(remarks),
    )


def _unshown(what: str, cost: Cost, bound: Bound | None) -> str:
    if bound is None:
        return f"the clause bounds no {what}"
    return f"{cost.events} {what} in {cost.items} labels do not show {bound.max:.0%} at {bound.confidence:.0%}"


def _highest_shown(scores: Array, clusters: NDArray[np.int64], bound: Bound | None) -> float:
    """The highest threshold whose misses are shown to be few enough; else the lowest score, so that none is missed."""
    if not len(scores):
        return 0.0
    candidates = np.unique(scores)
    best = float(candidates[0])
    if bound is not None:
        for candidate in candidates:
            if not _shows(scores < candidate, clusters, bound):
                break
            best = float(candidate)
    return best


def _lowest_shown(scores: Array, clusters: NDArray[np.int64], bound: Bound | None) -> float:
    """The lowest threshold whose false alarms are shown to be few enough; infinite where none is."""
    if bound is None or not len(scores):
        return math.inf
    best = math.inf
    # Just over each score: the text itself is then no alarm any more.
    for candidate in np.unique(scores)[::-1]:
        over = float(np.nextafter(candidate, math.inf))
        if not _shows(scores >= over, clusters, bound):
            break
        best = over
    return best


def _shows(events: NDArray[np.bool_], clusters: NDArray[np.int64], bound: Bound) -> bool:
    happened, trials = _by_cluster(events, clusters)
    return bool(len(trials)) and clustered_upper_bound(happened, trials, bound.confidence) <= bound.max


def _cost(events: NDArray[np.bool_], clusters: NDArray[np.int64], bound: Bound | None = None) -> Cost:
    happened, trials = _by_cluster(events, clusters)
    interval = clustered_interval(happened, trials, bound.confidence if bound else 0.95)
    return Cost(
        events=int(events.sum()),
        items=len(events),
        low=interval.low,
        high=interval.high,
        bound=bound.max if bound else None,
        shown=bound is not None and _shows(events, clusters, bound),
        needed=None if bound is None else _needed(happened, trials, bound),
    )


def _needed(happened: Array, trials: Array, bound: Bound) -> int | None:
    """How many more labels would show the bound at the present rate of errors; none where no number would."""
    sample = effective_sample(happened, trials, 2 * bound.confidence - 1)
    rate = sample.events / sample.trials if sample.trials else 0.0

    def shows(labels: float) -> bool:
        return upper_bound(rate * labels, labels, bound.confidence) <= bound.max

    if sample.trials and shows(sample.trials):
        return 0
    high = 1
    while not shows(sample.trials + high):
        high *= 2
        if high > MOST_LABELS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(sample.trials + middle) else (middle, high)
    return high


def _by_cluster(events: NDArray[np.bool_], clusters: NDArray[np.int64]) -> tuple[Array, Array]:
    _, places = np.unique(clusters, return_inverse=True)
    return np.bincount(places, weights=events).astype(float), np.bincount(places).astype(float)
