"""Transcripts and clauses in; verdicts out. Rules, a calibrated judge, a reward model, a served judge."""

from colonnade.grading.features import AnsweredPrompt, LinearHead, answer_features, harm_head, says_no, surface
from colonnade.grading.grader import GRADERS, Grader, Item, grader
from colonnade.grading.judge import EmbeddedJudge, Judged, JudgeWeights, RatedAnswer, cross_validate, fit_judge
from colonnade.grading.reward_model import (
    Preference,
    RewardModel,
    RewardWeights,
    cross_validated_choices,
    fit_reward,
    preferences,
)

__all__ = [
    "GRADERS",
    "AnsweredPrompt",
    "EmbeddedJudge",
    "Grader",
    "Item",
    "JudgeWeights",
    "Judged",
    "LinearHead",
    "Preference",
    "RatedAnswer",
    "RewardModel",
    "RewardWeights",
    "answer_features",
    "cross_validate",
    "cross_validated_choices",
    "fit_judge",
    "fit_reward",
    "grader",
    "harm_head",
    "preferences",
    "says_no",
    "surface",
]
