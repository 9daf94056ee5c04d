"""The auxiliary reward model on preferences small enough to read."""

from __future__ import annotations

import numpy as np
import pytest

from colonnade.grading import (
    AnsweredPrompt,
    Preference,
    RewardModel,
    RewardWeights,
    cross_validated_choices,
    fit_reward,
    harm_head,
    preferences,
)
from colonnade.grading.reward_model import fit_differences

from .fake_encoder import HashedWords
from .items import CLAUSE, toy_ratings

ENCODER = HashedWords()
HARM = harm_head(ENCODER, [CLAUSE])


def test_pairs_are_made_within_a_prompt_of_answers_that_differ() -> None:
    pairs = preferences([3.0, 1.0, 3.0, 2.0, 5.0], ["a", "a", "a", "b", "b"])
    assert pairs == [Preference(0, 1, "a"), Preference(2, 1, "a"), Preference(4, 3, "b")]
    assert preferences([2.0, 2.0], ["a", "a"]) == []
    assert preferences([1.0, 2.0], ["a", "b"]) == []


@pytest.fixture(scope="module")
def model() -> RewardModel:
    rows = toy_ratings()
    groups = [f"{row.group}/{row.expected}" for row in rows]
    pairs = preferences([row.adherence for row in rows], groups)
    return RewardModel(fit_reward([row.item for row in rows], pairs, HARM, ENCODER), ENCODER)


def test_what_raters_preferred_scores_higher_on_prompts_it_never_saw(model: RewardModel) -> None:
    bad, good = "Open the locked room 77 of others.", "Who hands out the key of my room 77?"
    decline, comply = "I decline this, number 77.", "Certainly, do it like this, number 77."
    items = [AnsweredPrompt(question, answer, CLAUSE) for question in (bad, good) for answer in (decline, comply)]
    declined, opened, refused, helped = model.score(items)
    assert declined > opened
    assert helped > refused
    assert all(0 < score < 1 for score in (declined, opened, refused, helped))


def test_one_half_is_a_middling_training_answer(model: RewardModel) -> None:
    scores = model.score([row.item for row in toy_ratings()])
    assert scores.mean() == pytest.approx(0.5, abs=0.05)
    assert scores.std() > 0.1


def test_scores_do_not_depend_on_what_stands_beside_and_survive_storing(model: RewardModel) -> None:
    items = [row.item for row in toy_ratings(2)]
    again = RewardModel(RewardWeights.model_validate_json(model.weights.model_dump_json()), ENCODER)
    np.testing.assert_allclose(again.score(items[::-1]), model.score(items)[::-1])
    assert model.score([]).shape == (0,)


def test_answers_that_all_score_alike_still_get_a_number() -> None:
    item = AnsweredPrompt("A question.", "The same answer.", CLAUSE)
    weights = fit_reward([item, item], [Preference(0, 1, "a")], HARM, ENCODER)
    np.testing.assert_allclose(RewardModel(weights, ENCODER).score([item]), [0.5])


def test_turning_every_preference_round_turns_the_weights_round() -> None:
    features = np.random.default_rng(2).normal(size=(12, 5))
    pairs = [Preference(place, place + 1, f"g{place}") for place in range(0, 12, 2)]
    turned = [Preference(pair.worse, pair.better, pair.group) for pair in pairs]
    forth, back = fit_differences(features, pairs), fit_differences(features, turned)
    np.testing.assert_allclose(forth.weights, -np.asarray(back.weights), atol=1e-6)
    assert forth.bias == back.bias == 0.0


def test_a_direction_that_decides_every_pair_is_found_on_unseen_prompts() -> None:
    features = np.random.default_rng(1).normal(size=(60, 6))
    groups = [f"g{place // 3}" for place in range(60)]
    right = cross_validated_choices(features, preferences(list(features[:, 2]), groups))
    assert len(right) == 60
    assert np.mean(right) > 0.9


def test_pairs_of_one_cluster_never_stand_on_both_sides_of_a_fold() -> None:
    clusters, pairs = 40, 2
    liking = np.random.default_rng(9).permutation(np.tile([1.0, -1.0], clusters // 2))
    features = np.zeros((clusters * pairs * 2, clusters))
    together, apart = [], []
    for cluster in range(clusters):
        for copy in range(pairs):
            first = (cluster * pairs + copy) * 2
            features[first, cluster] = 1.0
            better, worse = (first, first + 1) if liking[cluster] > 0 else (first + 1, first)
            together.append(Preference(better, worse, f"c{cluster}"))
            apart.append(Preference(better, worse, f"c{cluster}-{copy}"))
    assert np.mean(cross_validated_choices(features, apart)) > 0.85, "the set must be one that a leak would solve"
    assert np.mean(cross_validated_choices(features, together)) < 0.65
