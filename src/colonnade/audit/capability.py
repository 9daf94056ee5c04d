"""The results of the general questions, counted again from the stored answers.

Nothing here is shared with the stage that measured: the same definition, written a second time. A choice is decided
again from the likelihoods of its options. Of a free answer it is seen again that what was taken stands in the reply,
and whether it is an answer that counts; which part of a reply is its answer, and whether it declines, is not judged
again.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import Recounted
from colonnade.records import (
    AnswerFinding,
    CapabilityAnswer,
    CapabilityComparison,
    CapabilityResult,
    Record,
    Run,
)
from colonnade.statistics import (
    clustered_interval,
    clustered_lower_bound,
    clustered_paired_difference,
    exact_interval,
    lower_bound,
    mcnemar_exact,
    paired_difference,
)

CAPABILITY_STEP, ASKED_FOR = "evaluation.capability", "evaluate."
_TOLERANCE = 1e-6


class _Item(NamedTuple):
    """One question as one side has it: 1 right, 0 not, none unscored."""

    cluster: tuple[str, str]
    right: int | None


def recounted_capability(run: Run, archive: Archive) -> Iterator[Recounted]:
    """Counting the answers again gives the shares, their intervals and the comparisons that were written."""
    if run.step != CAPABILITY_STEP and not run.step.startswith(ASKED_FOR):
        return
    answers = {digest: archive.records(CapabilityAnswer, digest) for _, digest in run.outputs}
    every = [answer for rows in answers.values() for answer in rows]
    for answer in every:
        yield Recounted("CapabilityAnswer", tuple(the_finding_follows(answer)))
    for result in archive.made(CapabilityResult, run):
        rows = answers.get(result.answers, ())
        yield Recounted("CapabilityResult", tuple(the_result_follows(result, rows)))
    for comparison in archive.made(CapabilityComparison, run):
        yield Recounted("CapabilityComparison", tuple(the_comparison_follows(comparison, every)))


def the_finding_follows(answer: CapabilityAnswer) -> Iterator[str]:
    """The likeliest option was taken; what was taken from a reply stands in it; right is what counts as right."""
    name = f"the answer of {answer.speaker} to '{answer.item}' of '{answer.suite}'"
    if answer.finding is AnswerFinding.UNSCORED:
        if answer.stop != "fault":
            yield f"{name} is unscored, although it was given."
        return
    if answer.kind == "choice":
        best = max(range(len(answer.scores)), key=answer.scores.__getitem__, default=-1)
        if answer.taken != str(best) or len(answer.scores) != answer.options:
            yield f"{name} took the option {answer.taken or 'none'}, but the likeliest of its scores is {best}."
    elif answer.taken and _letters(answer.taken).lstrip("0") not in _letters(answer.reply):
        yield f"{name} took '{answer.taken}', which does not stand in the reply."
    counts = answer.taken in answer.expected
    if answer.finding is AnswerFinding.RIGHT and not counts:
        yield f"{name} is called right, but '{answer.taken}' is no answer that counts."
    if answer.finding is AnswerFinding.WRONG and counts:
        yield f"{name} is called wrong, but '{answer.taken}' is an answer that counts."


def the_result_follows(result: CapabilityResult, answers: Sequence[CapabilityAnswer]) -> Iterator[str]:
    """Counts, rate, chance and bounds are those of the answers that it names."""
    name = f"the result of {result.group} for {result.speaker}"
    rows = [one for one in answers if one.speaker == result.speaker and result.group in _groups(one)]
    if not rows:
        yield f"{name} cannot be counted again: there are no readable answers in {result.answers}."
        return
    found = [one.finding for one in rows]
    right, unscored = found.count(AnswerFinding.RIGHT), found.count(AnswerFinding.UNSCORED)
    items, scored = [_item(one) for one in rows], len(rows) - unscored
    best = [item._replace(right=1 if item.right is None else item.right) for item in items]
    numbers: Mapping[str, float | None] = {
        "items": len(rows),
        "right": right,
        "declined": found.count(AnswerFinding.DECLINED),
        "unscored": unscored,
        "cut": [one.stop for one in rows].count("length"),
        "rate": right / scored if scored else None,
        "chance": sum(1 / one.options for one in rows if one.options) / len(rows),
        "low": _bounds(items, result.confidence)[0],
        "high": _bounds(best, result.confidence)[1],
        "lower": _bounds(items, result.confidence)[2],
    }
    yield from (f"{name} {problem}" for problem in _differing(result, numbers))


def the_comparison_follows(comparison: CapabilityComparison, answers: Sequence[CapabilityAnswer]) -> Iterator[str]:
    """Pairs, difference, interval and p are those of the answers of both."""
    name = f"the comparison of {comparison.group}"
    rows = [row for row in answers if comparison.group in _groups(row)]
    one, other = (
        {(row.suite, row.item): _item(row) for row in rows if row.speaker == who}
        for who in (comparison.first, comparison.second)
    )
    if not one or one.keys() != other.keys():
        yield f"{name} cannot be counted again: its two sides have no readable answers to the same questions."
        return
    pairs = [(one[key].right, other[key].right, one[key].cluster) for key in one]
    scored = [(left, right) for left, right, _ in pairs if left is not None and right is not None]
    lost, gained = scored.count((1, 0)), scored.count((0, 1))
    numbers: Mapping[str, float | None] = {
        "pairs": len(scored),
        "lost": lost,
        "gained": gained,
        "unpaired": len(pairs) - len(scored),
        "p_value": mcnemar_exact(lost, gained),
        "difference": (gained - lost) / len(scored) if scored else 0.0,
        "low": _gap(pairs, 1, 0, comparison.confidence)[0],
        "high": _gap(pairs, 0, 1, comparison.confidence)[1],
    }
    yield from (f"{name} {problem}" for problem in _differing(comparison, numbers))


def _differing(written: Record, numbers: Mapping[str, float | None]) -> Iterator[str]:
    for field, counted in numbers.items():
        said = getattr(written, field)
        if (said is None) != (counted is None) or abs((said or 0) - (counted or 0)) > _TOLERANCE:
            yield f"has '{field}' at {said}, but its answers give {counted}."


def _groups(answer: CapabilityAnswer) -> frozenset[str]:
    return frozenset(("all", f"kind:{answer.kind}", f"suite:{answer.suite}"))


def _item(answer: CapabilityAnswer) -> _Item:
    right = None if answer.finding is AnswerFinding.UNSCORED else int(answer.finding is AnswerFinding.RIGHT)
    return _Item((answer.suite, answer.cluster), right)


def _bounds(items: Sequence[_Item], confidence: float) -> tuple[float, float, float]:
    """Low and high end of the interval and the one-sided lower bound; what is unscored counts as wrong."""
    events, trials = defaultdict[tuple[str, str], float](float), defaultdict[tuple[str, str], float](float)
    for item in items:
        events[item.cluster] += item.right or 0
        trials[item.cluster] += 1
    if len(trials) == len(items):
        hits = sum(events.values())
        return (*exact_interval(hits, len(items), confidence), lower_bound(hits, len(items), confidence))
    by_cluster = list(events.values()), list(trials.values())
    return (*clustered_interval(*by_cluster, confidence), clustered_lower_bound(*by_cluster, confidence))


def _gap(
    pairs: Sequence[tuple[int | None, int | None, tuple[str, str]]], first: int, second: int, confidence: float
) -> tuple[float, float]:
    """The interval of the difference with these in the place of what is unscored on either side."""
    left = [first if one is None else one for one, _, _ in pairs]
    right = [second if other is None else other for _, other, _ in pairs]
    clusters = [f"{suite}/{cluster}" for _, _, (suite, cluster) in pairs]
    if len(set(clusters)) == len(pairs):
        moved = list(zip(left, right, strict=True))
        found = paired_difference(moved.count((1, 0)), moved.count((0, 1)), len(pairs), confidence)
    else:
        found = clustered_paired_difference(left, right, clusters, confidence)
    return found.low, found.high


def _letters(text: str) -> str:
    """Letters and digits alone, so that 1,234 holds 1234; digits of any script as 0 to 9."""
    signs = unicodedata.normalize("NFKC", text).casefold()
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in signs if sign.isalnum())
