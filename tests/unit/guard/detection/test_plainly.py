"""The thresholds of a topic are said in words that need no statistics, with the number of prompts that would help."""

from __future__ import annotations

from typing import Any

import pytest

from colonnade.guard.detection.plainly import Plain, in_plain_words
from colonnade.guard.detection.thresholds import Cost, TopicReport
from tests.unit.guard.small_policies import clause

BOUNDS = {"violation_rate": {"max": 0.1, "confidence": 0.95}, "overrefusal_rate": {"max": 0.2, "confidence": 0.9}}


def cost(events: int, items: int, **fields: Any) -> Cost:
    return Cost(**{"events": events, "items": items, "low": 0.0, "high": 1.0, "bound": 0.1, **fields})


def said(judge: str = "", probe: bool = False, high: float | None = None, **changes: Any) -> Plain:
    fields = {"exceptions": (), "thresholds": BOUNDS, **changes}
    row = TopicReport(
        topic="cyber.intrusion",
        low=0.34,
        high=high,
        misses=cost(0, 19, needed=10),
        held_back=cost(7, 18),
        false_alarms=cost(0, 18, needed=4) if high is None else cost(0, 60, shown=True, needed=0),
    )
    return in_plain_words(row, clause(**fields), judge, probe)


def test_under_the_lower_threshold_a_request_passes_and_the_violating_prompts_that_would_show_it_are_counted() -> None:
    low = said().low
    assert "scores under 0.34 passes" in low
    assert "Of 19 labelled violating prompts 0 would pass" in low
    assert "not shown that at most 10% of violating requests pass; 10 more violating prompts would" in low
    assert said().violating == 10


def test_never_is_said_to_mean_too_few_benign_prompts_and_how_many_are_missing() -> None:
    high = said().high
    assert "No score is ever certain: 18 labelled benign prompts are too few" in high
    assert "at 90% confidence, that at most 20% of benign requests would be held wrongly" in high
    assert "4 more benign prompts could" in high
    assert said().benign == 4


def test_a_threshold_of_certainty_is_said_with_what_follows_and_nothing_more_is_wanted() -> None:
    plain = said(high=0.61)
    assert "From 0.61 on it is certainly above the ceiling: no judge is asked, and it is turned aside" in plain.high
    assert "This shows, at 90% confidence, that at most 20% of benign requests are held so" in plain.high
    assert "From 0.34 to 0.61 it is uncertain" in plain.between
    assert plain.benign == 0


@pytest.mark.parametrize(
    ("action", "follows"),
    [
        ("refuse", "is refused"),
        ("deflect", "is turned aside"),
        ("safe_complete", "looks after the person"),
        ("cap", "no more specifically than the ceiling"),
        ("escalate", "is handed to a person"),
    ],
)
def test_what_is_uncertain_is_the_judges_or_meets_the_action_of_the_clause(action: str, follows: str) -> None:
    alone, judged = said(above=action).between, said(above=action, judge="llama").between
    assert follows in alone
    assert "guard.yaml names no judge" in alone
    assert "The judge 'llama' decides; where it gives no answer" in judged
    assert follows in judged
    assert "names no judge" not in judged


def test_the_probe_is_named_only_where_it_may_look_again() -> None:
    assert "probe looks again" in said(probe=True).between
    assert "probe" not in said().between


def test_errors_too_common_for_any_number_of_labels_are_said_to_be_so() -> None:
    assert "no number of labels shows it while so many go wrong" in said().between


def test_a_clause_without_bounds_is_told_what_it_lacks() -> None:
    plain = said(thresholds={})
    assert "has no violation_rate" in plain.low
    assert "has no overrefusal_rate" in plain.between
    assert "has no overrefusal_rate to hold certainty against" in plain.high


def test_where_nothing_lies_above_the_ceiling_nothing_is_held_and_nothing_wanted() -> None:
    plain = said(ceiling="recipe")
    assert plain.low == plain.high == plain.between
    assert (plain.violating, plain.benign) == (None, None)
