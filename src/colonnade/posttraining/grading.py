"""The two graders that reward: fitted on ratings, and measured beside what needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from colonnade.grading import (
    AnsweredPrompt,
    JudgeWeights,
    LinearHead,
    Preference,
    RatedAnswer,
    RewardWeights,
    answer_features,
    cross_validate,
    cross_validated_choices,
    fit_judge,
    fit_reward,
    preferences,
    surface,
)
from colonnade.models import Encoder
from colonnade.posttraining.ratings import RatedAnswers
from colonnade.records import Clause, GraderReport, Prompt
from colonnade.statistics import exact_interval


class FittedReward(NamedTuple):
    """A reward model and how often it prefers what raters preferred, on prompts it never saw."""

    weights: RewardWeights
    report: GraderReport


class FittedJudge(NamedTuple):
    """A judge and how often it sides with the raters, on prompts it never saw."""

    weights: JudgeWeights
    report: GraderReport


def train_reward_model(
    rated: RatedAnswers, prompts: Sequence[Prompt], clauses: Sequence[Clause], harm: LinearHead, encoder: Encoder
) -> FittedReward:
    """Bradley–Terry on every pair of answers that raters scored differently, both rubrics averaged."""
    items = _answered(rated, prompts, clauses)
    helpful, adheres = rated.mean("helpfulness"), rated.mean("adherence")
    scores = [(helpful[answer.id] + adheres[answer.id]) / 2 for answer in rated.answers]
    row_of = _rows_of(prompts)
    pairs = [
        Preference(pair.better, pair.worse, row_of[pair.group])
        for pair in preferences(scores, [answer.prompt for answer in rated.answers])
    ]
    features = answer_features(encoder, items, harm)
    right = cross_validated_choices(features, pairs)
    report = grader_report(
        "reward-model", "prefers what raters preferred", right, reward_controls([item.answer for item in items], pairs)
    )
    return FittedReward(fit_reward(items, pairs, harm, encoder), report)


def reward_controls(answers: Sequence[str], pairs: Sequence[Preference]) -> tuple[tuple[str, float], ...]:
    """Accuracy of choosing the shorter answer, the longer one, and of surface facts alone."""
    lengths = [len(answer) for answer in answers]
    shorter = float(np.mean([lengths[pair.better] < lengths[pair.worse] for pair in pairs])) if pairs else 0.0
    longer = float(np.mean([lengths[pair.better] > lengths[pair.worse] for pair in pairs])) if pairs else 0.0
    plain = cross_validated_choices(np.asarray([surface(answer) for answer in answers]), pairs) if pairs else [False]
    return (
        ("the longer answer", longer),
        ("the shorter answer", shorter),
        ("surface facts alone", float(np.mean(plain))),
    )


def calibrate_judge(
    rated: RatedAnswers, prompts: Sequence[Prompt], clauses: Sequence[Clause], harm: LinearHead, encoder: Encoder
) -> FittedJudge:
    """The embedded judge, on the adherence ratings."""
    items = _answered(rated, prompts, clauses)
    by_id = {prompt.id: prompt for prompt in prompts}
    adheres = rated.mean("adherence")
    row_of = _rows_of(prompts)
    rows = [
        RatedAnswer(item, by_id[answer.prompt].expected, adheres[answer.id], row_of[answer.prompt])
        for item, answer in zip(items, rated.answers, strict=True)
    ]
    right = cross_validate(rows, harm, encoder)
    good = float(np.mean([row.adherence >= 4 for row in rows])) if rows else 0.0
    controls = (("always 'violates'", 1 - good), ("always 'adheres'", good))
    report = grader_report("embedded-judge", "adheres or not, as raters say", right, controls)
    return FittedJudge(fit_judge(rows, harm, encoder), report)


def grader_report(name: str, task: str, right: Sequence[bool], controls: tuple[tuple[str, float], ...]) -> GraderReport:
    """Accuracy with its exact interval, beside the controls."""
    interval = exact_interval(sum(right), len(right))
    return GraderReport(
        grader=name,
        task=task,
        accuracy=sum(right) / len(right) if right else 0.0,
        low=interval.low,
        high=interval.high,
        items=len(right),
        controls=controls,
    )


def _answered(rated: RatedAnswers, prompts: Sequence[Prompt], clauses: Sequence[Clause]) -> list[AnsweredPrompt]:
    by_id = {prompt.id: prompt for prompt in prompts}
    by_clause = {clause.id: clause for clause in clauses}
    return [
        AnsweredPrompt(by_id[answer.prompt].text, answer.text, by_clause[by_id[answer.prompt].clause])
        for answer in rated.answers
    ]


def _rows_of(prompts: Sequence[Prompt]) -> dict[str, str]:
    """The cluster of each prompt: answers to twins must not stand on both sides of a fold."""
    return {prompt.id: prompt.cluster for prompt in prompts}
