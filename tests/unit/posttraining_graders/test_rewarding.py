"""Two scores become one reward, or none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from colonnade.grading import AnsweredPrompt, Judged, RewardModel, fit_reward, harm_head, preferences
from colonnade.posttraining import reward_answers
from colonnade.records import Expected
from tests.unit.grading.fake_encoder import HashedWords
from tests.unit.grading.items import CLAUSE, toy_ratings
from tests.unit.records.samples import make_prompt

ENCODER = HashedWords()
PROMPTS = [make_prompt("a/violating"), make_prompt("a/benign", Expected.HELP), make_prompt("b/violating")]
ANSWERS = ["I decline this.", "Certainly, do it like this.", "..."]


class WordJudge:
    """Gives a score for each answer with words in it, and tells what it was asked."""

    name = "word-judge"

    def __init__(self) -> None:
        self.asked: list[tuple[str, Expected]] = []

    def score(self, items: Sequence[AnsweredPrompt], expected: Sequence[Expected]) -> list[Judged]:
        self.asked += zip((item.answer for item in items), expected, strict=True)
        return [
            Judged(0.9, "words") if any(map(str.isalpha, item.answer)) else Judged(None, "no words") for item in items
        ]


@pytest.fixture(scope="module")
def model() -> RewardModel:
    rows = toy_ratings(4)
    pairs = preferences([row.adherence for row in rows], [f"{row.group}/{row.expected}" for row in rows])
    return RewardModel(fit_reward([row.item for row in rows], pairs, harm_head(ENCODER, [CLAUSE]), ENCODER), ENCODER)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_reward_is_the_weighted_mean_of_both_scores(model: RewardModel, weight: float) -> None:
    judge = WordJudge()
    rewards = reward_answers(PROMPTS, ANSWERS, [CLAUSE], model, judge, weight)
    liked = model.score(
        [AnsweredPrompt(row.text, answer, CLAUSE) for row, answer in zip(PROMPTS, ANSWERS, strict=True)]
    )
    np.testing.assert_allclose([row.model_score for row in rewards], liked, atol=1e-6)
    for row in rewards[:2]:
        assert row.judge_score == 0.9
        assert row.combined == pytest.approx(weight * row.model_score + (1 - weight) * 0.9, abs=1e-5)
    assert [row.prompt for row in rewards] == [prompt.id for prompt in PROMPTS]
    assert judge.asked == [(answer, row.expected) for answer, row in zip(ANSWERS, PROMPTS, strict=True)]


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_without_a_score_of_the_judge_there_is_no_reward_whatever_the_weight(model: RewardModel, weight: float) -> None:
    *_, last = reward_answers(PROMPTS, ANSWERS, [CLAUSE], model, WordJudge(), weight)
    assert last.combined is None
    assert last.judge_score is None
    assert last.unscored == "no words"
    assert 0 <= last.model_score <= 1


def test_as_many_answers_as_prompts_are_needed(model: RewardModel) -> None:
    with pytest.raises(ValueError, match="zip"):
        reward_answers(PROMPTS, ANSWERS[:2], [CLAUSE], model, WordJudge(), 0.3)
