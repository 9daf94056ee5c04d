"""The draw of one token: from which tokens, and that a seed draws what it drew before there were more settings."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import torch
from hypothesis import given
from hypothesis import strategies as st

from colonnade.models.decoding import Draw, draw_token

SCORES = st.lists(st.floats(-10, 10, width=32), min_size=2, max_size=30, unique=True).map(torch.tensor)
SEEDS = st.integers(0, 2**31)
HEATS = st.floats(0.2, 2)


def drawn(scores: torch.Tensor, seed: int, temperature: float = 1.0, top_p: float = 1.0, **more: Any) -> int:
    return draw_token(scores, Draw(temperature, top_p, torch.Generator().manual_seed(seed), **more))


def as_before(scores: torch.Tensor, seed: int, temperature: float, top_p: float) -> int:
    """Top-p as its paper has it, step by step."""
    likely = torch.softmax(scores / temperature, dim=-1)
    generator = torch.Generator().manual_seed(seed)
    if top_p == 1:
        return int(torch.multinomial(likely, 1, generator=generator))
    ordered, words = likely.sort(descending=True)
    ordered[ordered.cumsum(0) - ordered >= top_p] = 0
    return int(words[torch.multinomial(ordered, 1, generator=generator)])


@given(SCORES, SEEDS, HEATS, st.one_of(st.just(1.0), st.floats(0.01, 1)))
def test_who_sets_none_of_the_others_is_drawn_what_the_seed_always_drew(
    scores: torch.Tensor, seed: int, temperature: float, top_p: float
) -> None:
    assert drawn(scores, seed, temperature, top_p) == as_before(scores, seed, temperature, top_p)


@given(SCORES, SEEDS, HEATS, st.floats(0.01, 1), st.floats(0, 1))
def test_top_k_of_one_takes_the_likeliest(
    scores: torch.Tensor, seed: int, temperature: float, top_p: float, min_p: float
) -> None:
    greedy = drawn(scores, seed, temperature=0.0)
    assert greedy == int(scores.argmax())
    assert drawn(scores, seed, temperature, top_p, top_k=1, min_p=min_p) == greedy


@given(SCORES, SEEDS, HEATS, st.integers(1, 40))
def test_top_k_draws_from_so_many_of_the_likeliest(
    scores: torch.Tensor, seed: int, temperature: float, top_k: int
) -> None:
    best = scores.argsort(descending=True).tolist()[:top_k]
    assert drawn(scores, seed, temperature, top_k=top_k) in best


@given(SCORES, SEEDS, HEATS, st.floats(0.01, 1), st.sampled_from([-1, 0, 30, 31, 2**31 - 1]))
def test_top_k_that_takes_all_and_min_p_of_nothing_change_nothing(
    scores: torch.Tensor, seed: int, temperature: float, top_p: float, top_k: int
) -> None:
    plain = drawn(scores, seed, temperature, top_p)
    assert drawn(scores, seed, temperature, top_p, top_k=top_k, min_p=0.0) == plain


@given(SCORES, SEEDS, HEATS, st.floats(0.001, 1))
def test_min_p_draws_what_has_this_share_of_the_likeliest(
    scores: torch.Tensor, seed: int, temperature: float, min_p: float
) -> None:
    likely = torch.softmax(scores / temperature, dim=-1)
    word = drawn(scores, seed, temperature, min_p=min_p)
    assert float(likely[word]) >= min_p * float(likely.max()) * (1 - 1e-6)


@given(SCORES, SEEDS)
def test_min_p_of_one_leaves_the_likeliest(scores: torch.Tensor, seed: int) -> None:
    likely = torch.softmax(scores, dim=-1)
    assert float(likely[drawn(scores, seed, min_p=1.0)]) == float(likely.max())


def test_top_p_is_of_what_top_k_and_min_p_have_left() -> None:
    scores = torch.tensor([0.4, 0.3, 0.3]).log()
    two = {drawn(scores, seed, top_p=0.5, top_k=2) for seed in range(50)}
    assert {drawn(scores, seed, top_p=0.5) for seed in range(50)} == {0, 1}
    assert two == {0}
    tail = torch.tensor([0.4, 0.35, 0.05, 0.05, 0.05, 0.05, 0.05]).log()
    assert len({drawn(tail, seed, top_p=0.9) for seed in range(300)}) > 2
    assert {drawn(tail, seed, top_p=0.9, min_p=0.2) for seed in range(300)} == {0, 1}
    assert {drawn(tail, seed, top_p=0.5, min_p=0.2) for seed in range(300)} == {0}


@pytest.mark.parametrize("more", [{}, {"top_k": 2}, {"min_p": 0.5}, {"top_p": 0.5}, {"temperature": 0.0}])
def test_what_is_no_number_is_never_drawn_from(more: dict[str, Any]) -> None:
    with pytest.raises(ArithmeticError, match="not a number"):
        drawn(torch.tensor([1.0, float("nan")]), 0, **more)
