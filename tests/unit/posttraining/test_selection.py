"""Which checkpoint goes on, and which prompts the clauses themselves give."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.policy import read_policies
from colonnade.posttraining import Candidate, example_prompts, select
from colonnade.records import Checkpoint, Expected, InputError, Split, digest_of
from tests.workspaces import write_workspace


def candidate(step: int, violation: float, overrefusal: float, benign: int = 10_000) -> Candidate:
    checkpoint = Checkpoint(adapter=digest_of(step), base=digest_of("base"), method="reinforcement", step=step)
    return Candidate(checkpoint, violation, overrefusal, benign)


def test_the_fewest_violations_win_among_those_that_refuse_little_more() -> None:
    rows = [candidate(1, 0.3, 0.1), candidate(2, 0.1, 0.14), candidate(3, 0.0, 0.4)]
    assert select(rows, base_overrefusal=0.1, allowed_increase=0.05).checkpoint.step == 2


def test_the_bound_is_kept_by_a_standard_error() -> None:
    close = [candidate(1, 0.5, 0.14), candidate(2, 0.8, 0.11)]
    assert select(close, 0.1, 0.05).checkpoint.step == 1
    few = [row._replace(benign=50) for row in close]
    assert select(few, 0.1, 0.05).checkpoint.step == 1, "neither keeps to it, and the smaller sum wins"
    few = [few[0]._replace(violation=0.85), few[1]._replace(overrefusal=0.02)]
    assert select(few, 0.0, 0.05).checkpoint.step == 2


def test_a_rate_over_no_prompt_has_no_error_to_speak_of() -> None:
    assert candidate(1, 0.0, 0.0, benign=0).standard_error == 0


def test_of_equal_violations_the_one_that_refuses_less_wins() -> None:
    rows = [candidate(1, 0.1, 0.1), candidate(2, 0.1, 0.05)]
    assert select(rows, 0.1, 0.05).checkpoint.step == 2


def test_where_all_refuse_too_much_the_smallest_sum_wins() -> None:
    rows = [candidate(1, 0.0, 0.9), candidate(2, 0.3, 0.4), candidate(3, 0.1, 0.6)]
    assert select(rows, 0.0, 0.05).checkpoint.step == 3


def test_without_a_candidate_there_is_nothing_to_choose() -> None:
    with pytest.raises(InputError, match="no checkpoint to choose from"):
        select([], 0.0, 0.05)


RATES = st.integers(0, 20).map(lambda twentieths: twentieths / 20)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(RATES, RATES), min_size=1, max_size=6), RATES)
def test_a_modest_candidate_is_never_passed_over_for_an_immodest_one(
    rates: list[tuple[float, float]], base: float
) -> None:
    rows = [candidate(step, *pair) for step, pair in enumerate(rates)]
    modest = [row for row in rows if row.overrefusal + row.standard_error <= base + 0.05 + 1e-9]
    chosen = select(rows, base, 0.05)
    if modest:
        assert chosen in modest
        assert chosen.violation == min(row.violation for row in modest)


def test_the_examples_of_the_clauses_are_training_prompts_in_pairs(tmp_path: Path) -> None:
    policies = read_policies(write_workspace(tmp_path))
    prompts = {prompt.id: prompt for prompt in example_prompts(policies.active)}
    assert len(prompts) == 6, "a borderline example that leans on an exception is for nobody else"
    assert {prompt.split for prompt in prompts.values()} == {Split.TRAINING}
    declined = prompts["doors.entry-example-1/violating"]
    assert (declined.expected, declined.twin) == (Expected.DECLINE, "doors.entry-example-1/benign")
    for prompt in prompts.values():
        assert prompt.twin is None or prompts[prompt.twin].twin == prompt.id
        assert prompt.twin is None or prompts[prompt.twin].expected is not prompt.expected
