"""Answers counted into shares with intervals, and two checkpoints on the same questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from colonnade.records import AnswerFinding, CapabilityAnswer, CapabilityComparison, CapabilityResult, Digest
from colonnade.statistics import (
    Difference,
    Interval,
    clustered_interval,
    clustered_lower_bound,
    clustered_paired_difference,
    exact_interval,
    lower_bound,
    mcnemar_exact,
    paired_difference,
)


class _Pair(NamedTuple):
    first: CapabilityAnswer
    second: CapabilityAnswer


def groups_of(answer: CapabilityAnswer) -> tuple[str, ...]:
    """What an answer counts to."""
    return ("all", f"kind:{answer.kind}", f"suite:{answer.suite}")


def count_answers(
    answers: Sequence[CapabilityAnswer], artefact: Digest, confidence: float
) -> tuple[CapabilityResult, ...]:
    """The share right of each speaker over everything, each kind of question and each suite."""
    by_group: dict[tuple[Digest, str], list[CapabilityAnswer]] = {}
    for answer in answers:
        for group in groups_of(answer):
            by_group.setdefault((answer.speaker, group), []).append(answer)
    return tuple(
        _count(rows, group, speaker, artefact, confidence) for (speaker, group), rows in sorted(by_group.items())
    )


def compare_answers(
    answers: Sequence[CapabilityAnswer], speakers: tuple[Digest, Digest], confidence: float
) -> tuple[CapabilityComparison, ...]:
    """The second speaker held against the first, over everything, each kind and each suite.

    Raises:
        ValueError: where one of them was asked what the other was not; that is a fault of the caller.
    """
    sides = [{(row.suite, row.item): row for row in answers if row.speaker == speaker} for speaker in speakers]
    if sides[0].keys() != sides[1].keys():
        raise ValueError("two checkpoints are compared on the same questions")
    by_group: dict[str, list[_Pair]] = {}
    for key, first in sides[0].items():
        for group in groups_of(first):
            by_group.setdefault(group, []).append(_Pair(first, sides[1][key]))
    return tuple(_compare(pairs, group, speakers, confidence) for group, pairs in sorted(by_group.items()))


def _count(
    rows: Sequence[CapabilityAnswer], group: str, speaker: Digest, artefact: Digest, confidence: float
) -> CapabilityResult:
    right, unscored = _is(rows, AnswerFinding.RIGHT), _is(rows, AnswerFinding.UNSCORED)
    scored = len(rows) - int(unscored.sum())
    clusters = _clusters(rows)
    return CapabilityResult(
        group=group,
        speaker=speaker,
        items=len(rows),
        right=int(right.sum()),
        declined=int(_is(rows, AnswerFinding.DECLINED).sum()),
        unscored=int(unscored.sum()),
        cut=sum(row.stop == "length" for row in rows),
        rate=int(right.sum()) / scored if scored else None,
        low=_interval(right, clusters, confidence).low,
        high=_interval(right | unscored, clusters, confidence).high,
        lower=_lower(right, clusters, confidence),
        chance=sum(1 / row.options if row.options else 0.0 for row in rows) / len(rows),
        confidence=confidence,
        answers=artefact,
    )


def _compare(
    pairs: Sequence[_Pair], group: str, speakers: tuple[Digest, Digest], confidence: float
) -> CapabilityComparison:
    first, second = [row.first for row in pairs], [row.second for row in pairs]
    right = [_is(rows, AnswerFinding.RIGHT) for rows in (first, second)]
    unscored = [_is(rows, AnswerFinding.UNSCORED) for rows in (first, second)]
    scored = ~(unscored[0] | unscored[1])
    lost, gained = (int((one & ~other & scored).sum()) for one, other in (right, right[::-1]))
    clusters, count = _clusters(first), int(scored.sum())
    return CapabilityComparison(
        group=group,
        first=speakers[0],
        second=speakers[1],
        pairs=count,
        lost=lost,
        gained=gained,
        unpaired=len(pairs) - count,
        p_value=mcnemar_exact(lost, gained),
        difference=(gained - lost) / count if count else 0.0,
        low=_difference(right[0] | unscored[0], right[1], clusters, confidence).low,
        high=_difference(right[0], right[1] | unscored[1], clusters, confidence).high,
        confidence=confidence,
    )


def _is(rows: Iterable[CapabilityAnswer], finding: AnswerFinding) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([row.finding is finding for row in rows], dtype=bool)


_Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def _clusters(rows: Sequence[CapabilityAnswer]) -> Sequence[int] | None:
    """The cluster of each row as a number; nothing where every row has one of its own."""
    places = {key: place for place, key in enumerate(dict.fromkeys((row.suite, row.cluster) for row in rows))}
    return None if len(places) == len(rows) else [places[row.suite, row.cluster] for row in rows]


def _by_cluster(events: _Flags, clusters: Sequence[int]) -> tuple[list[float], list[float]]:
    return np.bincount(clusters, weights=events).tolist(), np.bincount(clusters).astype(float).tolist()


def _interval(events: _Flags, clusters: Sequence[int] | None, confidence: float) -> Interval:
    if clusters is None:
        return exact_interval(int(events.sum()), len(events), confidence)
    return clustered_interval(*_by_cluster(events, clusters), confidence)


def _lower(events: _Flags, clusters: Sequence[int] | None, confidence: float) -> float:
    if clusters is None:
        return lower_bound(int(events.sum()), len(events), confidence)
    return clustered_lower_bound(*_by_cluster(events, clusters), confidence)


def _difference(first: _Flags, second: _Flags, clusters: Sequence[int] | None, confidence: float) -> Difference:
    if clusters is None:
        only = [int((one & ~other).sum()) for one, other in ((first, second), (second, first))]
        return paired_difference(only[0], only[1], len(first), confidence)
    return clustered_paired_difference(first, second, clusters, confidence)
