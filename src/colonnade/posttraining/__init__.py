"""Prompts, ratings and a checkpoint in; rewards and a checkpoint out."""

from colonnade.posttraining.grading import calibrate_judge, grader_report, reward_controls, train_reward_model
from colonnade.posttraining.ratings import RatedAnswers, read_ratings
from colonnade.posttraining.rewarding import reward_answers
from colonnade.posttraining.selection import Candidate, example_prompts, select

__all__ = [
    "Candidate",
    "RatedAnswers",
    "calibrate_judge",
    "example_prompts",
    "grader_report",
    "read_ratings",
    "reward_answers",
    "reward_controls",
    "select",
    "train_reward_model",
]
