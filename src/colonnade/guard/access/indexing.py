"""The same patterns, found as the texts come in: each new one is held against what could go with it, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from colonnade.guard.access.patterns import TOTAL, WINDOW, Seen, bands, jaccard, weight_of
from colonnade.guard.access.sightings import Sighting
from colonnade.records import Alert, Level

MOST_ROWS = 20
"""Requests that an alert names at most; a person who looks at these has seen the pattern."""

_MOST_PARTS = 2_000
"""Possible parts of one question that are remembered; of one subject and the same words the latest counts."""

CREEP_WINDOW = timedelta(days=30)
_FIRST, _RISE = 3, 2
_ENOUGH, _LAST = 4, 8
_MOST_CREEP = 200


class Question(NamedTuple):
    """A known question, and the clause that it must not be asked under."""

    clause: str
    seen: Seen


class _Cluster:
    """Texts like the first of them."""

    def __init__(self, first: Sighting) -> None:
        self.first, self.last = first, first.seen.at
        self.rows, self.subjects = [first.id], {first.seen.subject}
        self.strength, self.told = 1.0, 0


class Repeats:
    """One question asked by several subjects, among texts to which the table was closed.

    Every text is held against the first of each cluster, as in :func:`patterns.repeated`. It is told
    when the number of subjects reaches the fewest, and again each time it doubles. A text that goes
    with a cluster begins none of its own, so that what everybody asks costs one comparison each.

    Args:
        subjects: from so many different ones on it is a pattern.
        likeness: from this on two texts count as the same question.
        window: no text of a cluster lies further from its first.
    """

    def __init__(self, *, subjects: int = 3, likeness: float = 0.5, window: timedelta = WINDOW) -> None:
        self._fewest, self._likeness, self._window = subjects, likeness, window
        self._buckets: dict[int, list[_Cluster]] = {}

    def add(self, row: Sighting) -> Alert | None:
        """Take a text in; the alert that it raises."""
        if not row.closed or not row.seen.shingles:
            return None
        # A hash for a band takes a fifth of the room; two bands of one hash cost a comparison more.
        keys = [hash(band) for band in bands(row.seen.shingles)]
        best: tuple[float, _Cluster] | None = None
        for cluster in {id(found): found for key in keys for found in self._buckets.get(key, ())}.values():
            like = jaccard(cluster.first.seen.shingles, row.seen.shingles)
            near = like >= self._likeness and row.seen.at - cluster.first.seen.at <= self._window
            if near and (best is None or like > best[0]):
                best = like, cluster
        if best is None:
            cluster = _Cluster(row)
            for key in keys:
                self._buckets.setdefault(key, []).append(cluster)
            return None
        return self._joined(best[1], row, best[0])

    def _joined(self, cluster: _Cluster, row: Sighting, like: float) -> Alert | None:
        fresh = row.seen.subject not in cluster.subjects
        cluster.subjects.add(row.seen.subject)
        cluster.last, cluster.strength = max(cluster.last, row.seen.at), min(cluster.strength, like)
        if fresh and len(cluster.rows) < MOST_ROWS:
            cluster.rows.append(row.id)
        if len(cluster.subjects) < max(self._fewest, 2 * cluster.told):
            return None
        cluster.told = len(cluster.subjects)
        return Alert(
            kind="repeated",
            subjects=tuple(sorted(cluster.subjects)),
            since=cluster.first.seen.at,
            until=cluster.last,
            strength=round(cluster.strength, 4),
            clause=cluster.first.topic,
            rows=tuple(cluster.rows),
        )

    def forget(self, before: datetime) -> None:
        """Let clusters go that nothing can join any more."""
        for key, clusters in tuple(self._buckets.items()):
            kept = [cluster for cluster in clusters if cluster.first.seen.at >= before]
            if kept:
                self._buckets[key] = kept
            else:
                del self._buckets[key]


class _Part(NamedTuple):
    """A text that could be a part of a question: which of the question's words it has."""

    at: datetime
    subject: str
    words: frozenset[int]
    id: str


class Parts:
    """A known question asked in parts by several subjects, none of whom asks it alone.

    The same bounds as in :func:`patterns.assembled`. A whole is looked for behind its last part. It is
    told once for the same subjects, and where one part is what many ask, each time the wholes double.

    Args:
        questions: what must not be asked.
        weights: of :func:`patterns.word_weights`.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        weights: Mapping[int, float],
        *,
        subjects: int = 2,
        covered: float = 0.75,
        alone: float = 0.6,
        focus: float = 0.4,
        parts: int = 5,
        window: timedelta = WINDOW,
    ) -> None:
        self._questions, self._weights, self._rare = questions, weights, weights.get(TOTAL, 1.0)
        self._subjects, self._covered, self._alone, self._focus = subjects, covered, alone, focus
        self._parts, self._window = parts, window
        self._wholes = [weight_of(question.seen.words, weights, self._rare) for question in questions]
        self._having: dict[int, list[int]] = {}
        for place, question in enumerate(questions):
            for word in question.seen.words:
                self._having.setdefault(word, []).append(place)
        self._found: list[dict[tuple[str, frozenset[int]], _Part]] = [{} for _ in questions]
        self._told: list[set[tuple[str, ...]]] = [set() for _ in questions]

    def add(self, row: Sighting) -> tuple[Alert, ...]:
        """Take a text in; the alerts that it raises, one for each question that is whole with it."""
        shares: dict[int, float] = {}
        for word in row.seen.words & self._having.keys():
            for place in self._having[word]:
                shares[place] = shares.get(place, 0.0) + self._weights.get(word, self._rare)
        if not shares:
            return ()
        own = weight_of(row.seen.words, self._weights, self._rare)
        alerts = []
        for place, share in sorted(shares.items()):
            whole = self._wholes[place]
            if whole > 0 and share < self._alone * whole and own > 0 and share >= self._focus * own:
                alert = self._completed(place, row)
                if alert is not None:
                    alerts.append(alert)
        return tuple(alerts)

    def _completed(self, place: int, row: Sighting) -> Alert | None:
        question, found = self._questions[place], self._found[place]
        part = _Part(row.seen.at, row.seen.subject, row.seen.words & question.seen.words, row.id)
        key = part.subject, part.words
        found.pop(key, None)
        pool = [other for other in found.values() if part.at - other.at <= self._window]
        found[key] = part
        if len(found) > _MOST_PARTS:
            del found[next(iter(found))]
        chosen, weight = self._greedy(part, pool, self._covered * self._wholes[place])
        who = tuple(sorted({other.subject for other in chosen}))
        if not chosen or len(who) < self._subjects or who in self._told[place]:
            return None
        self._told[place].add(who)
        if len(self._told[place]).bit_count() != 1:
            return None
        chosen.sort(key=lambda other: (other.at, other.id))
        return Alert(
            kind="assembled",
            subjects=who,
            since=chosen[0].at,
            until=chosen[-1].at,
            strength=round(min(weight / self._wholes[place], 1.0), 4),
            clause=question.clause,
            rows=tuple(other.id for other in chosen),
        )

    def _greedy(self, last: _Part, pool: Iterable[_Part], enough: float) -> tuple[list[_Part], float]:
        """The last part and the few others that together have enough, the largest gain first; none where there are."""
        # A word set counts once: of many who ask the same part, the latest stands for all, another subject first.
        by_words: dict[frozenset[int], _Part] = {}
        for part in pool:
            if part.words not in by_words or part.subject != last.subject:
                by_words[part.words] = part
        left, chosen, have = set(by_words), [last], last.words
        weight = weight_of(have, self._weights, self._rare)
        everything = have.union(*left) if left else have
        if weight_of(everything, self._weights, self._rare) < enough:
            return [], weight
        while weight < enough:
            if len(chosen) == self._parts or not left:
                return [], weight
            best = max(left, key=lambda words: (weight_of(words - have, self._weights, self._rare), sorted(words)))
            gain = weight_of(best - have, self._weights, self._rare)
            if gain <= 0:
                return [], weight
            chosen.append(by_words[best])
            have, weight = have | best, weight + gain
            left.discard(best)
        return chosen, weight

    def forget(self, before: datetime) -> None:
        """Let parts go that nothing can be added to any more."""
        for place, found in enumerate(self._found):
            self._found[place] = {key: part for key, part in found.items() if part.at >= before}


class Creep:
    """Questions of one subject on one topic that become more and more specific.

    What is added up is the highest level within thirty days. Detectors slip, and the highest of many
    slips is high; so a level counts as reached where four of the last eight requests were at or above
    it and were refused, and it is told when that lies two or more above the level that two of the
    first three requests had. Whoever rises within what they may have is none of this monitor's
    business, and whoever asks for much between much that is harmless is not seen by it.

    Args:
        window: over which the highest level is added up.
    """

    def __init__(self, *, window: timedelta = CREEP_WINDOW) -> None:
        self._window = window
        self._rows: dict[tuple[str, str], list[tuple[datetime, int, bool, str]]] = {}
        self._told: dict[tuple[str, str], datetime] = {}

    def add(self, row: Sighting) -> Alert | None:
        """Take a request in; the alert that it raises."""
        if not row.topic or row.level is None:
            return None
        case, at = (row.seen.subject, row.topic), row.seen.at
        rows = [found for found in self._rows.get(case, ()) if at - found[0] <= self._window]
        # Over the bound those in the middle go: the first say where it began.
        rows = [*rows[:_FIRST], *rows[_FIRST:][-_MOST_CREEP:], (at, row.level.rank, row.refused, row.id)]
        self._rows[case] = rows
        told = self._told.get(case)
        if len(rows) < _FIRST + _ENOUGH or (told is not None and at - told <= self._window):
            return None
        began = _nth(2, (found[1] for found in rows[:_FIRST]))
        refused = [found for found in rows[_FIRST:][-_LAST:] if found[2]]
        reached = _nth(_ENOUGH, (found[1] for found in refused))
        if reached - began < _RISE:
            return None
        self._told[case] = at
        high = [found for found in refused if found[1] >= reached]
        return Alert(
            kind="creep",
            subjects=(case[0],),
            since=rows[0][0],
            until=at,
            strength=(reached - began) / (len(Level) - 1),
            clause=case[1],
            rows=tuple(dict.fromkeys(found[3] for found in (*rows[:_FIRST], *high)))[:MOST_ROWS],
        )

    def forget(self, before: datetime) -> None:
        """Let go of whom nothing was heard since."""
        self._rows = {case: rows for case, rows in self._rows.items() if rows[-1][0] >= before}


def _nth(place: int, ranks: Iterable[int]) -> int:
    """The second, third ... highest; the lowest level where there are not so many."""
    found = sorted(ranks, reverse=True)
    return found[place - 1] if len(found) >= place else 0
