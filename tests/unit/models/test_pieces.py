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
def test_the_text_ends_before_the_stop_text_that_is_complete_first(text: str, stop: list[str]) -> None:
    said = next((text[:end] for end in range(len(text) + 1) if any(word in text[:end] for word in stop)), None)
    pieces, stopped = written(text.encode(), stop)
    assert stopped == (said is not None)
    whole = text.rstrip(UNFINISHED) if said is None else said[: min(said.find(word) for word in stop if word in said)]
    assert "".join(pieces) == whole


@given(
    st.text(st.sampled_from("abc"), max_size=40),
    st.lists(st.text(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=3),
    st.integers(0, 40),
)
def test_a_stop_text_that_is_complete_too_early_is_text_like_any_other(text: str, stop: list[str], early: int) -> None:
    writer = Writer(decode, stop)
    said = "".join(writer.feed(token, early=place < early) for place, token in enumerate(text.encode()))
    said += writer.finish()
    ends = [end for end in range(early + 1, len(text) + 1) if text[:end].endswith(tuple(stop))]
    assert writer.stopped == bool(ends)
    whole = text
    if ends:
        whole = text[: ends[0] - max(len(word) for word in stop if text[: ends[0]].endswith(word))]
    assert said == whole


@given(st.binary(max_size=120))
def test_bytes_that_are_no_text_are_shown_as_the_decoder_shows_them(content: bytes) -> None:
    pieces, _ = written(content)
    assert decode(content).startswith("".join(pieces))
    assert decode(content).rstrip(UNFINISHED) == "".join(pieces).rstrip(UNFINISHED)


def test_of_two_stop_texts_the_one_that_is_complete_first_counts() -> None:
    assert written(b"so it ends", ["it", " it ends"]) == (["s", "o", "", "", " ", "", "", "", "", "", ""], True)


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
