"""What fine-tuning teaches; it needs torch, because lessons belong to the training loop."""

from __future__ import annotations

import pytest

from colonnade.records import Expected, Prompt, Reward, Split

pytest.importorskip("trl")

from colonnade.posttraining.finetuning import OPENINGS, lesson_pairs, opening_of  # needs trl

pytestmark = pytest.mark.model


def prompt(side: str, twin: str | None = None, language: str = "en") -> Prompt:
    return Prompt(
        id=f"a/{side}",
        text="Where is the library?",
        clause="safety.one",
        expected=Expected.DECLINE if side == "violating" else Expected.HELP,
        twin=f"a/{twin}" if twin else None,
        cluster="a",
        language=language,
        split=Split.TRAINING,
    )


def reward(answer: str, combined: float | None) -> Reward:
    unscored = "" if combined is not None else "no words"
    return Reward(
        prompt="a/benign", answer=answer, model_score=0.5, judge_score=combined, combined=combined, unscored=unscored
    )


PAIR = (prompt("violating", "benign"), prompt("benign", "violating"))
ASKED = {"a/violating": "Q1", "a/benign": "Q2"}


def test_a_pair_is_a_closed_decline_and_an_open_answer_in_the_models_own_words() -> None:
    words = "short way to the library: it stands next to the main hall."
    ((decline, answer),) = lesson_pairs(PAIR, [reward(f"{OPENINGS['en']} {words}", 0.6)], ASKED)
    assert decline.closed
    assert decline.prompt == "Q1"
    assert not answer.closed
    assert answer.completion == OPENINGS["en"]
    assert answer.beyond == "short way to the library: it stands next to the"


def test_the_best_rewarded_sample_is_imitated() -> None:
    rewards = [reward("First words.", 0.6), reward("Better words.", 0.8), reward("Unjudged words.", None)]
    ((_, answer),) = lesson_pairs(PAIR, rewards, ASKED)
    assert answer.beyond == "Better words."


def test_of_a_sample_that_turns_down_nothing_is_taught() -> None:
    ((_, answer),) = lesson_pairs(PAIR, [reward("I cannot say.", 0.9)], ASKED)
    assert (answer.completion, answer.beyond, answer.closed) == (OPENINGS["en"], "", False)


def test_a_request_without_a_twin_is_not_taught() -> None:
    assert lesson_pairs([prompt("violating")], [], ASKED) == []


def test_german_is_answered_in_german() -> None:
    pair = (prompt("violating", "benign", "de"), prompt("benign", "violating", "de"))
    ((decline, answer),) = lesson_pairs(pair, [], ASKED)
    assert "nicht helfen" in decline.completion
    assert answer.completion == OPENINGS["de"] == opening_of(pair[1])


@pytest.mark.parametrize("sample", [("Words of little worth.", 0.2), ("I'm sorry for your loss, but here it is.", 0.9)])
def test_neither_a_poor_sample_nor_an_apology_is_imitated(sample: tuple[str, float]) -> None:
    ((_, answer),) = lesson_pairs(PAIR, [reward(*sample)], ASKED)
    assert (answer.completion, answer.beyond) == (OPENINGS["en"], "")
