"""What a request does to the scores of tokens before one of them is drawn: penalties, biases, bans.

Each is a few lines of arithmetic on the scores of one row, so rows of a batch never see each other's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch

from colonnade.models.engine import Leaning

BANNED_FROM = -100.0
"""A bias so low is a ban and no mere number: a very hot draw could else still take the token."""

MOST = 1e29
"""Scores are kept within this, so that a tiny penalty makes no infinity, of which the draw would make no number."""

NEVER = -1e30
"""The score of what is banned: below every other, and finite, so that where all is banned something is drawn yet."""


def leant(
    logits: torch.Tensor,
    leaning: Leaning,
    read: Sequence[int] = (),
    said: Sequence[int] = (),
    banned: Collection[int] = (),
) -> torch.Tensor:
    """The scores of the next token as a request wants them; the ones handed in stay as they are.

    In this order: the repetition penalty; the frequency and presence penalties; the biases; the bans. So a bias of
    100 or -100 holds whatever the penalties say.

    Args:
        logits: of the next token, shape (words,).
        leaning: what is wanted.
        read: tokens of the prompt.
        said: tokens of the answer so far.
        banned: tokens that must not come next.

    Sources: for the repetition penalty Keskar et al., CTRL: A Conditional Transformer Language Model for Controllable
    Generation, 2019, section 4.1, with scores below zero multiplied where others are divided, so that it always makes
    less likely, and over prompt and answer, as vLLM and llama.cpp have it; for the other two penalties and the biases
    OpenAI's API reference (``frequency_penalty``, ``presence_penalty``, ``logit_bias``): a token that the answer has c
    times loses c times the first, and the second once where c is above 0, and what is said of the bias is added.
    """
    scores = logits.cpu().clone()
    if leaning.repetition != 1:
        recent = _newest([*read, *said], leaning.window)
        if recent:
            seen = torch.tensor(recent).unique()
            found = scores[seen]
            scores[seen] = torch.where(found > 0, found / leaning.repetition, found * leaning.repetition)
    if said and (leaning.frequency or leaning.presence):
        words, times = torch.tensor(said).unique(return_counts=True)
        scores[words] -= leaning.frequency * times + leaning.presence
    scores.clamp_(-MOST, MOST)
    if leaning.bias:
        named, weights = (torch.tensor(column) for column in zip(*leaning.bias, strict=True))
        scores[named] = torch.where(weights <= BANNED_FROM, NEVER, scores[named] + weights)
    if banned:
        scores[torch.tensor(sorted(banned))] = NEVER
    return scores


def _newest(tokens: Sequence[int], window: int) -> Sequence[int]:
    return tokens if window < 0 else tokens[len(tokens) - min(window, len(tokens)) :]
