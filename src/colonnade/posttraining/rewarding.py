"""Two scores become one reward; what the judge cannot score gets none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from colonnade.grading import AnsweredPrompt, Judged, RewardModel
from colonnade.records import Clause, Expected, Prompt, Reward


class Judge(Protocol):
    """The embedded judge, or one over HTTP."""

    name: str

    def score(self, items: Sequence[AnsweredPrompt], expected: Sequence[Expected]) -> list[Judged]:
        """One score between 0 and 1 per answer, or the reason why there is none."""
        ...


def reward_answers(
    prompts: Sequence[Prompt],
    answers: Sequence[str],
    clauses: Sequence[Clause],
    model: RewardModel,
    judge: Judge,
    reward_weight: float,
) -> list[Reward]:
    """One reward per answer: ``reward_weight`` of the model's score, the rest of the judge's.

    Where the judge has no score the combined reward is missing too: the reward model alone is
    easily pleased.
    """
    by_id = {clause.id: clause for clause in clauses}
    items = [
        AnsweredPrompt(prompt.text, answer, by_id[prompt.clause])
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    liked = model.score(items)
    judged = judge.score(items, [prompt.expected for prompt in prompts])
    return [
        Reward(
            prompt=prompt.id,
            answer=answer,
            model_score=round(float(score), 6),
            judge_score=None if result.score is None else round(result.score, 6),
            combined=None
            if result.score is None
            else round(reward_weight * float(score) + (1 - reward_weight) * result.score, 6),
            unscored="" if result.score is not None else result.reason,
        )
        for prompt, answer, score, result in zip(prompts, answers, liked, judged, strict=True)
    ]
