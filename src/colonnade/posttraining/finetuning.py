"""Supervised fine-tuning: decline with the reason, help with the model's own best words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from colonnade.models.tuning import Lesson
from colonnade.records import Clause, Expected, Prompt, Reward

DECLINES = {"en": "I can't help with that.", "de": "Dabei kann ich nicht helfen."}
OPENINGS = {"en": "Of course.", "de": "Gern."}
"""How a decline and an answer begin; a language without a phrase of its own gets the English one."""

FALLBACKS = {
    "en": "Tell me a little more, and I will help you with it.",
    "de": "Sagen Sie mir etwas mehr dazu, dann helfe ich Ihnen weiter.",
}
"""What is taught where no sampled answer is worth imitating."""

PLAINLY_BAD = 0.15
"""Sampled answers under this reward, needless refusals above all, are not imitated."""

_OPENING_WORDS = 10


def declining_answer(clause: Clause, language: str) -> str:
    """A decline that names its rule."""
    decline = DECLINES.get(language, DECLINES["en"])
    if language == "de":
        return f"{decline} Es geht um: {clause.title}."
    return f"{decline} It falls under our rule on {clause.title[0].lower()}{clause.title[1:]}."


def lesson_pairs(
    prompts: Sequence[Prompt], clauses: Sequence[Clause], rewards: Sequence[Reward], ask: Mapping[str, str]
) -> list[list[Lesson]]:
    """One pair for each declined request that has a twin: first the decline, then the twin's answer.

    Args:
        prompts: training prompts only.
        clauses: those that the prompts name.
        rewards: rewarded samples; the best good one of each benign prompt is imitated.
        ask: the prompt in the model's own chat format, by prompt id.
    """
    by_id = {clause.id: clause for clause in clauses}
    best: dict[str, Reward] = {}
    for reward in rewards:
        if reward.combined is not None and reward.combined >= PLAINLY_BAD:
            current = best.get(reward.prompt)
            if current is None or reward.combined > (current.combined or 0):
                best[reward.prompt] = reward
    twins = {prompt.id: prompt for prompt in prompts}
    pairs = []
    for prompt in prompts:
        twin = twins.get(prompt.twin or "")
        if prompt.expected is Expected.DECLINE and twin is not None:
            decline = Lesson(ask[prompt.id], declining_answer(by_id[prompt.clause], prompt.language))
            pairs.append([decline, _helping_lesson(twin, best.get(twin.id), ask[twin.id])])
    return pairs


def _helping_lesson(prompt: Prompt, best: Reward | None, asked: str) -> Lesson:
    """A common opening and the first words of the model's own answer, left open.

    The opening is the same for all, because a decline always begins alike: helpful answers that
    begin in a hundred ways would each be less likely than the one decline. How the answer goes on
    is the model's own business.
    """
    opening = OPENINGS.get(prompt.language, OPENINGS["en"])
    if best is None:
        return Lesson(asked, f"{opening} {FALLBACKS.get(prompt.language, FALLBACKS['en'])}")
    return Lesson(asked, " ".join([opening, *best.answer.split()[:_OPENING_WORDS]]), closed=False)
