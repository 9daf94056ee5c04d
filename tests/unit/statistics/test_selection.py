"""The checkpoints that nothing beats."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.statistics import (
    TradeOff,
    pareto_front,
)


def test_only_candidates_that_nothing_beats_are_on_the_front() -> None:
    candidates = [
        TradeOff(harm=0.1, over_refusal=0.1, capability=0.5),
        TradeOff(harm=0.1, over_refusal=0.2, capability=0.5),
        TradeOff(harm=0.05, over_refusal=0.3, capability=0.5),
        TradeOff(harm=0.2, over_refusal=0.2, capability=0.9),
        TradeOff(harm=0.1, over_refusal=0.1, capability=0.5),
    ]
    assert pareto_front(candidates) == (0, 2, 3, 4)
    assert pareto_front([]) == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(TradeOff, *[st.integers(0, 4)] * 3), min_size=1, max_size=15))
def test_every_candidate_is_on_the_front_or_beaten_by_one_that_is(candidates: list[TradeOff]) -> None:
    front = pareto_front(candidates)
    assert front

    def beats(one: TradeOff, other: TradeOff) -> bool:
        better = one.harm <= other.harm and one.over_refusal <= other.over_refusal
        return better and one.capability >= other.capability and one != other

    for place, candidate in enumerate(candidates):
        assert (place in front) != any(beats(candidates[winner], candidate) for winner in front)
