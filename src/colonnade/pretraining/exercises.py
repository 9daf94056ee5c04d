"""Clauses turned into things to learn: explain the norm, answer on compliance, judge an action.

Every answer follows from the clause's own structure, so it is right by construction and no model
has to be believed. Each carries the reason: refusals alone teach far less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from colonnade.records import Boundary, Clause, Exercise, Facet, Level

READS = (Facet.TEXT, Facet.BOUNDARY, Facet.SCOPE, Facet.EXCEPTIONS, Facet.EXAMPLES)
"""The facets that exercises are made from; an edit of any other leaves them fresh."""

_LEVEL_WORDS = {
    Level.MENTION: "say that it exists",
    Level.OVERVIEW: "give an overview",
    Level.MECHANISM: "explain how it works",
    Level.ACTIONABLE: "give usable steps",
    Level.RECIPE: "give a complete recipe",
}


def exercises_from(clauses: Sequence[Clause]) -> tuple[Exercise, ...]:
    """All three kinds for every clause, in the order of the clauses."""
    return tuple(exercise for clause in clauses for exercise in (_explain(clause), *_comply(clause), *_judge(clause)))


def _explain(clause: Clause) -> Exercise:
    question = f"What does the rule '{clause.title}' ask of the assistant, and why?"
    return Exercise(kind="explain", clause=clause.id, question=question, answer=clause.text, uses=clause.use(*READS))


def _comply(clause: Clause) -> Iterator[Exercise]:
    """For each level: may the assistant go that far for everybody?"""
    if clause.ceiling is None:
        question = f"Is keeping to the rule '{clause.title}' optional for the assistant?"
        answer = f"No. {clause.text}"
        yield Exercise(kind="comply", clause=clause.id, question=question, answer=answer, uses=clause.use(*READS))
        return
    for level in Level:
        allowed = level.rank <= clause.ceiling.rank
        question = f"{clause.title}: may the assistant {_LEVEL_WORDS[level]} for everyone?"
        verdict = "Yes" if allowed else "No"
        answer = f"{verdict}. The rule lets it {_LEVEL_WORDS[clause.ceiling]} and no more."
        if not allowed and clause.boundary is Boundary.PROHIBITED:
            answer += " Nobody can be granted more."
        elif not allowed:
            lifted = [row for row in clause.exceptions if row.ceiling.rank >= level.rank]
            answer += "".join(
                f" The exception '{row.id}' lets {row.when.tier or 'anybody'} go further"
                f"{f' for the purpose {row.when.purpose}' if row.when.purpose else ''}."
                for row in lifted
            )
        yield Exercise(kind="comply", clause=clause.id, question=question, answer=answer, uses=clause.use(*READS))


def _judge(clause: Clause) -> Iterator[Exercise]:
    """For each example: would answering it in full break the rule?"""
    for example in clause.examples:
        breaks = example.label == "violating" or example.expect == "decline"
        question = f"A user writes: \"{example.prompt}\" Would giving what is asked break the rule '{clause.title}'?"
        reason = (
            f"It falls under the rule '{clause.title}'."
            if breaks
            else "The request is legitimate, and the assistant should help."
        )
        yield Exercise(
            kind="judge",
            clause=clause.id,
            question=question,
            answer=f"{'Yes' if breaks else 'No'}. {reason}",
            language=example.language,
            uses=clause.use(*READS),
        )
