"""The auxiliary reward model: Bradley–Terry on frozen embeddings, trained on people's ratings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.grading.features import AnsweredPrompt, LinearHead, answer_features, fit_logistic
from colonnade.models import Encoder
from colonnade.records import Record


class RewardWeights(Record):
    """What the reward model has learnt.

    Attributes:
        spread: standard deviation of its scores on the training answers, to bring them to 0..1.
        centre: their mean.
    """

    harm: LinearHead
    head: LinearHead
    centre: float
    spread: float


class Preference(NamedTuple):
    """Of two answers to one prompt, by their place in a list, the better one comes first."""

    better: int
    worse: int
    group: str


class RewardModel:
    """Scores answers; higher is what raters preferred."""

    def __init__(self, weights: RewardWeights, encoder: Encoder) -> None:
        self.name, self.weights, self.encoder = "reward-model", weights, encoder

    def score(self, items: Sequence[AnsweredPrompt]) -> NDArray[np.float64]:
        """One score per answer between 0 and 1, one half being a middling training answer."""
        if not items:
            return np.zeros(0)
        raw = self.weights.head.apply(answer_features(self.encoder, items, self.weights.harm))
        return np.asarray(1 / (1 + np.exp(-(raw - self.weights.centre) / self.weights.spread)))


def preferences(scores: Sequence[float], groups: Sequence[str]) -> list[Preference]:
    """Every pair of answers to one prompt that raters did not score alike."""
    by_group: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        by_group.setdefault(group, []).append(place)
    pairs = []
    for group, places in by_group.items():
        for first, second in combinations(places, 2):
            if scores[first] != scores[second]:
                better, worse = (first, second) if scores[first] > scores[second] else (second, first)
                pairs.append(Preference(better, worse, group))
    return pairs


def fit_reward(
    items: Sequence[AnsweredPrompt], pairs: Sequence[Preference], harm: LinearHead, encoder: Encoder
) -> RewardWeights:
    """Train on all pairs."""
    features = answer_features(encoder, items, harm)
    head = fit_differences(features, pairs)
    raw = head.apply(features)
    return RewardWeights(harm=harm, head=head, centre=float(raw.mean()), spread=float(raw.std()) or 1.0)


def fit_differences(features: NDArray[np.float64], pairs: Sequence[Preference]) -> LinearHead:
    """The Bradley–Terry head for an array of shape (answers, features)."""
    differences = np.asarray([features[pair.better] - features[pair.worse] for pair in pairs])
    return fit_logistic(np.vstack([differences, -differences]), np.repeat([1.0, 0.0], len(pairs)), intercept=False)


def cross_validated_choices(features: NDArray[np.float64], pairs: Sequence[Preference], folds: int = 5) -> list[bool]:
    """For each pair whether a model that never saw its prompt prefers the better answer."""
    groups = sorted({pair.group for pair in pairs})
    fold_of = {group: place % folds for place, group in enumerate(groups)}
    right = [False] * len(pairs)
    for fold in range(folds):
        train = [pair for pair in pairs if fold_of[pair.group] != fold]
        if not train:
            continue
        scores = fit_differences(features, train).apply(features)
        for place, pair in enumerate(pairs):
            if fold_of[pair.group] == fold:
                right[place] = bool(scores[pair.better] > scores[pair.worse])
    return right
