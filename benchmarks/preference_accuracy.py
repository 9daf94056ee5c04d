"""A reward model of our kind, trained and measured on public preference pairs, beside what needs none."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colonnade.grading import AnsweredPrompt, Preference, RewardModel, RewardWeights, surface
from colonnade.grading.reward_model import fit_differences
from colonnade.models import Encoder
from public_data import NO_CLAUSE, Pair
from results import Rate, rate, show

FOLDS = 5
BUCKETS = 4096

Array = NDArray[np.float64]
Features = Callable[[Sequence[int]], Array]
"""Features of all answers; what they learn of the texts, they may learn from these places alone."""


def measure_reward(pairs: Sequence[Pair], encoder: Encoder, trained: RewardWeights | None) -> dict[str, Any]:
    """Held-out pair accuracy of every contender on the same pairs.

    Args:
        pairs: answers that people preferred, and the other ones.
        encoder: reads each answer and the last human turn before it.
        trained: the workspace's own reward model, which learnt another task; none where no run is.
    """
    answers = [answer for pair in pairs for answer in (pair.chosen, pair.rejected)]
    preferences = [Preference(2 * place, 2 * place + 1, pair.first_turn) for place, pair in enumerate(pairs)]
    facts = np.asarray([surface(answer) for answer in answers])
    embedded = np.hstack([_embedded(pairs, answers, encoder), facts])
    shorter = [len(pair.chosen) < len(pair.rejected) for pair in pairs]
    longer = [len(pair.chosen) > len(pair.rejected) for pair in pairs]
    right: dict[str, Sequence[bool]] = {
        "Bradley–Terry on MiniLM, as ours": held_out(preferences, lambda _: embedded),
        "Bradley–Terry on hashed TF-IDF": held_out(preferences, lambda places: tf_idf(answers, places)),
        "Bradley–Terry on surface facts": held_out(preferences, lambda _: facts),
        "the shorter answer": shorter,
        "the longer answer": longer,
    }
    if trained is not None:
        right["the workspace's reward model, another task"] = _workspace_choices(pairs, trained, encoder)
    return _shown(right, pairs)


def _shown(right: Mapping[str, Sequence[bool]], pairs: Sequence[Pair]) -> dict[str, Any]:
    accuracy: dict[str, Rate] = {name: rate(sum(hits), len(hits)) for name, hits in right.items()}
    ties = sum(len(pair.chosen) == len(pair.rejected) for pair in pairs)
    notes = (
        f"{len(pairs)} pairs with {len({pair.first_turn for pair in pairs})} different first turns; {FOLDS} folds by"
        " first turn, so each head learns from about 80 % and every pair is held out once.",
        f"Chance is 0.5. {ties} pairs are of one length and count as wrong for both length rules.",
        "The workspace's model gets a clause without a rubric for every item and is printed as it is.",
    )
    show(
        "reward_model: does it prefer what people preferred? (hh_rlhf_harmless)",
        ("contender", "pairs", "held-out accuracy (95 %)"),
        [(name, row.trials, row) for name, row in accuracy.items()],
        notes,
    )
    return {"pairs": len(pairs), "folds": FOLDS, "ties_in_length": ties, "accuracy": accuracy}


def held_out(preferences: Sequence[Preference], features: Features) -> list[bool]:
    """For each pair whether a head that never saw its first turn prefers the better answer."""
    fold_of = {
        group: place % FOLDS
        for place, group in enumerate(sorted({pair.group for pair in preferences}, key=_shuffling_key))
    }
    right = [False] * len(preferences)
    for fold in range(FOLDS):
        train = [pair for pair in preferences if fold_of[pair.group] != fold]
        if not train:
            continue
        seen = features([place for pair in train for place in (pair.better, pair.worse)])
        scores = fit_differences(seen, train).apply(seen)
        for place, pair in enumerate(preferences):
            if fold_of[pair.group] == fold:
                right[place] = bool(scores[pair.better] > scores[pair.worse])
    return right


def _shuffling_key(text: str) -> tuple[int, str]:
    """A fixed order that has nothing to do with the alphabet."""
    return zlib.crc32(text.encode()), text


def _embedded(pairs: Sequence[Pair], answers: Sequence[str], encoder: Encoder) -> Array:
    """The answer's embedding, and its product with that of the last human turn."""
    vectors = encoder.encode(answers).astype(np.float64)
    questions = encoder.encode([pair.question for pair in pairs]).astype(np.float64)
    return np.hstack([vectors, vectors * np.repeat(questions, 2, axis=0)])


def tf_idf(texts: Sequence[str], learnt_from: Sequence[int]) -> Array:
    """Hashed words and pairs of words, an array of shape (texts, buckets) with rows of length 1.

    Document frequencies come from the named texts alone.
    """
    counts = np.zeros((len(texts), BUCKETS))
    for row, text in enumerate(texts):
        words = re.findall(r"\w+", text.lower())
        for term in (*words, *map(" ".join, pairwise(words))):
            counts[row, zlib.crc32(term.encode()) % BUCKETS] += 1
    seen = (counts[list(learnt_from)] > 0).sum(axis=0)
    weighed = np.log1p(counts) * (np.log((1 + len(learnt_from)) / (1 + seen)) + 1)
    return np.asarray(weighed / np.maximum(np.linalg.norm(weighed, axis=1, keepdims=True), 1e-12))


def _workspace_choices(pairs: Sequence[Pair], weights: RewardWeights, encoder: Encoder) -> list[bool]:
    model = RewardModel(weights, encoder)
    chosen = model.score([AnsweredPrompt(pair.question, pair.chosen, NO_CLAUSE) for pair in pairs])
    rejected = model.score([AnsweredPrompt(pair.question, pair.rejected, NO_CLAUSE) for pair in pairs])
    return [bool(one > two) for one, two in zip(chosen, rejected, strict=True)]
