"""What training did: perplexity, sparse questions, and the curves."""

from __future__ import annotations

from typing import Literal

from colonnade.audit.page import Cell, Figure, Section, count, decimal, percent, percent_range, plain, table
from colonnade.audit.plots import Curve, Dot, Row, axis_for, curves, dot_intervals
from colonnade.audit.report_data import ReportData, Subject

_PANELS = (
    ("Reward", "mean reward", False, {"reward": "reward"}),
    ("Loss", "loss", False, {"loss": "loss"}),
    (
        "The light benchmark while training",
        "rate",
        True,
        {"probe_violation_rate": "violation", "probe_overrefusal_rate": "over-refusal"},
    ),
)


def perplexity(subject: Subject) -> Section:
    """Perplexity per domain before and after."""
    lead = ("Perplexity per token on documents that were held out; lower is better.",)
    parts = _probe_figure(subject.data, "perplexity", "Perplexity per domain, before and after", "perplexity per token")
    return Section("perplexity", "Perplexity before and after", lead if parts else (), parts=parts)


def sparse_questions(subject: Subject) -> Section:
    """Questions on clauses of which training saw only a few examples."""
    lead = ("Questions with an answer known by construction, on clauses of which few examples were taught.",)
    parts = _probe_figure(subject.data, "sparse_questions", "Sparse questions answered right", "share right")
    return Section("sparse", "Sparse questions", lead if parts else (), parts=parts)


def training_curves(subject: Subject) -> Section:
    """Reward, loss and the light benchmark over the steps of each training."""
    known = {metric for _, _, _, metrics in _PANELS for metric in metrics}
    others = dict.fromkeys(
        point.metric for points in subject.data.curves.values() for point in points if point.metric not in known
    )
    panels = (
        *_PANELS,
        *((plain(metric).capitalize(), plain(metric), False, {metric: plain(metric)}) for metric in others),
    )
    figures = (
        _curve_figure(subject.data, f"curve-{number}", title, label, metrics, is_share=is_share)
        for number, (title, label, is_share, metrics) in enumerate(panels)
    )
    return Section("curves", "Training curves", parts=tuple(figure for figure in figures if figure))


def _probe_figure(
    data: ReportData, probe: Literal["perplexity", "sparse_questions"], title: str, label: str
) -> tuple[Figure, ...]:
    results = [one for one in data.probes if one.probe == probe]
    if not results:
        return ()
    is_share = probe == "sparse_questions"
    groups, speakers = tuple(dict.fromkeys(one.group for one in results)), data.in_order(one.speaker for one in results)
    results.sort(key=lambda one: (groups.index(one.group), speakers.index(one.speaker)))
    rows = [
        Row(
            plain(group),
            tuple(Dot(data.name(one.speaker), one.value, one.low, one.high) for one in results if one.group == group),
        )
        for group in groups
    ]
    cells = (
        (
            plain(one.group),
            data.name(one.speaker),
            percent(one.value) if is_share else decimal(one.value),
            percent_range(one.low, one.high) if is_share else Cell(f"{one.low:.2f} to {one.high:.2f}", "number"),
            count(one.items),
        )
        for one in results
    )
    axis = axis_for(label, (end for one in results for end in (one.low, one.value, one.high)), percent=is_share)
    description = "One row per group, one dot per model with its interval."
    svg = dot_intervals(f"probe-{probe.replace('_', '-')}", title, description, rows, axis)
    items = "Questions" if is_share else "Documents"
    return (Figure(svg, table(title, ("Group", "Model", label.capitalize(), "Interval", items), cells)),)


def _curve_figure(
    data: ReportData, key: str, title: str, label: str, metrics: dict[str, str], *, is_share: bool
) -> Figure | None:
    lines: list[Curve] = []
    for stage, points in data.curves.items():
        for metric, name in metrics.items():
            values = sorted((float(point.step), point.value) for point in points if point.metric == metric)
            if values:
                lines.append(Curve(f"{plain(stage)}: {name}" if len(metrics) > 1 else plain(stage), tuple(values)))
    if not lines:
        return None
    held = [(step, value) for line in lines for step, value in line.points]
    x_axis = axis_for("training step", (step for step, _ in held), whole=True)
    y_axis = axis_for(label, (value for _, value in held), percent=is_share)
    svg = curves(key, title, f"{label.capitalize()} over the steps of training.", lines, x_axis, y_axis)
    by_line = [dict(line.points) for line in lines]
    rows = (
        (
            f"{step:.0f}",
            *(
                (percent(found[step]) if is_share else decimal(found[step], 4)) if step in found else ""
                for found in by_line
            ),
        )
        for step in sorted({step for step, _ in held})
    )
    return Figure(svg, table(title, ("Step", *(line.name for line in lines)), rows))
