"""What a request does to the scores of tokens: each law by itself, on any scores."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from colonnade.models.decoding import Draw, draw_token
from colonnade.models.engine import Leaning
from colonnade.models.leaning import leant

WORDS = 12

SCORES = st.lists(st.floats(-30, 30, width=32), min_size=WORDS, max_size=WORDS).map(torch.tensor)
TOKENS = st.lists(st.integers(0, WORDS - 1), max_size=20)
PENALTY = st.floats(-2, 2, width=16)
FACTOR = st.floats(0.125, 8, width=16)
WEIGHTS = st.dictionaries(st.integers(0, WORDS - 1), st.floats(-99, 99, width=16)).map(lambda bias: tuple(bias.items()))
LEANINGS = st.builds(Leaning, PENALTY, PENALTY, FACTOR, st.integers(-1, 30), WEIGHTS)


def drawn(scores: torch.Tensor, seed: int, temperature: float = 2.0) -> int:
    return draw_token(scores, Draw(temperature, 1.0, torch.Generator().manual_seed(seed)))


@given(SCORES, TOKENS, TOKENS, st.integers(-1, 30))
def test_what_asks_for_nothing_changes_nothing(scores: torch.Tensor, read: list[int], said: list[int], w: int) -> None:
    assert leant(scores, Leaning(window=w), read, said).equal(scores)


@given(SCORES, LEANINGS, TOKENS, TOKENS)
def test_the_scores_that_are_handed_in_stay_as_they_are(
    scores: torch.Tensor, leaning: Leaning, read: list[int], said: list[int]
) -> None:
    before = scores.clone()
    leant(scores, leaning, read, said, (3,))
    assert scores.equal(before)


@given(SCORES, PENALTY, PENALTY, TOKENS, TOKENS)
def test_a_token_loses_what_openai_says_for_every_time_that_the_answer_has_it(
    scores: torch.Tensor, frequency: float, presence: float, read: list[int], said: list[int]
) -> None:
    found = leant(scores, Leaning(frequency, presence), read, said)
    times = [said.count(word) for word in range(WORDS)]
    expected = [
        float(score) - count * frequency - (count > 0) * presence for score, count in zip(scores, times, strict=True)
    ]
    assert found.tolist() == pytest.approx(expected, abs=1e-4)


@given(SCORES, FACTOR, TOKENS, TOKENS)
def test_repetition_above_one_makes_less_likely_what_was_there_and_below_one_likelier(
    scores: torch.Tensor, factor: float, read: list[int], said: list[int]
) -> None:
    found = leant(scores, Leaning(repetition=factor), read, said)
    seen = {*read, *said}
    for word in range(WORDS):
        before, after = float(scores[word]), float(found[word])
        if word not in seen:
            assert after == before
        else:
            assert (after <= before) if factor >= 1 else (after >= before)
            assert after == pytest.approx(before / factor if before > 0 else before * factor, rel=1e-5)


@given(SCORES, FACTOR, TOKENS, TOKENS, st.integers(0, 45))
def test_a_window_is_the_end_of_prompt_and_answer_together(
    scores: torch.Tensor, factor: float, read: list[int], said: list[int], window: int
) -> None:
    found = leant(scores, Leaning(repetition=factor, window=window), read, said)
    tail = [*read, *said][max(0, len(read) + len(said) - window) :]
    assert found.equal(leant(scores, Leaning(repetition=factor), tail))


@given(SCORES, WEIGHTS)
def test_a_bias_is_added(scores: torch.Tensor, bias: tuple[tuple[int, float], ...]) -> None:
    expected = [float(score) + dict(bias).get(word, 0.0) for word, score in enumerate(scores)]
    assert leant(scores, Leaning(bias=bias)).tolist() == pytest.approx(expected, abs=1e-4)


@given(SCORES, LEANINGS, TOKENS, st.sets(st.integers(0, WORDS - 1), min_size=1, max_size=WORDS - 1), st.integers(0, 99))
def test_a_bias_of_minus_a_hundred_is_never_drawn_whatever_else_is_wanted(
    scores: torch.Tensor, leaning: Leaning, said: list[int], unwanted: set[int], seed: int
) -> None:
    bias = {**dict(leaning.bias), **dict.fromkeys(unwanted, -100.0)}
    found = leant(scores, leaning._replace(bias=tuple(bias.items())), [], said)
    assert drawn(found, seed) not in unwanted
    assert drawn(found, seed, temperature=0.0) not in unwanted


@given(SCORES, TOKENS, st.integers(0, WORDS - 1), st.integers(0, 99))
def test_a_bias_of_a_hundred_is_all_that_is_drawn(scores: torch.Tensor, said: list[int], word: int, seed: int) -> None:
    found = leant(scores, Leaning(2.0, 2.0, 1.5, bias=((word, 100.0),)), [], [token for token in said if token != word])
    assume(float(scores.max() - scores.min()) < 40)
    assert drawn(found, seed, temperature=1.0) == word


@given(SCORES, LEANINGS, TOKENS, st.integers(0, 99))
def test_what_is_banned_never_comes(scores: torch.Tensor, leaning: Leaning, said: list[int], seed: int) -> None:
    assert drawn(leant(scores, leaning, [], said, {1, 5, 7}), seed) not in {1, 5, 7}


@given(SCORES, st.floats(1e-300, 1e-30), TOKENS, st.integers(0, 99))
def test_no_penalty_is_so_small_that_the_scores_are_no_numbers_any_more(
    scores: torch.Tensor, factor: float, said: list[int], seed: int
) -> None:
    found = leant(scores, Leaning(2.0, -2.0, factor, bias=((0, -100.0), (1, 100.0))), range(WORDS), said, {2})
    assert found.isfinite().all()
    assert drawn(found, seed, temperature=1e-4) not in {0, 2}


def test_where_everything_is_banned_something_is_drawn_yet() -> None:
    found = leant(torch.zeros(3), Leaning(), banned={0, 1, 2})
    assert drawn(found, 0) in {0, 1, 2}
