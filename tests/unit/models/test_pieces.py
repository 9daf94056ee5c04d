"""Tokens become whole characters, and no part of a stop text is handed out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.models.pieces import UNFINISHED, WINDOW, Writer, begun

TEXTS = st.text(st.sampled_from("aab c\nß€🎨\u0301" + UNFINISHED), max_size=60)


def decode(tokens: Sequence[int]) -> str:
    return bytes(tokens).decode("utf-8", "replace")


def written(tokens: Sequence[int], stop: Sequence[str] = ()) -> tuple[list[str], bool]:
    writer = Writer(decode, stop)
    pieces = [writer.feed(token) for token in tokens]
    return [*pieces, writer.finish()], writer.stopped


@given(TEXTS)
def test_a_byte_at_a_time_the_text_comes_whole(text: str) -> None:
    pieces, stopped = written(text.encode())
    assert "".join(pieces) == text.rstrip(UNFINISHED)
    assert not stopped


@given(TEXTS, st.lists(st.text(st.sampled_from("aab c€🎨"), min_size=1, max_size=4), min_size=1, max_size=3))
def test_the_text_ends_before_the_first_stop_text(text: str, stop: list[str]) -> None:
    places = [place for place in (text.find(word) for word in stop) if place >= 0]
    pieces, stopped = written(text.encode(), stop)
    assert stopped == bool(places)
    assert "".join(pieces) == (text[: min(places)] if places else text.rstrip(UNFINISHED))


@given(st.binary(max_size=120))
def test_bytes_that_are_no_text_are_shown_as_the_decoder_shows_them(content: bytes) -> None:
    pieces, _ = written(content)
    assert decode(content).startswith("".join(pieces))
    assert decode(content).rstrip(UNFINISHED) == "".join(pieces).rstrip(UNFINISHED)


def test_a_character_is_handed_out_when_its_last_byte_has_come() -> None:
    assert written("🎨é!".encode())[0] == ["", "", "", "🎨", "", "é", "!", ""]


def test_a_character_that_was_cut_off_is_left_out() -> None:
    assert written("a🎨".encode()[:-1])[0] == ["a", "", "", "", ""]


def test_text_that_may_begin_a_stop_text_waits_until_it_does_not() -> None:
    assert written(b"one STOX", ["STOP"])[0] == ["o", "n", "e", " ", "", "", "", "STOX", ""]


def test_only_the_newest_tokens_are_decoded_again() -> None:
    longest = 0

    def watched(tokens: Sequence[int]) -> str:
        nonlocal longest
        longest = max(longest, len(tokens))
        return decode(tokens)

    writer = Writer(watched)
    text = "grüße 🎨 " * 50
    assert "".join(map(writer.feed, text.encode())) == text
    assert longest <= 2 * WINDOW + 8


@pytest.mark.parametrize(
    ("text", "stop", "length"),
    [("abc", [], 0), ("abc", ["x"], 0), ("abc", ["cab"], 1), ("abab", ["abac", "babx"], 3), ("ab", ["ab"], 0)],
)
def test_the_longest_end_that_may_begin_a_stop_text_is_found(text: str, stop: list[str], length: int) -> None:
    assert begun(text, stop) == length
