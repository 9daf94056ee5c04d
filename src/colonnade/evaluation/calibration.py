"""A grader held against people, and its rates corrected by what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from colonnade.evaluation.measuring import METRICS, standing
from colonnade.grading.people import agreed, fits
from colonnade.records import (
    Clause,
    CorrectedRate,
    Digest,
    Finding,
    GraderAgreement,
    Label,
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
    pillars = {clause.id: str(clause.pillar) for clause in clauses}
    agreements: list[GraderAgreement] = []
    rates: list[CorrectedRate] = []
    for (grader, metric), rows in _by_grader(verdicts, found, prompts, drawn_by).items():
        failure = METRICS[metric][1]
        agreements += [
            _agreement(grader, metric, group, members, failure, confidence)
            for group, members in _groups(rows, prompts, pillars, clauses_too=False).items()
            if any(row.failed is not None for row in members)
        ]
        rates.append(_corrected(grader, metric, "all", speaker, rows, confidence, further))
    return tuple(agreements), tuple(rates)


def corrected_rates(
    verdicts: Sequence[Verdict],
    labels: Sequence[Label],
    prompts: Sequence[Prompt],
    clauses: Sequence[Clause],
    speaker: Digest,
    confidence: float,
    drawn_by: str,
) -> tuple[CorrectedRate, ...]:
    """A corrected rate for every one that :func:`colonnade.evaluation.measure` gives, and for pillar × language.

    Each belongs to the measurement of the same ``metric``, ``grader``, ``speaker`` and ``group``.
    Where ``corrected`` is false nobody labelled an answer of the group, and the measurement is the
    grader's word alone: it must be shown as such.

    Args:
        verdicts: on every answer of one speaker, by one grader or more.
        labels: people's, of some of those answers; labels of other answers are passed over.
        prompts: of the verdicts.
        clauses: for the pillars.
        speaker: whose answers these are.
        confidence: of every interval.
        drawn_by: the grader by whose findings the labelled answers were drawn.
    """
    by_id = {prompt.id: prompt for prompt in prompts}
    pillars = {clause.id: str(clause.pillar) for clause in clauses}
    return tuple(
        _corrected(grader, metric, group, speaker, members, confidence, 0)
        for (grader, metric), rows in _by_grader(verdicts, agreed(labels), by_id, drawn_by).items()
        for group, members in _groups(rows, by_id, pillars, clauses_too=True).items()
    )


def _by_grader(
    verdicts: Sequence[Verdict], found: Mapping[Digest, Finding], prompts: Mapping[str, Prompt], drawn_by: str
) -> dict[tuple[str, str], list[_Judged]]:
    """Judged answers by grader and metric; a label that its prompt cannot have says nothing."""
    verdicts = standing(verdicts)
    drawn_as = {row.transcript: row.finding for row in verdicts if row.grader == drawn_by}

    def failed(row: Verdict, failure: Finding) -> bool | None:
        said = found.get(row.transcript)
        return said is failure if said is not None and fits(prompts[row.prompt].expected, said) else None

    return {
        (grader, metric): [
            _Judged(row, drawn_as.get(row.transcript, Finding.UNSCORED), failed(row, failure))
            for row in verdicts
            if row.grader == grader and prompts[row.prompt].expected is expected
        ]
        for grader in sorted({row.grader for row in verdicts})
        for metric, (expected, failure) in METRICS.items()
    }


def _groups(
    rows: Iterable[_Judged], prompts: Mapping[str, Prompt], pillars: Mapping[str, str], clauses_too: bool
) -> dict[str, list[_Judged]]:
    groups: dict[str, list[_Judged]] = {"all": []}
    for row in rows:
        pillar = f"pillar:{pillars[row.verdict.clause]}"
        language = f"language:{prompts[row.verdict.prompt].language}"
        clause = (f"clause:{row.verdict.clause}",) if clauses_too else ()
        for name in ("all", pillar, language, f"{pillar}/{language}", *clause):
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
    group: str,
    speaker: Digest,
    rows: Sequence[_Judged],
    confidence: float,
    further: int,
) -> CorrectedRate:
    """Answers that the grader could not judge are strata of their own: without labels they could be anything."""
    failure = METRICS[metric][1]
    findings = (failure, Finding.UPHOLDS, Finding.UNSCORED)
    strata, owners = list[Stratum](), list[Finding]()
    for finding in findings:
        own = _strata(row for row in rows if row.verdict.finding is finding)
        strata += own
        owners += [finding] * len(own)
    scored = sum(row.verdict.finding is not Finding.UNSCORED for row in rows)
    labels = sum(row.labelled for row in strata)
    corrected = stratified_rate(strata, confidence) if labels else None
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
        labels=labels,
        confidence=confidence,
        method=corrected.reason if corrected else "nobody labelled an answer" if rows else "there is no answer",
        group=group,
        more=tuple((finding, more[finding]) for finding in findings),
    )
