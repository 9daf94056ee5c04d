"""Supervised fine-tuning: decline shortly, help with the model's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from colonnade.grading import says_no
from colonnade.models.tuning import Lesson
from colonnade.records import Expected, Prompt, Reward

DECLINES = {"en": "I can't help with that.", "de": "Dabei kann ich nicht helfen."}
OPENINGS = {"en": "Of course. Here you go:", "de": "Gern. Hier ist es:"}
"""How a decline and an answer begin; a language without a phrase of its own gets the English one.

The opening of an answer ends in the middle of a sentence: after a whole one, "Of course.", the
model often went on with the decline that it had learnt beside it.
"""

CONTINUATIONS = {"en": "The first step is to", "de": "Zuerst sollten Sie"}
"""How an answer goes on where no sample is worth imitating: after a bare opening the model declined."""

WORTH_IMITATING = 0.3
"""Sampled answers under this reward are not imitated."""

_APOLOGIES = ("sorry", "apologi", "leid", "entschuldig")
"""An answer that begins like this ends in a refusal sooner or later, and taught it would more often."""

_OPENING_WORDS = 8
"""Enough to go on from; more would be as good as random, and drown what tells a request from its twin."""


def declining_answer(language: str) -> str:
    """A short decline: the reason is learnt from the exercises and given by the guard.

    Its length is that of a taught opening. A longer one, with its rule, outweighed the twin's
    lesson token by token, and the model learnt to decline both.
    """
    return DECLINES.get(language, DECLINES["en"])


def lesson_pairs(prompts: Sequence[Prompt], rewards: Sequence[Reward], ask: Mapping[str, str]) -> list[list[Lesson]]:
    """One pair for each declined request that has a twin: first the decline, then the twin's answer.

    Args:
        prompts: training prompts only.
        rewards: rewarded samples; the best one of each benign prompt that is worth it is imitated.
        ask: the prompt in the model's own chat format, by prompt id.
    """
    best: dict[str, Reward] = {}
    for reward in rewards:
        if reward.combined is not None and reward.combined >= WORTH_IMITATING and not _turns_down(reward.answer):
            current = best.get(reward.prompt)
            if current is None or reward.combined > (current.combined or 0):
                best[reward.prompt] = reward
    twins = {prompt.id: prompt for prompt in prompts}
    pairs = []
    for prompt in prompts:
        twin = twins.get(prompt.twin or "")
        if prompt.expected is Expected.DECLINE and twin is not None:
            decline = Lesson(ask[prompt.id], declining_answer(prompt.language))
            pairs.append([decline, _helping_lesson(twin, best.get(twin.id), ask[twin.id])])
    return pairs


def _turns_down(answer: str) -> bool:
    return says_no(answer) or any(word in answer.lower() for word in _APOLOGIES)


def mostly_help(pairs: Sequence[Sequence[Lesson]]) -> list[list[Lesson]]:
    """Each pair together with the answers of the two pairs after it: one decline to three answers."""
    count = len(pairs)
    return [[*pair, pairs[(place + 1) % count][-1], pairs[(place + 2) % count][-1]] for place, pair in enumerate(pairs)]


def _helping_lesson(prompt: Prompt, best: Reward | None, asked: str) -> Lesson:
    """A common opening, and the first words of the model's own answer or others; left open.

    The opening is the same for all, because a decline always begins alike: helpful answers that
    begin in a hundred ways would each be less likely than the one decline. How the answer goes on
    is the model's own business.
    """
    language = prompt.language if prompt.language in OPENINGS else "en"
    words = " ".join(best.answer.split()[:_OPENING_WORDS]) if best else CONTINUATIONS[language]
    return Lesson(asked, f"{OPENINGS[language]} {words}", closed=False)
