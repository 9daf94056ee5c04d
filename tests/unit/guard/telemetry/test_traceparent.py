"""The client's trace is gone on with; what is wrong in its header begins a new one and is never passed on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.telemetry import begin_trace, headers_for_upstream

CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HEADER = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]")


def test_the_upstream_is_told_the_clients_trace_and_our_span() -> None:
    trace = begin_trace(CLIENT, "vendor=1")
    told = headers_for_upstream(trace)
    assert told["traceparent"] == f"00-4bf92f3577b34da6a3ce929d0e0e4736-{trace.upstream}-01"
    assert told["tracestate"] == "vendor=1"
    assert trace.parent == "00f067aa0ba902b7"
    assert len({trace.parent, trace.request, trace.upstream}) == 3


def test_where_no_spans_are_written_the_header_goes_on_as_it_came() -> None:
    assert headers_for_upstream(begin_trace(CLIENT, "vendor=1", recorded=False)) == {
        "traceparent": CLIENT,
        "tracestate": "vendor=1",
    }
    assert headers_for_upstream(begin_trace("", recorded=False)) == {}
    assert not begin_trace(CLIENT, recorded=False).sampled


def test_the_clients_decision_to_keep_a_trace_stands() -> None:
    assert begin_trace(CLIENT, share=0.0).sampled
    assert not begin_trace(CLIENT[:-2] + "00", share=1.0).sampled


def test_of_the_traces_that_begin_here_the_share_is_kept() -> None:
    assert all(begin_trace("").sampled for _ in range(20))
    assert not any(begin_trace("", share=0.0).sampled for _ in range(20))
    kept = sum(begin_trace("", share=0.5).sampled for _ in range(400))
    assert 120 < kept < 280


@pytest.mark.parametrize(
    "header",
    [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "nonsense",
    ],
)
def test_a_wrong_header_begins_a_trace_and_drops_what_stood_beside_it(header: str) -> None:
    trace = begin_trace(header, "vendor=1")
    assert trace.trace not in header.lower()
    assert trace.parent == ""
    assert "tracestate" not in headers_for_upstream(trace)


def test_a_later_version_may_have_more_behind_its_flags() -> None:
    header = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"
    assert begin_trace(header).parent == "00f067aa0ba902b7"


def test_a_state_that_could_break_a_header_is_dropped() -> None:
    for state in ("a=1\r\nX-Evil: 1", "a" * 513, "a=ü"):
        assert begin_trace(CLIENT, state).state == ""


@given(st.text(max_size=80), st.text(max_size=40))
def test_whatever_comes_in_what_goes_out_is_a_header(header: str, state: str) -> None:
    told = headers_for_upstream(begin_trace(header, state))
    assert HEADER.fullmatch(told["traceparent"])
    assert all("\n" not in value and "\r" not in value for value in told.values())
