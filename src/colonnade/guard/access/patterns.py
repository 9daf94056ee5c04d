"""Patterns over accounts and weeks: one question asked by many, and one question asked in parts by several.

A first, honest version on words: it knows no synonyms and no other language. It sees the same words
come back, and the words of a known question come together out of parts that each look harmless.
Words are kept as keyed hashes, so that what is watched over weeks cannot be read.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import log
from typing import Literal, NamedTuple

WINDOW = timedelta(weeks=4)
"""How long a text is looked back upon."""

_SEED = 0x9E3779B97F4A7C15
_WORD = re.compile(r"\w+")
_BANDS, _ROWS = 20, 3
_PRIME = (1 << 61) - 1


class Seen(NamedTuple):
    """One text of one subject, as it is kept.

    Attributes:
        words: keyed hashes of its words.
        shingles: keyed hashes of its runs of three words.
    """

    subject: str
    at: datetime
    words: frozenset[int]
    shingles: frozenset[int]


class PatternAlert(NamedTuple):
    """What a person should look at.

    Attributes:
        kind: ``repeated`` where several asked the same, ``assembled`` where parts add up to a known question.
        subjects: who took part.
        since, until: first and last of the texts.
        strength: the smallest likeness to the first of them, or the share of the question that is covered.
        question: the place of the known question among those given; none for ``repeated``.
    """

    kind: Literal["repeated", "assembled"]
    subjects: tuple[str, ...]
    since: datetime
    until: datetime
    strength: float
    question: int | None = None


def seen(subject: str, at: datetime, text: str, key: bytes) -> Seen:
    """What is kept of a text."""
    words = _words(text)
    runs = [" ".join(words[place : place + 3]) for place in range(max(1, len(words) - 2))] if words else []
    return Seen(
        subject, at, frozenset(_hashed(word, key) for word in words), frozenset(_hashed(run, key) for run in runs)
    )


def repeated(
    texts: Sequence[Seen], *, subjects: int = 3, likeness: float = 0.5, window: timedelta = WINDOW
) -> tuple[PatternAlert, ...]:
    """The same question asked by several subjects: runs of three words shared at this Jaccard likeness.

    Candidates come from MinHash signatures in 20 bands of 3 (Broder, 1997), which find a pair at
    likeness .5 in 93 of 100 cases and one at .7 always; each is then compared exactly. Everything is
    held against one text, never against a chain of neighbours.

    Args:
        texts: in any order.
        subjects: from so many different ones on it is a pattern.
        likeness: from this on two texts count as the same question.
        window: no two texts of an alert lie further apart from its first.
    """
    rows = sorted((row for row in texts if row.shingles), key=lambda row: (row.at, row.subject))
    buckets: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for number, row in enumerate(rows):
        for band in bands(row.shingles):
            buckets.setdefault(band, []).append(number)
    near: dict[int, set[int]] = {}
    for members in buckets.values():
        for number in members:
            near.setdefault(number, set()).update(members)
    alerts, told = [], set[int]()
    for number, row in enumerate(rows):
        if number in told:
            continue
        same = {
            other: jaccard(row.shingles, rows[other].shingles)
            for other in near[number]
            if other >= number and rows[other].at - row.at <= window
        }
        same = {other: value for other, value in same.items() if value >= likeness}
        who = {rows[other].subject for other in same}
        if len(who) >= subjects:
            told |= same.keys()
            last = max(rows[other].at for other in same)
            alerts.append(PatternAlert("repeated", tuple(sorted(who)), row.at, last, min(same.values())))
    return tuple(alerts)


def word_weights(texts: Iterable[str], key: bytes) -> dict[int, float]:
    """How telling each word is: the logarithm of how rarely ordinary texts have it; at least 0."""
    counts: Counter[int] = Counter()
    total = 0
    for text in texts:
        counts.update({_hashed(word, key) for word in _words(text)})
        total += 1
    return {word: log((total + 1) / (count + 1)) for word, count in counts.items()} | {TOTAL: log(total + 1)}


TOTAL = -1
"""The place in the weights of a word that no ordinary text has; no hash is negative."""


def assembled(
    texts: Sequence[Seen],
    questions: Sequence[Seen],
    weights: Mapping[int, float],
    *,
    subjects: int = 2,
    covered: float = 0.75,
    alone: float = 0.6,
    focus: float = 0.4,
    parts: int = 5,
    window: timedelta = WINDOW,
) -> tuple[PatternAlert, ...]:
    """A known question asked in parts by several subjects, none of whom asks it alone.

    A part has at least two fifths of its telling words from the question, so that the chatter of many
    does not add up to anything; a few parts together cover three quarters of the question.

    Args:
        texts: in any order.
        questions: what must not be asked, for instance the violating examples of clauses.
        weights: of :func:`word_weights`.
        subjects: from so many different ones on it is a pattern.
        covered: share of the question's weight that the parts have together.
        alone: a text that covers this much by itself is no part: that is the detector's to find.
        focus: share of a part's own weight that lies in the question.
        parts: at most so many make the whole.
        window: no two parts lie further apart.
    """
    rare = weights.get(TOTAL, 1.0)
    rows = sorted(texts, key=lambda row: (row.at, row.subject))
    own = [weight_of(row.words, weights, rare) for row in rows]
    holding: dict[int, list[int]] = {}
    for number, row in enumerate(rows):
        for word in row.words:
            holding.setdefault(word, []).append(number)
    alerts = []
    for place, question in enumerate(questions):
        whole = weight_of(question.words, weights, rare)
        candidates = sorted({number for word in question.words for number in holding.get(word, ())})
        fitting = []
        for number in candidates:
            share = weight_of(rows[number].words & question.words, weights, rare)
            if whole > 0 and share < alone * whole and own[number] > 0 and share >= focus * own[number]:
                fitting.append(rows[number])
        found = _cover(fitting, question.words, weights, rare, covered * whole, parts, subjects, window)
        if found is not None:
            who, since, until, weight = found
            alerts.append(PatternAlert("assembled", who, since, until, weight / whole, place))
    return tuple(alerts)


def _cover(
    rows: Sequence[Seen],
    wanted: frozenset[int],
    weights: Mapping[int, float],
    rare: float,
    enough: float,
    parts: int,
    subjects: int,
    window: timedelta,
) -> tuple[tuple[str, ...], datetime, datetime, float] | None:
    """The first few parts that together have enough of what is wanted, the largest gain first."""
    for start, first in enumerate(rows):
        chosen, have = [first], first.words & wanted
        pool = [row for row in rows[start + 1 :] if row.at - first.at <= window]
        while pool and len(chosen) < parts and weight_of(have, weights, rare) < enough:
            best = max(pool, key=lambda row: weight_of((row.words & wanted) - have, weights, rare))
            if not (best.words & wanted) - have:
                break
            chosen.append(best)
            have |= best.words & wanted
            pool.remove(best)
        who = tuple(sorted({row.subject for row in chosen}))
        weight = weight_of(have, weights, rare)
        if weight >= enough and len(who) >= subjects:
            return who, first.at, max(row.at for row in chosen), weight
    return None


def weight_of(words: Iterable[int], weights: Mapping[int, float], rare: float) -> float:
    """How telling some words are together."""
    return sum(weights.get(word, rare) for word in words)


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _hashed(text: str, key: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7, key=key[:64]).digest(), "big")


def bands(shingles: frozenset[int]) -> list[tuple[int, tuple[int, ...]]]:
    """The signature in bands: minima under fixed random linear maps modulo a prime."""
    signature = [min((factor * value + shift) % _PRIME for value in shingles) for factor, shift in _MAPS]
    return [(band, tuple(signature[band * _ROWS : (band + 1) * _ROWS])) for band in range(_BANDS)]


def _maps() -> tuple[tuple[int, int], ...]:
    state, found = _SEED, []
    for _ in range(_BANDS * _ROWS):
        draws = [hashlib.sha256(f"{state}/{step}".encode()).digest() for step in range(2)]
        factor, shift = (int.from_bytes(draw[:8], "big") % (_PRIME - 1) + 1 for draw in draws)
        found.append((factor, shift))
        state += 1
    return tuple(found)


_MAPS = _maps()


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """What two sets share, of all that is in either."""
    return len(one & other) / len(one | other)
