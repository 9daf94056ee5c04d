"""The stages of a model's life at which it is measured, and what only some of them bring."""

from __future__ import annotations

from enum import StrEnum

from colonnade.records.evaluation import JointRegion
from colonnade.records.record import Digest, Record


class LifeStage(StrEnum):
    """When a model is measured, and so with what, on what and how much."""

    PRETRAINING = "pretraining"
    TRAINING = "training"
    CHECKPOINT = "checkpoint"
    PREDEPLOYMENT = "predeployment"
    CANARY = "canary"


class Look(Record):
    """One of several looks at a rate while answers come in; all of them hold at once.

    Attributes:
        clusters: of prompts, so far; they are what is counted.
        low, high: where the rate lies, at every look together; unscored answers are fine below and failed above.
        bound: what the rate should not exceed; none where nobody said.
        p_value: for "the rate does not exceed the bound", valid at any look; none without a bound.
        alarm: whether it is shown to exceed it, even with every unscored answer fine.
    """

    speaker: Digest
    grader: str
    metric: str
    prompts: int
    clusters: int
    low: float
    high: float
    bound: float | None
    p_value: float | None
    alarm: bool
    confidence: float


class CheckpointChoice(Record):
    """Which of several checkpoints goes on, chosen on one half of the prompts and reported on the other.

    Attributes:
        chosen: the one that goes on.
        front: those that no other beats in harm, over-refusal and capability together.
        why: the rule that decided, with its numbers.
        choosing, reporting: prompts of either half.
        most_overrefusal: the share of benign prompts that it might refuse at most; none in a record from before it
            was kept.
    """

    chosen: Digest
    front: tuple[Digest, ...]
    why: str
    choosing: int
    reporting: int
    most_overrefusal: float | None = None


class HeldBack(Record):
    """Up to which threshold the guard holds one exchange back; what it always lets through has no such record.

    Attributes:
        prompt: its id.
        nearness: how near the request or the reply is to an example, 1 where it was held back without judging.
    """

    prompt: str
    nearness: float


class OperatingPoint(Record):
    """One point of a curve of harm against over-refusal.

    Attributes:
        threshold: what is held back from this nearness to an example on; over 1 nothing is.
    """

    threshold: float
    region: JointRegion
