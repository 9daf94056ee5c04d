"""Plots: right places, shapes besides colours, nothing unescaped."""

from __future__ import annotations

import re

import pytest

from colonnade.audit.plots import Axis, Bar, Cross, Curve, Dot, Row, axis_for, bars, curves, dot_intervals, scatter

UNIT = Axis("share", 0.0, 1.0, percent=True)


def test_a_dot_lies_between_the_ends_of_its_interval() -> None:
    svg = dot_intervals("key", "title", "text", [Row("safety", (Dot("base", 0.4, 0.2, 0.9),))], UNIT)

    start, end = map(float, re.findall(r'class="interval series-0" x1="([\d.]+)".*?x2="([\d.]+)"', svg)[0])
    dots = [float(place) for place in re.findall(r'<circle class="marker series-0" cx="([\d.]+)"', svg)]
    assert start < dots[1] < end
    assert (dots[1] - start) / (end - start) == pytest.approx(0.2 / 0.7, abs=0.01)


def test_what_lies_outside_the_axis_is_drawn_at_its_edge() -> None:
    svg = dot_intervals("key", "title", "text", [Row("safety", (Dot("base", 7.0, -3.0, 9.0),))], UNIT)

    assert 'x1="210.0"' in svg
    assert 'x2="680.0"' in svg


def test_every_series_has_a_shape_of_its_own() -> None:
    names = [f"model {number}" for number in range(6)]
    svg = dot_intervals("key", "title", "text", [Row("all", tuple(Dot(name, 0.5) for name in names))], UNIT)

    shapes = set()
    for number in range(6):
        tag, rest = re.findall(rf'<(\w+) class="marker series-{number}"([^>]*)/>', svg)[0]
        corners = rest.count(",")
        filled = number != 0
        shapes.add((tag, corners, filled))
    assert len(shapes) == 6


def test_texts_are_escaped_everywhere() -> None:
    mark = "<b>&\"'"
    drawn = (
        dot_intervals(mark, mark, mark, [Row(mark * 9, (Dot(mark, 0.5, 0.1, 0.9),), 0.3)], Axis(mark, 0, 1)),
        scatter(mark, mark, mark, [Cross(mark, Dot(mark, 0.5), Dot(mark, 0.5))], Axis(mark, 0, 1), Axis(mark, 0, 1)),
        curves(mark, mark, mark, [Curve(mark, ((0, 0), (1, 1)))], Axis(mark, 0, 1), Axis(mark, 0, 1)),
        bars(mark, mark, mark, [Bar(mark, 3, 1)], mark, mark),
    )

    for svg in drawn:
        assert "<b>" not in svg
        assert svg.count("<svg") == 1


def test_the_threshold_is_drawn_where_it_lies() -> None:
    svg = dot_intervals("key", "title", "text", [Row("biology", (), 0.5)], UNIT)

    assert re.findall(r'class="threshold" x1="([\d.]+)"', svg) == ["445.0"]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ((), False, (0.0, 1.0)),
        ((0.03, 0.07), True, (0.0, 0.08)),
        ((0.97,), True, (0.0, 1.0)),
        ((24.0, 31.0), False, (24.0, 32.0)),
        ((5.0, 5.0), False, (0.0, 5.0)),
        ((0.0,), True, (0.0, 1.0)),
        ((-2.0, -2.0), False, (-2.0, -1.0)),
        ((float("nan"), 2.0, 4.0), False, (2.0, 4.0)),
    ],
)
def test_an_axis_has_round_ends_that_hold_all_values(
    values: tuple[float, ...], percent: bool, expected: tuple[float, float]
) -> None:
    axis = axis_for("label", values, percent=percent)

    assert (axis.low, axis.high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("", 0, 1, percent=True), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        (Axis("", 0, 0.125, percent=True), ["0.0 %", "2.5 %", "5.0 %", "7.5 %", "10.0 %", "12.5 %"]),
        (Axis("", 0, 2, whole=True), ["0", "1", "2"]),
        (Axis("", 0, 15, whole=True), ["0", "5", "10", "15"]),
        (Axis("", 24, 34), ["24", "26", "28", "30", "32", "34"]),
        (Axis("", 0, 0.5), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
    ],
)
def test_ticks_are_round_and_none_is_said_twice(axis: Axis, ticks: list[str]) -> None:
    svg = curves("key", "title", "text", [], axis, Axis("", 0, 1))

    assert re.findall(r'text-anchor="middle">([^<]+)</text>', svg)[: len(ticks)] == ticks


def test_a_plot_of_nothing_is_still_a_plot() -> None:
    for svg in (
        dot_intervals("a", "b", "c", [], UNIT),
        scatter("a", "b", "c", [], UNIT, UNIT),
        bars("a", "b", "c", [], "d", "e"),
    ):
        assert svg.endswith("</svg>")


def test_the_open_part_of_a_bar_is_hatched_and_ends_where_the_whole_ends() -> None:
    svg = bars("key", "title", "text", [Bar("safety", 4, 1), Bar("fairness", 2, 0)], "harms", "not covered")

    closed = re.findall(r'<rect class="bar" x="210" y="40" width="([\d.]+)"', svg)
    hatched = re.findall(r'<rect fill="url\(#key-hatch\)" x="([\d.]+)" y="40" width="([\d.]+)"', svg)
    assert [float(width) for width in closed] == [352.5]
    assert [tuple(map(float, pair)) for pair in hatched] == [(562.5, 117.5)]
    assert svg.count('fill="url(#key-hatch)"') == 2
