"""The words in which every form says the same thing about a clause."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from colonnade.policy.forms.access import is_grantable
from colonnade.records import Action, Bound, Boundary, Clause, ClauseException, Condition, Example, Level, Pattern
from colonnade.statistics import clean_trials_needed

LEVELS = MappingProxyType(
    {
        Level.MENTION: "say that the thing exists",
        Level.OVERVIEW: "give an overview",
        Level.MECHANISM: "explain how it works",
        Level.ACTIONABLE: "give usable steps",
        Level.RECIPE: "give a complete recipe",
    }
)
"""What an answer at each level does."""

ACTIONS = MappingProxyType(
    {
        Action.REFUSE: "is refused",
        Action.DEFLECT: "is turned towards what the model can help with",
        Action.SAFE_COMPLETE: "gets a safe answer instead, which points to help",
        Action.ESCALATE: "is referred to people",
        Action.CAP: "is answered, and no more specifically than the ceiling",
    }
)
"""What happens to a request above the ceiling."""


def boundary_sentences(clause: Clause) -> Iterator[str]:
    """The boundary as a lawyer reads it: what is demanded or limited, for whom, what happens beyond."""
    yield _boundary(clause)
    if clause.ceiling is not None:
        limit = LEVELS[clause.ceiling]
        if clause.ceiling is Level.RECIPE:
            yield f"An answer to anybody may {limit} (level '{clause.ceiling}')."
        else:
            yield f"An answer to anybody may {limit} (level '{clause.ceiling}') and go no further."
            yield f"A request for more {ACTIONS[clause.above]}."
            more = "More can be granted to somebody, for a purpose and until a day."
            yield more if is_grantable(clause) else "Nobody can be granted more."
    yield f"The severity of a violation is {clause.severity}."
    if clause.overrides:
        yield f"Where both speak, it takes precedence over {', '.join(clause.overrides)}."


def pattern_words(pattern: Pattern) -> str:
    """What kind of thing a pattern looks for, without saying what."""
    if pattern.personal is not None:
        return f"personal data: {pattern.personal.value.replace('-', ' ')}"
    return "a fixed text" if pattern.literal is not None else "an expression"


def detection_sentences(clause: Clause) -> Iterator[str]:
    """What the clause says of detection besides its patterns; nothing where it says nothing."""
    budget = clause.hold_back
    if budget.characters is not None:
        yield f"At least {budget.characters} characters of a streamed answer are held back."
    if budget.tokens is not None:
        yield f"After a suspicious request {budget.tokens} tokens of a streamed answer are held back."
    if clause.on_failure is not Action.REFUSE:
        yield f"Where a detector fails, the request {ACTIONS[clause.on_failure]}."


def _boundary(clause: Clause) -> str:
    if clause.boundary is Boundary.REQUIRED:
        return "The clause demands a behaviour. It closes no topic."
    if clause.boundary is Boundary.ALLOWED:
        how = "within a limit" if clause.ceiling is not None else "for everybody and at every level"
        return f"The topic is open {how}."
    word = "prohibited" if clause.boundary is Boundary.PROHIBITED else "restricted"
    return f"The topic is {word}."


def scope_sentence(clause: Clause) -> str:
    """Where the clause holds."""
    scope = clause.scope
    where = "every region" if "*" in scope.region else ", ".join(scope.region)
    who = "every audience" if "*" in scope.audience else f"the audience {', '.join(scope.audience)}"
    modalities = "every modality" if "*" in scope.modality else ", ".join(scope.modality)
    return f"It holds for {modalities}, in {where}, for {who}."


def condition_words(when: Condition) -> str:
    """Whom a condition means."""
    if when.tier is None and when.purpose is None:
        return "everybody"
    who = f"the tier {when.tier}" if when.tier else "everybody"
    return f"{who} for the purpose {when.purpose}" if when.purpose else who


def exception_sentence(exception: ClauseException) -> str:
    """Who may get more, how much, until when, and because of what."""
    return (
        f"{exception.id}: an answer to {condition_words(exception.when)} may {LEVELS[exception.ceiling]} "
        f"(level '{exception.ceiling}'), up to and including {exception.expires.isoformat()}. "
        f"Reason: {one_line(exception.because)}."
    )


def threshold_sentences(clause: Clause) -> Iterator[str]:
    """Both bounds in words, each with the number of clean answers that could show it."""
    bounds = clause.thresholds
    if bounds.violation_rate is not None:
        yield _threshold(bounds.violation_rate, "answers to requests that must be declined may violate the clause")
    if bounds.overrefusal_rate is not None:
        yield _threshold(bounds.overrefusal_rate, "answers to legitimate requests may be refusals")


def _threshold(bound: Bound, what: str) -> str:
    sentence = f"At most {percent(bound.max)} of the {what}, shown with {percent(bound.confidence)} confidence."
    if bound.max == 0:
        return f"{sentence} No number of answers can show a rate of 0 %."
    needed = clean_trials_needed(bound.max, bound.confidence)
    return f"{sentence} This takes at least {needed:,} scored answers, without a single fault among them."


def must_decline(example: Example) -> bool:
    """Whether the example is one to decline."""
    return example.label == "violating" or example.expect == "decline"


def percent(share: float) -> str:
    """A share as per cent, without digits that say nothing."""
    return f"{100 * share:.10g} %"


def one_line(text: str) -> str:
    """The text with every run of blanks and line ends as one blank."""
    return " ".join(text.split())
