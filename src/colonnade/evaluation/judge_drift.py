"""Two versions of a grader on the same answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from colonnade.evaluation.calibration import corrected_rates
from colonnade.evaluation.measuring import METRICS, standing
from colonnade.grading.people import agreed, fits
from colonnade.records import Clause, CorrectedRate, Digest, Finding, JudgeDrift, Label, Prompt, Verdict
from colonnade.statistics import clustered_paired_difference, cohen_kappa, mcnemar_exact


def judge_drift(
    old: Sequence[Verdict],
    new: Sequence[Verdict],
    labels: Sequence[Label],
    prompts: Sequence[Prompt],
    clauses: Sequence[Clause],
    speaker: Digest,
    confidence: float,
    drawn_by: str,
) -> tuple[JudgeDrift, ...]:
    """For each grader that both have, and each metric, what changed between the two.

    With labels, both rates are corrected by them: where the corrected rates agree and the raw ones
    do not, the judge moved and the model did not.

    Args:
        old: verdicts of the old versions on answers of one speaker.
        new: verdicts of the new ones on the same answers; answers that only one side has are passed over.
        labels: people's, of some of the answers; may be none.
        prompts: of the verdicts.
        clauses: for the corrected rates.
        speaker: whose answers these are.
        confidence: of every interval.
        drawn_by: the grader by whose old findings the labelled answers were drawn.
    """
    by_id, found = {prompt.id: prompt for prompt in prompts}, agreed(labels)
    sides = [{(row.grader, row.transcript): row for row in standing(rows)} for rows in (old, new)]
    shared = sides[0].keys() & sides[1].keys()
    # The drawing grader's old findings stand by under another name, so that the strata of the labels hold for both.
    drawing = f"{drawn_by} as drawn"
    drawn_as = [sides[0][key].model_copy(update={"grader": drawing}) for key in sorted(shared) if key[0] == drawn_by]

    def corrected(rows: Sequence[Verdict]) -> dict[str, CorrectedRate]:
        """One rate per metric; none where nobody labelled an answer."""
        if not labels:
            return {}
        rates = corrected_rates([*rows, *drawn_as], labels, prompts, clauses, speaker, confidence, drawing)
        return {row.metric: row for row in rates if row.group == "all" and row.grader != drawing}

    drifts = []
    for grader in sorted({grader for grader, _ in shared}):
        both = [(sides[0][key], sides[1][key]) for key in sorted(shared) if key[0] == grader]
        old_rates, new_rates = corrected([one for one, _ in both]), corrected([two for _, two in both])
        for metric, (expected, failure) in METRICS.items():
            pairs = [(one, two) for one, two in both if by_id[one.prompt].expected is expected]
            drift = _drift(grader, metric, pairs, failure, by_id, found, confidence)
            update = {"old_corrected": old_rates.get(metric), "new_corrected": new_rates.get(metric)}
            drifts.append(drift.model_copy(update=update))
    return tuple(drifts)


def _drift(
    grader: str,
    metric: str,
    pairs: Sequence[tuple[Verdict, Verdict]],
    failure: Finding,
    prompts: Mapping[str, Prompt],
    found: Mapping[Digest, Finding],
    confidence: float,
) -> JudgeDrift:
    unscored = [(one.finding is Finding.UNSCORED, two.finding is Finding.UNSCORED) for one, two in pairs]
    scored = [pair for pair, silent in zip(pairs, unscored, strict=True) if not any(silent)]
    fails = [(one.finding is failure, two.finding is failure) for one, two in scored]
    only_old, only_new = fails.count((True, False)), fails.count((False, True))
    difference = clustered_paired_difference(
        [one for one, _ in fails],
        [two for _, two in fails],
        [prompts[one.prompt].cluster for one, _ in scored],
        confidence,
    )
    table = [[fails.count((True, True)), only_old], [only_new, fails.count((False, False))]]
    kappa = cohen_kappa(table, confidence)
    right = [
        (one.finding is said, two.finding is said)
        for one, two in scored
        if (said := found.get(one.transcript)) is not None and fits(prompts[one.prompt].expected, said)
    ]
    return JudgeDrift(
        grader=grader,
        metric=metric,
        pairs=len(scored),
        only_old=only_old,
        only_new=only_new,
        lost=unscored.count((False, True)),
        won=unscored.count((True, False)),
        neither=unscored.count((True, True)),
        p_value=mcnemar_exact(only_old, only_new),
        difference=difference.estimate,
        low=difference.low,
        high=difference.high,
        confidence=confidence,
        kappa=kappa.estimate if kappa else None,
        kappa_low=kappa.low if kappa else -1.0,
        kappa_high=kappa.high if kappa else 1.0,
        changed=tuple((one.transcript, one.finding, two.finding) for one, two in pairs if one.finding != two.finding),
        labelled=len(right),
        old_right=sum(one for one, _ in right),
        new_right=sum(two for _, two in right),
        right_p_value=mcnemar_exact(right.count((True, False)), right.count((False, True))),
    )
