from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.protocol import UpstreamError
from colonnade.guard.protocol.streams.events import LARGEST_EVENT, Events

from .bodies import cut


def events(*pieces: bytes) -> list[bytes]:
    reader = Events()
    return [event for piece in pieces for event in reader.feed(piece)] + reader.finish()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_of_three_ways(end: str) -> None:
    stream = end.join(["\ufeffdata: a", "", ": comment", "event: x", "data:b", "id", "data: c", "data", "", "data: é"])
    assert events(stream.encode()) == [b"a", b"b\nc\n", "é".encode()]


LINES = st.sampled_from(["data: a", "data:", "data", "data:  ü😀", ": c", "event: e", "id:1", "retry: 5", "x-y: z", ""])


@given(
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])), max_size=12),
    st.booleans(),
    st.lists(st.integers(0, 300)),
)
def test_any_chunking_gives_the_same_events(lines: list[tuple[str, str]], mark: bool, places: list[int]) -> None:
    data = (("\ufeff" if mark else "") + "".join(line + end for line, end in lines)).encode()
    whole = events(data)
    assert events(*cut(data, places)) == whole
    assert events(*(data[index : index + 1] for index in range(len(data)))) == whole


@pytest.mark.parametrize(
    "garbage", [b"<html>\n", b'{"error": 1}\n', b"Internal Server Error\n", b"\xff\xfe\n", b"\0\n"]
)
def test_lines_that_are_no_field_are_garbage(garbage: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        events(garbage)
    assert caught.value.code == "upstream_garbage"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: " + b"x" * LARGEST_EVENT],
        [b"data: " + b"x" * LARGEST_EVENT + b"\n\n"],
        [b"data: " + b"x" * 100_000] + [b"x" * 100_000] * 10,
        [b"data: " + b"x" * 1000 + b"\n"] * 1100,
        [b"data\n" * (LARGEST_EVENT + 1)],
    ],
)
def test_an_event_without_end_is_refused(pieces: list[bytes]) -> None:
    with pytest.raises(UpstreamError) as caught:
        events(b"\n", *pieces)
    assert caught.value.code == "upstream_event_too_large"


def test_many_events_are_not_one_large_event() -> None:
    assert len(events(*[b"data: " + b"x" * 1000 + b"\n\n"] * 3000)) == 3000


def test_a_large_event_in_single_bytes_takes_linear_time() -> None:
    data = b"data: " + b"x" * 300_000 + b"\n\n"
    start = time.perf_counter()
    assert len(events(*(data[index : index + 1] for index in range(len(data))))) == 1
    assert time.perf_counter() - start < 5
