"""What the launch could do, and which clauses stand against it."""

from __future__ import annotations

from colonnade.audit.page import Cell, Figure, Section, count, plain, table, word
from colonnade.audit.plots import Bar, bars
from colonnade.audit.report_data import Subject


def coverage(subject: Subject) -> Section:
    """The harms of each pillar, and those that no clause covers."""
    pillars = subject.data.pillars
    title = "Coverage of the eight pillars"
    if not pillars:
        return Section("coverage", title)
    rows = [Bar(plain(one.pillar), one.harms, one.uncovered) for one in pillars]
    cells = (
        (plain(one.pillar), count(one.clauses), count(one.examples), count(one.harms), count(one.uncovered))
        for one in pillars
    )
    caption = "Harms per pillar, and those that no active clause covers"
    svg = bars(
        "coverage-plot", caption, "One bar per pillar; the hatched end is not covered.", rows, "harms", "not covered"
    )
    columns = ("Pillar", "Clauses", "Examples", "Harms", "Not covered")
    return Section("coverage", title, parts=(Figure(svg, table(caption, columns, cells)),))


def risks(subject: Subject) -> Section:
    """Every harm of the launch with what covers it, the open ones first."""
    harms = sorted(subject.data.risks, key=lambda one: bool(one.covered_by))
    rows = (
        (
            Cell(f"{one.harm.id}: {one.harm.title}", "prose"),
            plain(one.harm.pillar),
            one.harm.likelihood,
            one.harm.severity.value,
            one.harm.judged_by,
            ", ".join(one.covered_by) if one.covered_by else word("open: no clause"),
        )
        for one in harms
    )
    columns = ("Harm", "Pillar", "Likelihood", "Severity", "Judged by", "Covered by")
    parts = (table("Harms of the launch", columns, rows),) if harms else ()
    return Section("risks", "Harms of the launch", parts=parts)
