"""Rewards from their two scores, and what graders that reward were measured on: the pairs that people preferred."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import Recounted
from colonnade.audit.recounts.differing import differing
from colonnade.audit.written import Written, same_parameters
from colonnade.records import Answer, GraderReport, ProbeResult, Rating, Reward, Run, Transcript
from colonnade.statistics import exact_interval

_WEIGHT = ("judge", "posttraining.reinforcement.reward_weight")
_ROUNDED = 2e-6
"""Both scores are written to six places, the reward is made from them before that."""


def recounted_rewards(run: Run, archive: Archive, written: Written) -> Iterator[Recounted]:
    """Every reward of a run: the weighted mean of both scores, and none where the judge has none."""
    rewards = archive.made(Reward, run)
    answers = [(row.prompt, row.reply) for row in archive.input(Transcript, run, "posttraining.sample/transcripts")]
    if answers and answers != [(row.prompt, row.answer) for row in rewards]:
        wrong = f"the {len(rewards)} rewards are not of the {len(answers)} answers that the step read, one each."
        yield Recounted("Transcript", (wrong,))
    known = written.launch is not None and same_parameters(run, written, _WEIGHT)
    for place, row in enumerate(rewards, start=1):
        name = f"reward {place}, of an answer to '{row.prompt}',"
        if row.judge_score is None or row.combined is None:
            missing = row.judge_score is None and row.combined is None and bool(row.unscored)
            wrong = f"{name} has one score without the other: no judge's score is no reward, and says why."
            yield Recounted("Reward", () if missing else (wrong,))
        elif known and written.launch is not None:
            weight = written.launch.posttraining.reinforcement.reward_weight
            found = weight * row.model_score + (1 - weight) * row.judge_score
            wrong = f"{name} has 'combined' at {row.combined:.6f}, but its two scores give {found:.6f}."
            yield Recounted("Reward", () if abs(found - row.combined) <= _ROUNDED else (wrong,))
        else:
            low, high = sorted((row.model_score, row.judge_score))
            wrong = f"{name} has 'combined' at {row.combined:.6f}, which is not between {low:.6f} and {high:.6f}."
            between = low - _ROUNDED <= row.combined <= high + _ROUNDED
            yield Recounted(
                "Reward", () if between else (wrong,), written.why or "the weight of both has changed since"
            )


class _Rated(NamedTuple):
    """What people said of answers: mean scores by rubric and answer."""

    answers: tuple[Answer, ...]
    means: Mapping[tuple[str, str], float]


def recounted_reports(run: Run, archive: Archive) -> Iterator[Recounted]:
    """How many pairs or labels a grader was held against, what the blind controls get, and the interval.

    Which of them the grader got right takes the grader; that it is so many of them is looked at.
    """
    for report in archive.made(GraderReport, run):
        rated = _rated(run, archive)
        name = f"the report on {report.grader}"
        expected = {"reward-model": _pairs, "embedded-judge": _labels}.get(report.grader)
        if expected is None or not rated.answers:
            yield Recounted("GraderReport", tuple(_share(name, report)), "no ratings can be read that it rests on")
            continue
        items, controls = expected(rated)
        problems = [*differing(name, report, {"items": items}), *_share(name, report)]
        said = dict(report.controls)
        for control, found in controls.items():
            if control not in said or abs(said[control] - found) > _ROUNDED:
                claimed = f"{said[control]:.6g}" if control in said else "nothing"
                problems.append(f"{name} says {claimed} for the control '{control}', but the ratings give {found:.6g}.")
        yield Recounted("GraderReport", tuple(problems))


def recounted_probes(run: Run, archive: Archive) -> Iterator[Recounted]:
    """The interval of a share of sparse questions; perplexities and twins take the model."""
    for row in archive.made(ProbeResult, run):
        if row.probe != "sparse_questions" or not row.items:
            yield Recounted("ProbeResult", (), "the model's losses on each text are not stored")
            continue
        right, interval = round(row.value * row.items), exact_interval(round(row.value * row.items), row.items)
        name = f"the probe {row.probe} of {row.group} for {row.speaker}"
        found = {"value": right / row.items, "low": interval.low, "high": interval.high}
        yield Recounted("ProbeResult", tuple(differing(name, row, found)))


def _share(name: str, report: GraderReport) -> Iterator[str]:
    """Accuracy is so many of the items, and its interval the exact one."""
    if not report.items:
        return
    right = round(report.accuracy * report.items)
    interval = exact_interval(right, report.items)
    found = {"accuracy": right / report.items, "low": interval.low, "high": interval.high}
    yield from differing(name, report, found)


def _rated(run: Run, archive: Archive) -> _Rated:
    scores: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in archive.taken(Rating, run):
        scores[row.rubric, row.answer].append(row.score)
    means = {key: sum(found) / len(found) for key, found in scores.items()}
    whole = ("helpfulness", "adherence")
    answers = tuple(row for row in archive.taken(Answer, run) if all((rubric, row.id) in means for rubric in whole))
    return _Rated(answers, means)


def _pairs(rated: _Rated) -> tuple[int, dict[str, float]]:
    """Pairs of answers to one prompt of which people scored one higher, and who prefers the longer, or the shorter."""
    by_prompt: dict[str, list[Answer]] = defaultdict(list)
    for answer in rated.answers:
        by_prompt[answer.prompt].append(answer)
    better_first: list[tuple[int, int]] = []
    for answers in by_prompt.values():
        for one, other in combinations(answers, 2):
            first, second = (_mean(rated, row) for row in (one, other))
            if first != second:
                lengths = (len(one.text), len(other.text))
                better_first.append(lengths if first > second else (lengths[1], lengths[0]))
    count = len(better_first)
    longer = sum(better > worse for better, worse in better_first) / count if count else 0.0
    shorter = sum(better < worse for better, worse in better_first) / count if count else 0.0
    return count, {"the longer answer": longer, "the shorter answer": shorter}


def _mean(rated: _Rated, answer: Answer) -> float:
    return (rated.means["helpfulness", answer.id] + rated.means["adherence", answer.id]) / 2


def _labels(rated: _Rated) -> tuple[int, dict[str, float]]:
    """Every rated answer is a label: it adheres from a mean of 4 on."""
    count = len(rated.answers)
    good = sum(rated.means["adherence", answer.id] >= 4 for answer in rated.answers) / count if count else 0.0
    return count, {"always 'adheres'": good, "always 'violates'": 1 - good}
