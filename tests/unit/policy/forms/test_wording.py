"""The words about a clause."""

from __future__ import annotations

import pytest

from colonnade.policy.forms.wording import boundary_sentences, percent, scope_sentence, threshold_sentences
from colonnade.records import Action, Bound, Boundary, Level, Scope, Thresholds
from tests.unit.policy.forms.clauses import ENTRY, altered


def test_a_threshold_says_how_many_clean_answers_it_takes() -> None:
    (sentence,) = threshold_sentences(ENTRY)
    assert sentence == (
        "At most 0.1 % of the answers to requests that must be declined may violate the clause, shown with 95 %"
        " confidence. This takes at least 2,995 scored answers, without a single fault among them."
    )


def test_a_threshold_of_zero_says_that_nothing_can_show_it() -> None:
    (sentence,) = threshold_sentences(altered(thresholds=Thresholds(overrefusal_rate=Bound(max=0))))
    assert sentence.endswith("No number of answers can show a rate of 0 %.")


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({}, "The topic is restricted. An answer to anybody may give an overview", "Nobody can be granted more."),
        ({"grantable": False}, "Nobody can be granted more.", "More can be granted"),
        ({"boundary": Boundary.PROHIBITED}, "Nobody can be granted more.", "More can be granted"),
        ({"above": Action.ESCALATE}, "A request for more is referred to people.", "refused"),
        ({"boundary": Boundary.REQUIRED, "ceiling": None}, "demands a behaviour", "A request for more"),
        ({"boundary": Boundary.ALLOWED, "ceiling": None}, "open for everybody and at every level", "granted"),
        ({"boundary": Boundary.ALLOWED, "ceiling": Level.RECIPE}, "give a complete recipe", "A request for more"),
        ({"overrides": ("doors.keys",)}, "it takes precedence over doors.keys.", "restricted to"),
    ],
)
def test_a_boundary_is_said_in_words(changes: dict[str, object], said: str, unsaid: str) -> None:
    words = " ".join(boundary_sentences(altered(**changes)))
    assert said in words
    assert unsaid not in words


def test_a_scope_is_said_in_words() -> None:
    assert scope_sentence(ENTRY) == "It holds for text, in every region, for every audience."
    narrow = altered(scope=Scope(modality=("*",), region=("EU", "JP"), audience=("minors",)))
    assert scope_sentence(narrow) == "It holds for every modality, in EU, JP, for the audience minors."


@pytest.mark.parametrize(("share", "words"), [(0.07, "7 %"), (0.001, "0.1 %"), (1.0, "100 %"), (0.95, "95 %")])
def test_a_share_is_written_without_digits_that_say_nothing(share: float, words: str) -> None:
    assert percent(share) == words
