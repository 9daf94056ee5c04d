"""A grader held against people, and its rates corrected by what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from colonnade.evaluation.measuring import METRICS, standing
from colonnade.records import (
    Clause,
    CorrectedRate,
    Digest,
    Finding,
    GraderAgreement,
    Prompt,
    Verdict,
)
from colonnade.statistics import Stratum, cohen_kappa, labels_to_narrow_most, stratified_accuracy, stratified_rate

_EMPTY = Stratum(items=0, labelled=0, positives=0)
"""A grader that never flags, or never lets pass, may yet do so on the next answer."""


class _Judged(NamedTuple):
    """One verdict, what the drawing grader found there, and what people found, if they looked."""

    verdict: Verdict
    drawn_as: Finding
    failed: bool | None


def calibrate(
    verdicts: Sequence[Verdict],
    found: Mapping[Digest, Finding],
    prompts: Mapping[str, Prompt],
    clauses: Sequence[Clause],
    speaker: Digest,
    confidence: float,
    drawn_by: str,
    further: int = 50,
) -> tuple[tuple[GraderAgreement, ...], tuple[CorrectedRate, ...]]:
    """How far each grader agrees with people, and each of its rates as people would have found it.

    Labels must have been drawn by chance within each finding of one grader (see
    :func:`colonnade.evaluation.labelling.choose_for_labelling`). For every other grader the answers
    are divided by its own findings, too, so that each part is still drawn by chance.

    Args:
        verdicts: on every answer of one speaker, by one grader or more.
        found: what people found, by transcript.
        prompts: by id.
        clauses: for the pillars.
        speaker: whose answers these are.
        confidence: of every interval.
        drawn_by: the grader by whose findings the answers were drawn.
        further: for so many further labels it is said how to divide them.
    """
    verdicts = standing(verdicts)
    pillars = {clause.id: str(clause.pillar) for clause in clauses}
    drawn_as = {row.transcript: row.finding for row in verdicts if row.grader == drawn_by}
    agreements: list[GraderAgreement] = []
    rates: list[CorrectedRate] = []
    for grader in sorted({row.grader for row in verdicts}):
        for metric, (expected, failure) in METRICS.items():
            rows = [
                _Judged(
                    row,
                    drawn_as.get(row.transcript, Finding.UNSCORED),
                    found[row.transcript] is failure if row.transcript in found else None,
                )
                for row in verdicts
                if row.grader == grader and prompts[row.prompt].expected is expected
            ]
            agreements += [
                _agreement(grader, metric, group, members, failure, confidence)
                for group, members in _groups(rows, prompts, pillars).items()
                if any(row.failed is not None for row in members)
            ]
            rates.append(_corrected(grader, metric, speaker, rows, failure, confidence, further))
    return tuple(agreements), tuple(rates)


def _groups(
    rows: Iterable[_Judged], prompts: Mapping[str, Prompt], pillars: Mapping[str, str]
) -> dict[str, list[_Judged]]:
    groups: dict[str, list[_Judged]] = {"all": []}
    for row in rows:
        pillar = f"pillar:{pillars[row.verdict.clause]}"
        language = f"language:{prompts[row.verdict.prompt].language}"
        for name in ("all", pillar, language, f"{pillar}/{language}"):
            groups.setdefault(name, []).append(row)
    return dict(sorted(groups.items()))


def _strata(rows: Iterable[_Judged]) -> tuple[Stratum, ...]:
    """One stratum for each finding of the drawing grader: within it the labels were drawn by chance."""
    members: dict[Finding, list[_Judged]] = {}
    for row in rows:
        members.setdefault(row.drawn_as, []).append(row)
    return tuple(
        Stratum(
            items=len(group),
            labelled=sum(row.failed is not None for row in group),
            positives=sum(row.failed is True for row in group),
        )
        for _, group in sorted(members.items())
    )


def _agreement(
    grader: str, metric: str, group: str, rows: Sequence[_Judged], failure: Finding, confidence: float
) -> GraderAgreement:
    scored = [row for row in rows if row.verdict.finding is not Finding.UNSCORED]
    flagged = _strata(row for row in scored if row.verdict.finding is failure)
    passed = _strata(row for row in scored if row.verdict.finding is not failure)
    sensitivity, specificity = stratified_accuracy(flagged or (_EMPTY,), passed or (_EMPTY,), confidence)
    kappa = cohen_kappa(_table(flagged, passed), confidence)
    failures = [row for row in scored if row.failed is True]
    others = [row for row in scored if row.failed is False]
    return GraderAgreement(
        grader=grader,
        metric=metric,
        group=group,
        failures=len(failures),
        found=sum(row.verdict.finding is failure for row in failures),
        others=len(others),
        left_alone=sum(row.verdict.finding is not failure for row in others),
        unscored=sum(row.verdict.finding is Finding.UNSCORED and row.failed is not None for row in rows),
        sensitivity=sensitivity.estimate if sensitivity else None,
        sensitivity_low=sensitivity.low if sensitivity else 0.0,
        sensitivity_high=sensitivity.high if sensitivity else 1.0,
        specificity=specificity.estimate if specificity else None,
        specificity_low=specificity.low if specificity else 0.0,
        specificity_high=specificity.high if specificity else 1.0,
        kappa=kappa.estimate if kappa else None,
        confidence=confidence,
    )


def _table(flagged: Sequence[Stratum], passed: Sequence[Stratum]) -> list[list[float]]:
    """People against grader, each labelled answer standing for its share of those with the same finding."""
    strata = [*flagged, *passed]
    total, labels = sum(row.items for row in strata), sum(row.labelled for row in strata)
    columns = [
        [(row.items / total * labels, row.positives / row.labelled) for row in side if row.labelled]
        for side in (flagged, passed)
    ]
    return [
        [sum(size * share for size, share in side) for side in columns],
        [sum(size * (1 - share) for size, share in side) for side in columns],
    ]


def _corrected(
    grader: str,
    metric: str,
    speaker: Digest,
    rows: Sequence[_Judged],
    failure: Finding,
    confidence: float,
    further: int,
) -> CorrectedRate:
    """Answers that the grader could not judge are strata of their own: without labels they could be anything."""
    findings = (failure, Finding.UPHOLDS, Finding.UNSCORED)
    strata, owners = list[Stratum](), list[Finding]()
    for finding in findings:
        own = _strata(row for row in rows if row.verdict.finding is finding)
        strata += own
        owners += [finding] * len(own)
    scored = sum(row.verdict.finding is not Finding.UNSCORED for row in rows)
    corrected = stratified_rate(strata, confidence) if strata else None
    shares = labels_to_narrow_most(strata, further).labels if strata else ()
    more = Counter[Finding]()
    for owner, count in zip(owners, shares, strict=True):
        more[owner] += count
    return CorrectedRate(
        grader=grader,
        metric=metric,
        speaker=speaker,
        answers=len(rows),
        uncorrected=sum(row.verdict.finding is failure for row in rows) / scored if scored else None,
        estimate=corrected.estimate if corrected else None,
        low=corrected.low if corrected else 0.0,
        high=corrected.high if corrected else 1.0,
        labels=sum(row.labelled for row in strata),
        confidence=confidence,
        method=corrected.reason if corrected else "there is no answer",
        more=tuple((finding, more[finding]) for finding in findings),
    )
