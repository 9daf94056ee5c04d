"""The gate's decision, taken again from what it read.

Nothing here is shared with the gate: the same rules, written a second time. Of each reason it is looked at
what it comes to, and whether its sentence has the numbers that the records behind it give.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import Recounted
from colonnade.audit.recounts.gate_rules import Basis, Expectation, expected_reasons
from colonnade.audit.written import Written, clauses_as_read, same_parameters
from colonnade.records import (
    CapabilityComparison,
    CapabilityResult,
    Checkpoint,
    Clause,
    Comparison,
    Contamination,
    CorrectedRate,
    Decision,
    FrontierFinding,
    HarmCoverage,
    Measurement,
    Outcome,
    PolicyReview,
    Reason,
    ReviewRequest,
    Run,
)

_KIND = "Decision"
_ORDER = (Outcome.RELEASE, Outcome.HOLD, Outcome.WITHHOLD)
_NUMBER = re.compile(r"(?<![\w.-])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?%?")


def recounted_decisions(run: Run, archive: Archive, written: Written) -> Iterator[Recounted]:
    """Every decision of a run: always that the worst reason decided, and each reason where the rules are known."""
    for decision in archive.made(Decision, run):
        checkpoints = archive.taken(Checkpoint, run)
        if not checkpoints:
            yield Recounted(_KIND, (), "the step read no checkpoint that it could be about")
            continue
        problems = list(_worst_decides(decision))
        if [row.digest for row in checkpoints] != [decision.checkpoint]:
            problems.append(f"the decision is on {decision.checkpoint}, which is not the checkpoint that was read.")
            yield Recounted(_KIND, tuple(problems))
            continue
        clauses = clauses_as_read(run, written)
        if isinstance(clauses, str) or written.launch is None:
            yield Recounted(_KIND, tuple(problems), written.why if isinstance(clauses, tuple) else clauses)
        elif not same_parameters(run, written, ("gate",)):
            yield Recounted(_KIND, tuple(problems), "the launch has other rules for the gate now")
        else:
            problems += _reviews_left_out(archive.taken(PolicyReview, run), clauses)
            basis = _basis(run, archive, checkpoints[0])._replace(clauses=clauses, recipe=written.launch.gate)
            differ = _reasons_differ(decision.reasons, tuple(expected_reasons(basis)))
            yield Recounted(_KIND, tuple(problems), by_rules=tuple(differ))


def _basis(run: Run, archive: Archive, checkpoint: Checkpoint) -> Basis:
    return Basis(
        checkpoint=checkpoint,
        measurements=archive.taken(Measurement, run),
        comparisons=archive.taken(Comparison, run),
        corrected=archive.taken(CorrectedRate, run),
        results=archive.taken(CapabilityResult, run),
        kept=archive.taken(CapabilityComparison, run),
        findings=archive.taken(FrontierFinding, run),
        requests=archive.taken(ReviewRequest, run),
        coverage=archive.taken(HarmCoverage, run),
        reviews=archive.taken(PolicyReview, run),
        contaminations=archive.taken(Contamination, run),
    )


def _reviews_left_out(reviews: Sequence[PolicyReview], clauses: Sequence[Clause]) -> Iterator[str]:
    """A policy that nobody reviewed must not be missing from what the gate read: it would hold nothing."""
    for policy in sorted({clause.admin.policy for clause in clauses} - {row.policy for row in reviews}):
        yield f"the decision rests on no review of the policy '{policy}', whose clauses it read."


def _worst_decides(decision: Decision) -> Iterator[str]:
    found = max((reason.outcome for reason in decision.reasons), key=_ORDER.index, default=Outcome.HOLD)
    if decision.outcome is not found:
        yield f"the decision has 'outcome' at {decision.outcome}, but the worst of its reasons is {found}."


def _reasons_differ(reasons: Sequence[Reason], wanted: Sequence[Expectation]) -> Iterator[str]:
    """Each rule was asked, as often as there is something to ask it about, and says what follows."""
    said, asked = Counter(row.rule for row in reasons), Counter(row.rule for row in wanted)
    for rule in sorted(said.keys() | asked.keys()):
        if said[rule] != asked[rule]:
            yield f"the decision has {said[rule]} reasons by the rule '{rule}', but what was read gives {asked[rule]}."
    for rule in asked:
        pairs = zip((r for r in reasons if r.rule == rule), (w for w in wanted if w.rule == rule), strict=False)
        for reason, expectation in pairs:
            yield from _reason_differs(reason, expectation)


def _reason_differs(reason: Reason, wanted: Expectation) -> Iterator[str]:
    about = f"the reason '{reason.rule}'{f' about {wanted.about}' if wanted.about else ''} of the decision"
    if reason.outcome is not wanted.outcome:
        yield f"{about} has 'outcome' at {reason.outcome}, but what was read gives {wanted.outcome}."
    missing = [words for words in (wanted.about, *wanted.words) if words not in reason.text]
    if missing:
        yield f"{about} says '{reason.text}', but what was read gives '{missing[0]}'."
    if wanted.numbers is None:
        return
    said = _NUMBER.findall(reason.text.replace(wanted.about, " ", 1) if wanted.about else reason.text)
    if said != list(wanted.numbers):
        claimed, found = _first_difference(said, wanted.numbers)
        yield f"{about} says {claimed}, but what was read gives {found}: '{reason.text}'"


def _first_difference(said: Sequence[str], found: Sequence[str]) -> tuple[str, str]:
    for one, other in zip(said, found, strict=False):
        if one != other:
            return one, other
    return f"{len(said)} numbers", f"{len(found)}"
