"""The form for people: one HTML page that needs nothing besides itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from colonnade.policy.forms.access import AccessLine, Permission, access_lines
from colonnade.policy.forms.data_wording import asked_words, demand_sentences, pairs_words
from colonnade.policy.forms.edition import Edition, binds, in_force, stamp
from colonnade.policy.forms.wording import (
    ACTIONS,
    LEVELS,
    boundary_sentences,
    condition_words,
    detection_sentences,
    must_decline,
    one_line,
    pattern_words,
    scope_sentence,
    threshold_sentences,
)
from colonnade.records import Clause, Facet, Source

READS = tuple(Facet)

Row = tuple[str, ...]


class PageTable(NamedTuple):
    """A caption, the columns, and rows whose first cell names the row."""

    caption: str
    columns: Row
    rows: tuple[Row, ...]


class ClausePage(NamedTuple):
    """Everything that the page says about one clause, as texts that the template escapes."""

    id: str
    title: str
    text: str
    note: str
    stamp: str
    facts: tuple[tuple[str, str], ...]
    boundary: str
    thresholds: tuple[str, ...]
    tables: tuple[tuple[str, PageTable], ...]


def render_page(edition: Edition) -> str:
    """An HTML page without scripts and without any file from elsewhere.

    Whatever people wrote is escaped by the template.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    clauses = tuple(_clause_page(clause, edition.day) for clause in edition.clauses)
    policies = sorted({(clause.admin.policy, clause.admin.version) for clause in edition.clauses})
    return environment.get_template("clause_page.html").render(clauses=clauses, policies=policies)


def _clause_page(clause: Clause, day: date) -> ClausePage:
    return ClausePage(
        id=clause.id,
        title=one_line(clause.title),
        text=clause.text,
        note="" if binds(clause) else f"This clause does not bind: its policy is {_words(clause.admin.status)}.",
        stamp=stamp(clause, READS, day),
        facts=tuple(_facts(clause)),
        boundary=" ".join([*boundary_sentences(clause), scope_sentence(clause)]),
        thresholds=tuple(threshold_sentences(clause)),
        tables=tuple((heading, table) for heading, table in _tables(clause, day) if table.rows),
    )


def _facts(clause: Clause) -> list[tuple[str, str]]:
    admin = clause.admin
    facts = [
        ("Policy", f"{admin.policy}, version {admin.version}"),
        ("Status", _words(admin.status)),
        ("Pillar", _words(clause.pillar)),
        ("Severity", clause.severity.value),
        ("Owners", ", ".join(admin.owners)),
    ]
    if admin.authors:
        facts.append(("Authors", ", ".join(admin.authors)))
    if admin.quorum:
        facts.append(("Approvals needed", ", ".join(f"{role} {count}" for role, count in admin.quorum)))
    if admin.review_by:
        facts.append(("Review by", admin.review_by.isoformat()))
    facts += [("Detection", sentence) for sentence in detection_sentences(clause)]
    facts += [(f"In {taxonomy}", ", ".join(ids)) for taxonomy, ids in clause.maps if ids]
    return facts


def _tables(clause: Clause, day: date) -> list[tuple[str, PageTable]]:
    """Headings and tables of one clause; the caller leaves empty ones out."""
    return [
        ("Who may get what", _access(clause, day)),
        ("Exceptions", _exceptions(clause, day)),
        ("How an answer is judged", _rubric(clause)),
        ("What the guard looks for", _patterns(clause)),
        ("Examples", _examples(clause)),
        ("Data to be collected", _data(clause)),
        (
            "Sources",
            PageTable(f"What {clause.id} rests on", _SOURCE_COLUMNS, tuple(map(_source, clause.admin.sources))),
        ),
        ("Digests", PageTable(f"Digests of {clause.id}", ("Facet", "SHA-256"), _digests(clause))),
    ]


def _access(clause: Clause, day: date) -> PageTable:
    lines = access_lines(clause, day)
    columns = ("Level", "An answer may", *(_capital(condition_words(line.who)) for line in lines))
    rows = tuple(
        (level.value, meaning, *(_permission(clause, line, place) for line in lines))
        for place, (level, meaning) in enumerate(LEVELS.items())
        if lines
    )
    return PageTable(f"Who may get which level of {clause.id}", columns, rows)


def _permission(clause: Clause, line: AccessLine, place: int) -> str:
    permission: Permission = line.permissions[place]
    if permission.exception is not None:
        return f"yes, up to and including {permission.exception.expires.isoformat()} ({permission.exception.id})"
    return "yes" if permission.allowed else f"no: the request {ACTIONS[clause.above]}"


def _exceptions(clause: Clause, day: date) -> PageTable:
    holding = in_force(clause, day)
    rows = tuple(
        (
            row.id,
            _capital(condition_words(row.when)),
            f"{row.ceiling.value}: {LEVELS[row.ceiling]}",
            one_line(row.because),
            row.expires.isoformat(),
            "in force" if row in holding else "expired",
        )
        for row in clause.exceptions
    )
    columns = ("Exception", "For", "Up to", "Because of", "Last day", "State")
    return PageTable(f"Exceptions from {clause.id}", columns, rows)


def _rubric(clause: Clause) -> PageTable:
    rows = tuple(
        (
            str(number),
            one_line(row.ask),
            "breaks the clause" if row.fails else "is good",
            "is good" if row.fails else "lowers the score",
            str(row.weight),
        )
        for number, row in enumerate(clause.rubric, start=1)
    )
    columns = ("No.", "Question about the answer", "A yes", "A no", "Weight")
    return PageTable(f"Questions of {clause.id}", columns, rows)


def _examples(clause: Clause) -> PageTable:
    rows = tuple(
        (
            row.label,
            row.level.value,
            row.prompt,
            "decline" if must_decline(row) else "help",
            row.language,
            row.exception or "none",
        )
        for row in clause.examples
    )
    columns = ("Kind", "Level asked for", "Request", "What is right", "Language", "Exception")
    return PageTable(f"Examples of {clause.id}", columns, rows)


def _data(clause: Clause) -> PageTable:
    rows = tuple(
        (
            target.id,
            " ".join(demand_sentences(target)),
            "; ".join(f"{pairs_words(cell.where)}: at least {asked_words(cell)}" for cell in target.cells) or "none",
            one_line(target.because),
        )
        for target in clause.data
    )
    return PageTable(f"Data targets of {clause.id}", ("Target", "What is asked", "Cells", "Because"), rows)


def _patterns(clause: Clause) -> PageTable:
    """What is looked for, without the words themselves: a page is read by more people than a policy file."""
    sides = {"request": "requests", "reply": "answers", "both": "requests and answers"}
    rows = tuple(
        (row.name, pattern_words(row), sides[row.side], f"{row.level.value}: {LEVELS[row.level]}")
        for row in clause.patterns
    )
    return PageTable(f"Patterns of {clause.id}", ("Pattern", "What it is", "Looked for in", "Counts as"), rows)


_SOURCE_COLUMNS = ("Source", "Status", "Effective", "Last checked")


def _source(source: Source) -> Row:
    days = (day.isoformat() if day else "not stated" for day in (source.effective, source.checked))
    return (source.id, _words(source.status), *days)


def _digests(clause: Clause) -> tuple[Row, ...]:
    return tuple((facet.value, clause.facet(facet)) for facet in READS if facet in clause.facets)


def _words(identifier: str) -> str:
    return str(identifier).replace("-", " ").replace("_", " ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
