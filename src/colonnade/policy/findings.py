"""What the analysis of policies can find, and how much each finding weighs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Importance(StrEnum):
    """An error stops a run or answers one question in two ways; a warning makes a clause weaker than it looks."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Rule(NamedTuple):
    """One thing that is looked for."""

    importance: Importance
    title: str


class Finding(NamedTuple):
    """One thing that was found.

    Attributes:
        rule: a key of ``RULES``.
        sentence: what is wrong, in a plain sentence.
        line: where, counted from 1; 0 where it is about the whole file.
        mend: how to mend it, in a plain sentence.
    """

    rule: str
    importance: Importance
    sentence: str
    file: str
    line: int
    mend: str


_ERROR, _WARNING, _NOTE = Importance.ERROR, Importance.WARNING, Importance.NOTE

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "unreadable": Rule(_ERROR, "A file cannot be read."),
        "front-matter": Rule(_ERROR, "The front matter of a policy is missing or wrong."),
        "structure": Rule(_ERROR, "A clause lacks its prose or its block, or a block is not what it should be."),
        "clause-id": Rule(_ERROR, "A clause has no id that can be one."),
        "clause-block": Rule(_ERROR, "A clause block lacks a key, or has a wrong one."),
        "pattern": Rule(_ERROR, "A clause has a pattern that cannot be looked for."),
        "example": Rule(_ERROR, "A row of examples cannot be read, or names what does not exist."),
        "duplicate-id": Rule(_ERROR, "Two clauses have one id."),
        "reused-id": Rule(_ERROR, "A clause has the id of one that was retired."),
        "foreign-id": Rule(_NOTE, "A clause's id does not begin with its policy's."),
        "ungrantable-exception": Rule(_ERROR, "An exception reaches what nobody may be granted."),
        "unreachable-exception": Rule(_ERROR, "An exception is for people or purposes that the guard does not know."),
        "dead-exception": Rule(_WARNING, "An exception has ended, or opens nothing."),
        "shadowed-exception": Rule(_WARNING, "An exception opens nothing that another one does not open too."),
        "contradiction": Rule(_ERROR, "Two clauses answer the same case in opposite ways, and neither goes first."),
        "unknown-override": Rule(_ERROR, "A clause overrides one that does not exist."),
        "override-cycle": Rule(_ERROR, "Clauses override one another in a circle."),
        "missing-examples": Rule(_WARNING, "A clause lacks violating, borderline or benign examples."),
        "level-mismatch": Rule(
            _WARNING, "An example's level contradicts what it expects: the guard would do the opposite."
        ),
        "rubric-question": Rule(_WARNING, "A rubric question cannot be answered with yes or no."),
        "double-question": Rule(_NOTE, "A rubric question asks two things at once."),
        "nothing-fails": Rule(_WARNING, "No rubric question can find a violation."),
        "unshowable-threshold": Rule(_NOTE, "There are too few prompts to show that a threshold is kept."),
        "unmeasured": Rule(_NOTE, "No prompt of the gate is for an active clause."),
        "unknown-map": Rule(_WARNING, "A clause maps to an id that the taxonomy does not have."),
        "unchecked-map": Rule(_NOTE, "A clause maps to a taxonomy that was not imported."),
        "unread-file": Rule(_NOTE, "A file has another ending, or lies elsewhere, so that nothing reads it."),
        "unchecked-history": Rule(_WARNING, "The history of the ids cannot be looked at, or not all of it."),
        "no-norm": Rule(_NOTE, "A clause's prose demands nothing."),
        "no-review-date": Rule(_NOTE, "A policy does not say when it is looked at again."),
        "no-quorum": Rule(_NOTE, "A policy does not say who must approve it."),
    }
)
"""Every rule by its id, with the weight that it usually has."""


def found(rule: str, sentence: str, file: str, line: int, mend: str, importance: Importance | None = None) -> Finding:
    """A finding, by default as important as its rule."""
    return Finding(rule, importance or RULES[rule].importance, sentence, file, line, mend)
