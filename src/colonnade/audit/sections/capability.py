"""Capability kept: what training has cost, beside what it has gained."""

from __future__ import annotations

from colonnade.audit.page import (
    Figure,
    Section,
    Table,
    count,
    difference,
    difference_range,
    p_value,
    percent,
    percent_range,
    plain,
    table,
)
from colonnade.audit.plots import Dot, Row, axis_for, dot_intervals
from colonnade.audit.report_data import ReportData, Subject
from colonnade.records import CapabilityResult

_TITLE = "Capability kept"
_NAMES = {"all": "all questions", "kind:choice": "all choices", "kind:free": "all free answers"}
_LEAD = (
    "General questions that a helpful model answers, put to every checkpoint: a model that declines everything breaks "
    "no rule and answers none of these. A decline is wrong, and counted as a decline.",
    "A choice is decided by how likely each option is, so it cannot show that a model declines; free answers can. "
    "Where a model is no better than chance, it has nothing to lose, and that nothing was lost says nothing.",
)


def capability_kept(subject: Subject) -> Section:
    """The share right per suite and over everything, and the paired comparisons."""
    data = subject.data
    if not data.capability:
        return Section("capability", _TITLE)
    lead: tuple[str, ...] = _LEAD
    if not any(one.group == "kind:free" for one in data.capability):
        lead = (*_LEAD, "No suite asks for free answers here, so declines of general questions were not looked for.")
    parts: list[Table | Figure] = [_shares(data)]
    if data.capability_comparisons:
        parts.append(_comparisons(data))
    return Section("capability", _TITLE, lead, parts=tuple(parts))


def in_one_line(data: ReportData) -> str:
    """What stands beside the decision."""
    whole = {one.speaker: one for one in data.capability if one.group == "all"}
    if not whole:
        return "General capability was not measured: nothing shows what training has cost."
    said = "; ".join(
        f"{data.name(speaker)} {whole[speaker].right} of {whole[speaker].items} right, "
        f"{whole[speaker].declined} declined"
        for speaker in data.in_order(whole)
    )
    return f"General questions: {said}."


def _shares(data: ReportData) -> Figure:
    ordered = _ordered(data)
    groups = tuple(dict.fromkeys(one.group for one in ordered))
    rows = [
        Row(
            _name(group),
            tuple(
                Dot(data.name(one.speaker), one.rate, one.low, one.high)
                for one in ordered
                if one.group == group and one.rate is not None
            ),
            next(one.chance for one in ordered if one.group == group),
        )
        for group in groups
    ]
    cells = (
        (
            _name(one.group),
            data.name(one.speaker),
            percent(one.rate),
            count(one.right),
            count(one.items),
            count(one.declined),
            count(one.unscored),
            count(one.cut),
            percent_range(one.low, one.high),
            percent(one.chance),
        )
        for one in ordered
    )
    columns = (
        "Suite", "Model", "Rate", "Right", "Questions", "Declined", "Unscored", "Cut", "Interval", "By chance",
    )  # fmt: skip
    title = "General questions answered right"
    description = "One row per suite, one dot per model; lines are intervals, the upright bar is what guessing gets."
    axis = axis_for("share right", (1.0,), percent=True)
    svg = dot_intervals("capability-plot", title, description, [row for row in rows if row.dots], axis)
    return Figure(svg, table(title, columns, cells))


def _ordered(data: ReportData) -> list[CapabilityResult]:
    """Everything first, then the kinds, then the suites; the models side by side."""
    speakers = data.in_order(one.speaker for one in data.capability)
    first = tuple(_NAMES)
    return sorted(
        data.capability,
        key=lambda one: (
            first.index(one.group) if one.group in first else len(first),
            one.group,
            speakers.index(one.speaker),
        ),
    )


def _comparisons(data: ReportData) -> Table:
    columns = (
        "Suite", "First", "Second", "Pairs", "Lost", "Gained", "Left out", "Difference", "Interval", "p",
    )  # fmt: skip
    first = tuple(_NAMES)
    ordered = sorted(
        data.capability_comparisons,
        key=lambda one: (first.index(one.group) if one.group in first else len(first), one.group),
    )
    rows = (
        (
            _name(one.group),
            data.name(one.first),
            data.name(one.second),
            count(one.pairs),
            count(one.lost),
            count(one.gained),
            count(one.unpaired),
            difference(one.difference),
            difference_range(one.low, one.high),
            p_value(one.p_value),
        )
        for one in ordered
    )
    return table("Two models on the same general questions (exact McNemar test)", columns, rows)


def _name(group: str) -> str:
    return _NAMES.get(group) or plain(group.partition(":")[2])
