"""The graders that reward: fitted on ratings, and reported beside what needs no model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from colonnade.grading import EmbeddedJudge, Preference, RewardModel, harm_head
from colonnade.posttraining import RatedAnswers, calibrate_judge, grader_report, reward_controls, train_reward_model
from colonnade.posttraining import grading as grading_module
from tests.unit.grading.fake_encoder import HashedWords
from tests.unit.grading.items import CLAUSE

from .small_ratings import make_rated, rate

ENCODER = HashedWords()
HARM = harm_head(ENCODER, [CLAUSE])
Fit = Callable[..., Any]


def test_the_reward_model_is_fitted_and_measured_on_prompts_it_never_saw() -> None:
    rated, prompts = make_rated()
    fitted = train_reward_model(rated, prompts, [CLAUSE], HARM, ENCODER)
    assert fitted.report.grader == "reward-model"
    assert fitted.report.items == 20
    assert fitted.report.accuracy >= 0.9
    assert fitted.report.low < fitted.report.accuracy <= fitted.report.high
    assert RewardModel(fitted.weights, ENCODER).score([]).shape == (0,)


def test_the_judge_is_calibrated_and_measured_beside_saying_always_the_same() -> None:
    rated, prompts = make_rated()
    fitted = calibrate_judge(rated, prompts, [CLAUSE], HARM, ENCODER)
    assert fitted.report.grader == EmbeddedJudge(fitted.weights, ENCODER).name == "embedded-judge"
    assert fitted.report.items == 40
    assert fitted.report.accuracy == 1.0
    assert dict(fitted.report.controls) == {"always 'violates'": 0.5, "always 'adheres'": 0.5}


def test_the_mean_of_several_raters_counts() -> None:
    rated, prompts = make_rated(clusters=5)
    name = "c0/violating/help"
    turned = RatedAnswers(
        rated.answers, (*rated.ratings, *(rate(name, "adherence", 5, f"rater {number}") for number in range(9)))
    )
    assert turned.mean("adherence")[name] == pytest.approx(4.6)
    before = calibrate_judge(rated, prompts, [CLAUSE], HARM, ENCODER)
    after = calibrate_judge(turned, prompts, [CLAUSE], HARM, ENCODER)
    assert dict(after.report.controls)["always 'adheres'"] == pytest.approx(11 / 20)
    assert after.weights.decline != before.weights.decline
    assert after.weights.help == before.weights.help


@pytest.mark.parametrize("fit", [train_reward_model, calibrate_judge])
def test_twins_share_a_group_so_that_no_fold_parts_them(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ...]] = []

    def watch(name: str) -> None:
        real = getattr(grading_module, name)

        def watched(rows: Any, pairs: Any, *rest: Any) -> Any:
            seen.append(tuple(row.group for row in (pairs if name == "cross_validated_choices" else rows)))
            return real(rows, pairs, *rest)

        monkeypatch.setattr(grading_module, name, watched)

    watch("cross_validated_choices")
    watch("cross_validate")
    rated, prompts = make_rated(clusters=5)
    fit(rated, prompts, [CLAUSE], HARM, ENCODER)
    groups = seen[0]
    assert set(groups) == {prompt.cluster for prompt in prompts}
    per_cluster = len(groups) // 5
    assert all(groups.count(group) == per_cluster for group in set(groups))


def test_pairs_are_made_within_one_prompt_and_never_across_twins() -> None:
    rated, prompts = make_rated(clusters=5)
    report = train_reward_model(rated, prompts, [CLAUSE], HARM, ENCODER).report
    assert report.items == len(prompts)


def test_the_controls_see_lengths_and_surface_alone() -> None:
    answers = ["short.", "a much longer answer without end", "tiny.", "this one is long as well, and it goes on"] * 5
    pairs = [Preference(place, place + 1, f"g{place}") for place in range(0, 20, 2)]
    controls = dict(reward_controls(answers, pairs))
    assert controls == {"the longer answer": 0.0, "the shorter answer": 1.0, "surface facts alone": 1.0}
    turned = [Preference(pair.worse, pair.better, pair.group) for pair in pairs]
    assert dict(reward_controls(answers, turned))["the longer answer"] == 1.0


def test_answers_of_one_length_give_neither_length_control_a_point() -> None:
    controls = dict(reward_controls(["same one", "same two"], [Preference(0, 1, "g")]))
    assert controls["the shorter answer"] == 0.0
    assert controls["the longer answer"] == 0.0


def test_no_pair_gives_controls_of_nothing() -> None:
    assert set(dict(reward_controls(["one"], [])).values()) <= {0.0, 1.0}


def test_a_report_holds_the_exact_interval() -> None:
    report = grader_report("toy", "a task", [True] * 8 + [False] * 2, (("guessing", 0.5),))
    assert (report.accuracy, report.items) == (0.8, 10)
    assert report.low == pytest.approx(0.4439, abs=1e-4)
    assert report.high == pytest.approx(0.9748, abs=1e-4)
    empty = grader_report("toy", "a task", [], ())
    assert (empty.accuracy, empty.low, empty.high, empty.items) == (0.0, 0.0, 1.0, 0)
