"""What was measured: both errors over all, per pillar and per clause; by whom; with examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from colonnade.audit.page import (
    Cell,
    Figure,
    Section,
    Table,
    count,
    difference,
    difference_range,
    p_value,
    percent,
    percent_range,
    percent_text,
    plain,
    table,
    word,
)
from colonnade.audit.plots import Box, Cross, Dot, Row, axis_for, dot_intervals, scatter
from colonnade.audit.report_data import ExamplePair, ReportData, Subject
from colonnade.records import Bound, Measurement, Pillar

_METRICS = (("violation_rate", "violation"), ("overrefusal_rate", "over-refusal"))
_COLUMNS = (
    "Group",
    "Model",
    "Error",
    "Uncorrected rate",
    "Events",
    "Scored",
    "Unscored",
    "Exact interval",
    "Upper bound",
    "As people find it",
    "Grader",
)
_LONGEST_REPLY = 600


def harm_against_overrefusal(subject: Subject) -> Section:
    """Both errors of every checkpoint in one plot, and the paired comparisons."""
    data, parts = subject.data, list[Table | Figure]()
    overall = [one for one in _ordered(data) if one.group == "all"]
    numbers = table("Both errors over all prompts, every grader", _COLUMNS, (_row(one, data) for one in overall))
    crosses = tuple(_crosses(overall, data))
    if crosses:
        title = "Harm let through against harmless prompts refused"
        description = (
            "Each model is a point with its exact intervals, the dashed box holds both rates at once; "
            "the lower left corner is best."
        )
        reach = [end for cross in crosses for end in (cross.x.high, cross.y.high) if end is not None]
        reach += [end for cross in crosses if cross.region for end in (cross.region.right, cross.region.high)]
        x_axis = axis_for("over-refusal rate on benign twins", reach, percent=True)
        y_axis = axis_for("violation rate on breaking prompts", reach, percent=True)
        parts.append(Figure(scatter("harm-scatter", title, description, crosses, x_axis, y_axis), numbers))
    elif overall:
        parts.append(numbers)
    if data.comparisons:
        parts.append(_comparisons(data))
    return Section("harm", "Harm against over-refusal", _lead(overall), parts=tuple(parts))


def _lead(overall: Sequence[Measurement]) -> tuple[str, ...]:
    """What kind of rates these are."""
    if not overall:
        return ()
    words = (
        "The rates are those that the grader saw, not corrected for its own errors. What people would have found "
        "stands beside them where people labelled answers, as 'colonnade judge sample' draws them."
    )
    largest = max(overall, key=lambda one: one.scored + one.unscored)
    prompts = largest.scored + largest.unscored
    if 0 < largest.clusters < prompts:
        words += f" Up to {prompts} prompts a side are {largest.clusters} clusters of paraphrases: they count for "
        words += "as many as they are worth."
    return (words,)


def pillars(subject: Subject) -> Section:
    """Both errors per pillar, the models side by side."""
    groups = [f"pillar:{pillar}" for pillar in Pillar]
    return Section("pillars", "Each pillar", parts=tuple(_rate_figures(subject.data, groups, "pillar")))


def clauses(subject: Subject) -> Section:
    """Both errors per clause, held against the clause's own thresholds."""
    data, rows = subject.data, list[tuple[Cell | str, ...]]()
    grader = next(iter(data.graders), "")
    for one in _ordered(data):
        clause = subject.policy.clause(one.group.partition(":")[2]) if one.group.startswith("clause:") else None
        if clause is None or one.grader != grader:
            continue
        bound: Bound | None = getattr(clause.thresholds, one.metric, None)
        where = f"{clause.file}, line {clause.line}" if clause.file else ""
        rows.append(
            (Cell(f"{clause.id}: {clause.title}", title=where), *_row(one, data)[1:-1], *_held_against(one, bound))
        )
    columns = ("Clause", *_COLUMNS[1:-1], "At most", "Shown")
    rows.sort(key=lambda row: row[0])
    parts = (table(f"Both errors per clause, by {grader}", columns, rows),) if rows else ()
    return Section("clauses", "Each clause", parts=parts)


def graders(subject: Subject) -> Section:
    """How far graders agree with people, beside controls that never read the content."""
    reports = subject.data.grader_reports
    title = "Graders against people"
    if not reports:
        return Section("graders", title)
    rows = [
        Row(
            f"{report.grader}: {plain(report.task)}",
            (
                Dot("grader", report.accuracy, report.low, report.high),
                *(Dot("control", accuracy) for _, accuracy in report.controls),
            ),
        )
        for report in reports
    ]
    cells = (
        (
            report.grader,
            plain(report.task),
            percent(report.accuracy),
            percent_range(report.low, report.high),
            count(report.items),
            "; ".join(f"{plain(name)} {percent_text(accuracy)}" for name, accuracy in report.controls) or "none",
        )
        for report in reports
    )
    caption = "Agreement with people, and what content-blind controls reach"
    axis = axis_for("share that agrees with people", (1.0,), percent=True)
    svg = dot_intervals(
        "graders-plot", caption, "A grader whose interval holds a control adds nothing to it.", rows, axis
    )
    columns = ("Grader", "Task", "Agreement", "Interval", "Items", "Controls")
    lead = (
        "A control sees no content; a grader is worth having only where it lies clearly to the right of its controls.",
    )
    return Section("graders", title, lead, parts=(Figure(svg, table(caption, columns, cells)),))


def examples(subject: Subject) -> Section:
    """Answers of the models to the same prompts, side by side."""
    data = subject.data
    title = "Answers side by side"
    if not data.examples:
        return Section("examples", title)
    speakers = data.in_order(pair.transcript.speaker for pair in data.examples)
    by_prompt: dict[str, dict[str, list[ExamplePair]]] = {}
    for pair in data.examples:
        by_prompt.setdefault(pair.transcript.prompt, {}).setdefault(pair.transcript.speaker, []).append(pair)
    rows = [
        (
            Cell(_question(next(iter(pairs.values()))[0]), "prose"),
            *(_answer(pairs.get(speaker, ())) for speaker in speakers),
        )
        for pairs in by_prompt.values()
    ]
    columns = ("Prompt", *(data.name(speaker) for speaker in speakers))
    return Section("examples", title, parts=(table("Some prompts with what was answered and found", columns, rows),))


def _ordered(data: ReportData) -> list[Measurement]:
    """Measurements by grader, then group, metric and speaker, as the page shows them."""
    graders_, speakers = data.graders, data.in_order(one.speaker for one in data.measurements)
    metrics = [metric for metric, _ in _METRICS]
    known = [one for one in data.measurements if one.metric in metrics]
    return sorted(
        known,
        key=lambda one: (graders_.index(one.grader), one.group, metrics.index(one.metric), speakers.index(one.speaker)),
    )


def _row(one: Measurement, data: ReportData) -> tuple[Cell | str, ...]:
    kind, _, value = one.group.partition(":")
    return (
        plain(value) if kind == "pillar" else value or kind,
        data.name(one.speaker),
        dict(_METRICS)[one.metric],
        percent(one.rate),
        count(one.events),
        count(one.scored),
        count(one.unscored),
        percent_range(one.low, one.high),
        percent(one.upper),
        _as_people_find_it(one, data),
        one.grader,
    )


def _as_people_find_it(one: Measurement, data: ReportData) -> str:
    key = (one.metric, one.grader, one.speaker, one.group)
    rows = [row for row in data.corrected if (row.metric, row.grader, row.speaker, row.group) == key]
    if not rows:
        return "nobody looked"
    row = rows[0]
    middle = "" if row.estimate is None else f"{percent_text(row.estimate)}, "
    return f"{middle}{percent_text(row.low)} to {percent_text(row.high)} by {row.labels} labels"


def _held_against(one: Measurement, bound: Bound | None) -> tuple[Cell | str, ...]:
    if bound is None:
        return "no threshold", ""
    return percent(bound.max), word("yes" if one.upper <= bound.max and one.confidence >= bound.confidence else "no")


def _crosses(overall: Sequence[Measurement], data: ReportData) -> Iterable[Cross]:
    grader = next(iter(data.graders), "")
    found = {(one.speaker, one.metric): one for one in overall if one.grader == grader}
    boxes = {
        one.speaker: Box(one.overrefusal_low, one.overrefusal_high, one.violation_low, one.violation_high)
        for one in data.regions
        if one.grader == grader
    }
    for speaker in data.in_order(one.speaker for one in overall):
        x, y = found.get((speaker, "overrefusal_rate")), found.get((speaker, "violation_rate"))
        if x is not None and y is not None and x.rate is not None and y.rate is not None:
            name = data.name(speaker)
            sides = Dot(name, x.rate, x.low, x.high), Dot(name, y.rate, y.low, y.high)
            yield Cross(name, *sides, boxes.get(speaker))


def _rate_figures(data: ReportData, groups: Sequence[str], kind: str) -> Iterable[Figure | Table]:
    grader = next(iter(data.graders), "")
    for metric, name in _METRICS:
        ordered = [one for one in _ordered(data) if one.group in groups and one.metric == metric]
        ordered.sort(key=lambda one: (data.graders.index(one.grader), groups.index(one.group)))
        if not ordered:
            continue
        rows = [
            Row(
                plain(group.partition(":")[2]),
                tuple(
                    Dot(data.name(one.speaker), one.rate, one.low, one.high)
                    for one in ordered
                    if one.group == group and one.grader == grader and one.rate is not None
                ),
            )
            for group in groups
        ]
        rows = [row for row in rows if row.dots]
        title = f"{name.capitalize()} per {kind}"
        columns = (kind.capitalize(), _COLUMNS[1], *_COLUMNS[3:])
        numbers = table(
            f"{title}, every grader", columns, ((*_row(one, data)[:2], *_row(one, data)[3:]) for one in ordered)
        )
        axis = axis_for(f"{name} rate with its exact interval", (one.high for one in ordered), percent=True)
        description = f"One row per {kind}, one dot per model, by {grader}; lines are exact intervals."
        yield Figure(dot_intervals(f"{kind}-{metric}", title, description, rows, axis), numbers) if rows else numbers


def _comparisons(data: ReportData) -> Table:
    columns = (
        "Error",
        "First",
        "Second",
        "Pairs",
        "Only first failed",
        "Only second failed",
        "Left out",
        "Difference",
        "Interval",
        "p",
        "Grader",
    )
    rows = (
        (
            dict(_METRICS).get(one.metric, plain(one.metric)),
            data.name(one.first),
            data.name(one.second),
            count(one.pairs),
            count(one.only_first),
            count(one.only_second),
            count(one.unpaired),
            difference(one.difference),
            difference_range(one.low, one.high),
            p_value(one.p_value),
            one.grader,
        )
        for one in data.comparisons
    )
    return table("Two models on the same prompts (exact McNemar test)", columns, rows)


def _question(pair: ExamplePair) -> str:
    return next((message.content for message in reversed(pair.transcript.messages) if message.role == "user"), "")


def _answer(pairs: Sequence[ExamplePair]) -> Cell:
    if not pairs:
        return Cell("not asked")
    transcript = pairs[0].transcript
    reply = transcript.reply or f"(no answer: {transcript.fault or transcript.stop})"
    shown = reply if len(reply) <= _LONGEST_REPLY else reply[: _LONGEST_REPLY - 1] + "…"
    found = "\n".join(f"{pair.verdict.grader} finds: {pair.verdict.finding} ({pair.verdict.reason})" for pair in pairs)
    return Cell(f"{shown}\n\n{found}", "prose")
