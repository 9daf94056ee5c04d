"""The form for those who train: what is taught from a clause, from which facets, with which data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from colonnade.policy.forms.data_wording import asked_words, demand_sentences, pairs_words
from colonnade.policy.forms.edition import Edition, binds, stamp
from colonnade.policy.forms.wording import (
    boundary_sentences,
    exception_sentence,
    must_decline,
    one_line,
    scope_sentence,
)
from colonnade.records import Clause, Facet, Level
from colonnade.records.data_target import DataTarget

EXERCISED = (Facet.TEXT, Facet.BOUNDARY, Facet.SCOPE, Facet.EXCEPTIONS, Facet.EXAMPLES)
"""What an exercise records as read; the step that builds exercises declares the same facets."""

READS = (*EXERCISED, Facet.DATA)


def render_training_specification(edition: Edition) -> str:
    """Markdown: a section for each clause, with a table of its exercises and of its data targets."""
    head = [
        "# Training specification",
        "",
        "What is taught from each clause. An exercise follows from the clause's own structure, carries the reason, and",
        f"records the digests of the facets {_listed(EXERCISED)}; an edit of one of them makes it stale.",
        "",
    ]
    body = [line for clause in edition.clauses for line in _section(clause, edition)]
    return "\n".join([*head, *body]).rstrip() + "\n"


def _section(clause: Clause, edition: Edition) -> Iterator[str]:
    yield f"## {clause.id} — {one_line(clause.title)}"
    yield ""
    if not binds(clause):
        yield "This clause does not bind yet or any more; nothing is trained from it."
        yield ""
    yield "### The norm and its reasons"
    yield ""
    yield f"> {clause.text}"
    yield ""
    yield " ".join([*boundary_sentences(clause), scope_sentence(clause)])
    yield ""
    for exception in clause.exceptions:
        yield f"- Exception {exception_sentence(exception)}"
    if clause.exceptions:
        yield ""
    yield "### Exercises"
    yield ""
    yield from _table(("kind", "what it asks", "made from", "count"), _exercises(clause))
    yield from _examples(clause)
    yield "### Data"
    yield ""
    if not clause.data:
        yield "The clause sets no target for collected data."
        yield ""
    for target in clause.data:
        yield from _target(target)
    yield "### Made from"
    yield ""
    yield f"`{stamp(clause, READS, edition.day)}`"
    yield ""
    yield from _table(("facet", "digest"), ((facet.value, f"`{clause.facet(facet)}`") for facet in READS))


def _exercises(clause: Clause) -> Iterator[tuple[str, ...]]:
    yield "explain", "what the rule asks, and why", "text", "1"
    if clause.ceiling is None:
        yield "comply", "whether keeping to the rule is optional", "text", "1"
    else:
        asked = "for each level, whether everybody may get it, and who may get more"
        yield "comply", asked, "boundary, exceptions", str(len(Level))
    yield (
        "judge",
        "for each example, whether giving what is asked breaks the rule",
        "examples",
        str(len(clause.examples)),
    )


def _examples(clause: Clause) -> Iterator[str]:
    if not clause.examples:
        return
    yield "### Examples"
    yield ""
    counts = Counter((row.label, "decline" if must_decline(row) else "help", row.language) for row in clause.examples)
    rows = ((*key, str(count)) for key, count in sorted(counts.items()))
    yield from _table(("label", "to be taught", "language", "count"), rows)
    yield f"Languages: {', '.join(sorted({row.language for row in clause.examples}))}."
    yield ""


def _target(target: DataTarget) -> Iterator[str]:
    yield f"Target `{target.id}`: {one_line(target.because)}"
    yield ""
    yield from (f"- {sentence}" for sentence in demand_sentences(target))
    yield ""
    if target.cells:
        yield from _table(("cell", "at least"), ((pairs_words(cell.where), asked_words(cell)) for cell in target.cells))


def _listed(facets: Iterable[Facet]) -> str:
    names = [facet.value for facet in facets]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(one_line(cell).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""
