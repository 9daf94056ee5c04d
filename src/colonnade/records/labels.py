"""What people said of single answers, and how far a grader agrees with them."""

from __future__ import annotations

from typing import Literal

from colonnade.records.evaluation import Finding
from colonnade.records.record import Digest, Record


class Label(Record):
    """What one person found in one answer.

    Attributes:
        transcript: digest of the transcript that was read.
        label: what a verdict would say; ``unclear`` where the person could not tell.
    """

    transcript: Digest
    label: Literal["upholds", "violates", "overrefuses", "unclear"]
    rater: str


class GraderAgreement(Record):
    """How well a grader finds the failures that people find, on the answers that people labelled.

    Attributes:
        metric: ``violation_rate`` or ``overrefusal_rate``: which failure.
        group: ``all``, ``pillar:...``, ``language:...`` or ``pillar:.../language:...``.
        failures, found: answers that people call a failure, and those of them that the grader does.
        others, left_alone: answers that people call none, and those of them that the grader does.
        unscored: labelled answers that the grader could not judge; they count in none of these.
        sensitivity, specificity: as shares with their two-sided intervals; none without an answer.
        kappa: Cohen's, beside the shares of failures that people and the grader see.
    """

    grader: str
    metric: str
    group: str
    failures: int
    found: int
    others: int
    left_alone: int
    unscored: int
    sensitivity: float | None
    sensitivity_low: float
    sensitivity_high: float
    specificity: float | None
    specificity_low: float
    specificity_high: float
    kappa: float | None
    confidence: float


class CorrectedRate(Record):
    """A rate as people would have found it, from a grader's verdicts on everything and labels of some.

    Attributes:
        uncorrected: the share of failures by the grader.
        estimate, low, high: the corrected share with its two-sided interval, the labels'
            uncertainty in it.
        labels: how many answers people labelled.
        method: how it was corrected, or why it could not be.
        more: how to divide further labels: finding, and how many.
    """

    grader: str
    metric: str
    speaker: Digest
    answers: int
    uncorrected: float | None
    estimate: float | None
    low: float
    high: float
    labels: int
    confidence: float
    method: str
    more: tuple[tuple[Finding, int], ...] = ()
