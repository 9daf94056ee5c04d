"""A benchmark that fits between two training steps: as many prompts as there are seconds, and an alarm to trust.

The rate is looked at after every few prompts, and whoever looks may stop. An interval for a fixed
number of prompts would be wrong then; confidence sequences and e-processes are right at every look.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from colonnade.evaluation.measuring import METRICS
from colonnade.records import Digest, Finding, Look, Prompt, Transcript, Verdict
from colonnade.statistics import confidence_sequence, monitor_rate

CHUNK = 16
"""Prompts between two looks."""


class Light(NamedTuple):
    """What a light benchmark came to.

    Attributes:
        looks: for each grader and rate, one per look, in order.
        of: prompts that there were; those that time did not suffice for are missing by chance.
    """

    transcripts: tuple[Transcript, ...]
    verdicts: tuple[Verdict, ...]
    looks: tuple[Look, ...]
    asked: int
    of: int
    seconds: float


def look_lightly(
    prompts: Sequence[Prompt],
    ask: Callable[[Sequence[Prompt]], Sequence[Transcript]],
    grade: Callable[[Sequence[Transcript]], Sequence[Verdict]],
    speaker: Digest,
    seconds: float,
    bounds: Mapping[str, float],
    confidence: float = 0.95,
    seed: int = 0,
    clock: Callable[[], float] = monotonic,
) -> Light:
    """Ask prompts in an order drawn by chance until the time is up, a cluster never torn.

    One chunk is always asked; a further one only if it should be done in time, going by the slowest
    so far. Twins stand in one cluster, so both rates grow together.

    Args:
        prompts: of a split that training may be measured on.
        ask: the model; its live weights will do.
        grade: one verdict or more for each transcript.
        speaker: who is asked.
        seconds: for all of it.
        bounds: by metric, the rate that should not be exceeded.
        confidence: of the sequences and the alarm.
        seed: for the order.
        clock: seconds.
    """
    began, slowest = clock(), 0.0
    transcripts: list[Transcript] = []
    verdicts: list[Verdict] = []
    looks: list[Look] = []
    history: dict[tuple[str, str], list[tuple[float, int]]] = {}
    by_id = {prompt.id: prompt for prompt in prompts}
    for chunk in _chunks(prompts, seed):
        before = clock()
        if transcripts and before - began + slowest > seconds:
            break
        answers = ask(chunk)
        transcripts += answers
        verdicts += grade(answers)
        looks += _looks(verdicts, by_id, speaker, bounds, confidence, history)
        slowest = max(slowest, clock() - before)
    return Light(tuple(transcripts), tuple(verdicts), tuple(looks), len(transcripts), len(prompts), clock() - began)


def _chunks(prompts: Sequence[Prompt], seed: int) -> list[list[Prompt]]:
    clusters: dict[str, list[Prompt]] = {}
    for prompt in prompts:
        clusters.setdefault(prompt.cluster, []).append(prompt)
    names = sorted(clusters)
    random.Random(seed).shuffle(names)  # noqa: S311  # an order that can be repeated, no secret
    chunks: list[list[Prompt]] = []
    for name in names:
        if not chunks or len(chunks[-1]) >= CHUNK:
            chunks.append([])
        chunks[-1] += clusters[name]
    return chunks


def _looks(
    verdicts: Sequence[Verdict],
    prompts: Mapping[str, Prompt],
    speaker: Digest,
    bounds: Mapping[str, float],
    confidence: float,
    history: dict[tuple[str, str], list[tuple[float, int]]],
) -> list[Look]:
    """One look per grader and rate; ``history`` keeps what the earlier ones saw, and takes this one in."""
    looks = []
    for grader in sorted({row.grader for row in verdicts}):
        for metric, (expected, _) in METRICS.items():
            rows = [row for row in verdicts if row.grader == grader and prompts[row.prompt].expected is expected]
            if rows:
                past = history.setdefault((grader, metric), [])
                looks.append(_look(rows, metric, prompts, speaker, bounds.get(metric), confidence, past))
    return looks


def _look(
    rows: Sequence[Verdict],
    metric: str,
    prompts: Mapping[str, Prompt],
    speaker: Digest,
    bound: float | None,
    confidence: float,
    past: list[tuple[float, int]],
) -> Look:
    """One grader's rate so far; a cluster counts once, for the share of it that failed."""
    clusters: dict[str, list[Finding]] = {}
    for row in rows:
        clusters.setdefault(prompts[row.prompt].cluster, []).append(row.finding)
    failure = METRICS[metric][1]
    failed = sum(found.count(failure) / len(found) for found in clusters.values())
    unscored = sum(found.count(Finding.UNSCORED) / len(found) for found in clusters.values())
    past.append((failed, len(clusters)))
    p_value = _p_value([events for events, _ in past], [trials for _, trials in past], bound, confidence)
    return Look(
        speaker=speaker,
        grader=rows[0].grader,
        metric=metric,
        prompts=len(rows),
        clusters=len(clusters),
        low=confidence_sequence(failed, len(clusters), confidence).low,
        high=confidence_sequence(min(failed + unscored, len(clusters)), len(clusters), confidence).high,
        bound=bound,
        p_value=p_value,
        alarm=p_value is not None and p_value <= 1 - confidence,
        confidence=confidence,
    )


def _p_value(events: Sequence[float], trials: Sequence[int], bound: float | None, confidence: float) -> float | None:
    """How surprising the events are, at any look, if the rate keeps to its bound; none where there is no bound.

    A bound of 0 needs no statistics: the first failure breaks it. One of 1 nothing breaks.
    """
    if bound is None:
        return None
    if 0 < bound < 1:
        return monitor_rate(events, trials, bound, confidence).p_value
    return 0.0 if bound == 0 and events[-1] > 0 else 1.0
