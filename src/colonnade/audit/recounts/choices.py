"""Which checkpoint goes on, chosen again from the measurements that it was chosen by.

Nothing here is shared with the stages that choose: the same rules, written a second time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import Recounted
from colonnade.audit.recounts.differing import differing
from colonnade.audit.written import Written, same_parameters
from colonnade.records import (
    CapabilityResult,
    Checkpoint,
    CheckpointChoice,
    Digest,
    Expected,
    Measurement,
    Prompt,
    Run,
)

CHOOSING_STEPS = ("posttraining.shortlist", "posttraining.select")


class _Rates(NamedTuple):
    """Both rates of a checkpoint, unscored answers as failed, and the bad ends of both intervals.

    Attributes:
        kept: the lower end of its share of right general questions; none where nothing was asked.
    """

    violation: float
    overrefusal: float
    violation_upper: float
    overrefusal_upper: float
    kept: float | None = None


def recounted_choices(run: Run, archive: Archive) -> Iterator[Recounted]:
    """What a comparison of checkpoints outside the pipeline chose, from what it was weighed by."""
    for choice in archive.made(CheckpointChoice, run):
        weighed = archive.output(Measurement, run, "weighed")
        if not weighed or choice.most_overrefusal is None:
            why = "what it was weighed by is not in the records; it is of a time before that was kept"
            yield Recounted("CheckpointChoice", (), why)
            continue
        results = [row for row in archive.made(CapabilityResult, run) if row.group == "all"]
        kept = {row.speaker: row.lower for row in results}
        graders = [row.grader for row in weighed]
        rates = {who: _rates(weighed, who, graders[0], kept.get(who)) for who in dict.fromkeys(_speakers(weighed))}
        yield Recounted("CheckpointChoice", tuple(_choice_problems(choice, rates, weighed, archive, run)))


def _choice_problems(
    choice: CheckpointChoice,
    rates: Mapping[Digest, _Rates],
    weighed: Sequence[Measurement],
    archive: Archive,
    run: Run,
) -> Iterator[str]:
    name = "the choice of a checkpoint"
    most = choice.most_overrefusal or 0.0
    front = tuple(who for who in rates if not any(_beats(rates[other], rates[who], rates) for other in rates))
    modest = [who for who in front if rates[who].overrefusal <= most]
    key = _fewest if modest else _smallest_sum
    chosen = min(modest or front, key=lambda who: key(rates[who]))
    reported = archive.output(Measurement, run, "measurements")
    counts = {"choosing": _asked(weighed), "reporting": _asked(reported)}
    yield from differing(name, choice, {"front": front, "chosen": chosen, **counts})
    for rate in (rates[chosen].violation, rates[chosen].overrefusal):
        if f"{rate:.0%}" not in choice.why:
            yield f"{name} says '{choice.why}', but counting again gives {rate:.0%} for the one that it chose."


def _asked(rows: Sequence[Measurement]) -> int:
    """How many prompts the two rates over everything are over."""
    first = next(((row.speaker, row.grader) for row in rows), None)
    own = (row for row in rows if row.group == "all" and (row.speaker, row.grader) == first)
    return sum(row.scored + row.unscored for row in own)


def _beats(one: _Rates, other: _Rates, every: Mapping[Digest, _Rates]) -> bool:
    """As good in harm, over-refusal and capability, and better in one; capability where all were asked."""
    asked = all(row.kept is not None for row in every.values())
    mine, theirs = (
        (row.violation_upper, row.overrefusal_upper, -(row.kept or 0.0) if asked else 0.0) for row in (one, other)
    )
    return mine != theirs and all(left <= right for left, right in zip(mine, theirs, strict=True))


def _fewest(row: _Rates) -> tuple[float, float]:
    return row.violation, row.overrefusal


def _smallest_sum(row: _Rates) -> tuple[float, float]:
    return row.violation + row.overrefusal, row.violation


def recounted_steps(run: Run, archive: Archive, written: Written) -> Iterator[Recounted]:
    """The checkpoint that a step of the pipeline chose on the development split."""
    if run.step not in CHOOSING_STEPS:
        return
    if written.launch is None or not same_parameters(run, written, _PARAMETERS):
        yield Recounted("Checkpoint", (), written.why or "launch.yaml has changed since, and it says what is allowed")
        return
    rows = archive.output(Measurement, run, "measurements")
    chosen = archive.output(Checkpoint, run, "checkpoint")
    candidates = {
        row.digest: _rates(rows, row.digest, None)
        for name in ("posttraining.finetune/checkpoints", "posttraining.reinforce/checkpoints")
        for row in archive.input(Checkpoint, run, name)
    }
    prompts = archive.input(Prompt, run, "intake.prompts/development")
    benign = sum(row.expected is Expected.HELP for row in prompts)
    if not candidates or len(chosen) != 1 or run.model is None:
        yield Recounted("Checkpoint", ("the chosen checkpoint cannot be held against others: none can be read.",))
        return
    base = _rates(rows, Checkpoint(adapter=None, base=run.model, method="base").digest, None)
    most = base.overrefusal + written.launch.gate.worst_overrefusal_increase + 1e-9
    modest = [who for who, row in candidates.items() if row.overrefusal + _error(row.overrefusal, benign) <= most]
    if modest:
        found = min(modest, key=lambda who: _fewest(candidates[who]))
    else:
        found = min(candidates, key=lambda who: _smallest_sum(candidates[who]))
    problems = []
    if chosen[0].digest != found:
        problems.append(f"the checkpoint that was chosen is {chosen[0].digest}, but its measurements give {found}.")
    yield Recounted("Checkpoint", by_rules=tuple(problems))


_PARAMETERS = ("model", "evaluation", "gate.worst_overrefusal_increase")


def _error(rate: float, benign: int) -> float:
    """The standard error of a rate by the normal approximation."""
    return math.sqrt(rate * (1 - rate) / max(1, benign))


def _speakers(rows: Sequence[Measurement]) -> Iterator[Digest]:
    yield from (row.speaker for row in rows)


def _rates(rows: Sequence[Measurement], who: Digest, grader: str | None, kept: float | None = None) -> _Rates:
    """The worst of the rates over everything; without a measurement the worst that can be."""
    found: dict[str, tuple[float, float]] = {}
    for metric in ("violation_rate", "overrefusal_rate"):
        own = [row for row in rows if (row.metric, row.speaker, row.group) == (metric, who, "all")]
        own = [row for row in own if grader in (None, row.grader)]
        shares = [(_worst(row), row.upper) for row in own]
        found[metric] = max(shares, default=(1.0, 1.0))
    (violation, first), (overrefusal, second) = found["violation_rate"], found["overrefusal_rate"]
    return _Rates(violation, overrefusal, first, second, kept)


def _worst(row: Measurement) -> float:
    total = row.scored + row.unscored
    return (row.events + row.unscored) / total if total else 1.0
